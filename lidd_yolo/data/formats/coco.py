"""COCO annotation: one JSON file for all pictures, boxes, polygons and run lengths.

Format: Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014. Crowd regions are left out, since they mark
no single object. Holes, for which COCO polygons have no place, are tied to their part by bridges
(`lidd_yolo.data.labels.bridges`); several polygons of an object cover what any of them covers, as in COCO's own tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from lidd_yolo.data.labels.annotation import MAX_PIXELS, Annotation, Box, DefectObject, Place, Polygon, Size
from lidd_yolo.data.labels.bridges import containers, join_parts
from lidd_yolo.data.labels.outline import Mask, outline_object, unite
from lidd_yolo.data.labels.problems import Kind, Problem, Problems, UnusableError
from lidd_yolo.data.labels.validity import check_box, check_outline, read_json

_LISTS = ("images", "annotations", "categories")
_DECIMALS = 4


def write_coco(annotations: Iterable[Annotation], class_names: Sequence[str]) -> str:
    """Return the file's text; class ``k`` of ``class_names`` becomes category ``k + 1``.

    Raises:
        ValueError: If an object's class is not among ``class_names``.
    """
    numbers = {name: number for number, name in enumerate(class_names, start=1)}
    images: list[dict[str, Any]] = []
    objects: list[dict[str, Any]] = []
    for image_id, picture in enumerate(annotations, start=1):
        size = {"width": picture.width, "height": picture.height}
        images.append({"id": image_id, "file_name": picture.image, **size})
        for item in picture.objects:
            if item.class_name not in numbers:
                raise ValueError(f"{picture.image}: class {item.class_name!r} is none of {', '.join(class_names)}")
            ids = {"id": len(objects) + 1, "image_id": image_id, "category_id": numbers[item.class_name]}
            objects.append({**ids, **_write_shape(item)})
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    return json.dumps({"images": images, "annotations": objects, "categories": categories})


class CocoFile(NamedTuple):
    """What one file says.

    Args:
        annotations: Of each usable picture, ``image`` with the folders that the file states; None if it is unusable.
        problems: Everything that is wrong.
        emptied: Indices of the pictures whose objects were all left out.
        file_names: Number in ``images`` -> file name as stated, of unusable pictures too.
    """

    annotations: list[Annotation] | None
    problems: list[Problem]
    emptied: frozenset[int] = frozenset()
    file_names: Mapping[int, str] = {}


def read_coco(path: Path) -> CocoFile:
    """Read one file."""
    problems = Problems(path)
    with problems.collect():
        content = read_json(path)
        if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in _LISTS):
            raise UnusableError(Kind.WRONG_FORMAT, f"it lacks one of the lists {', '.join(_LISTS)}", "file left out")
        return _read_content(content, problems)
    return CocoFile(None, problems)


def _read_content(content: dict[str, list[Any]], problems: Problems) -> CocoFile:
    classes = _read_categories(content["categories"], problems)
    pictures, shared = _read_images(content["images"], problems)
    objects: dict[str, list[DefectObject]] = {key: [] for key in pictures}
    stated = set()
    for number, entry in enumerate(content["annotations"], start=1):
        with problems.collect_entry(Place("annotation", number), "object left out"):
            image, category = _id(entry["image_id"]), _id(entry["category_id"])
            if image in shared:
                raise ValueError(f"several images have the id {image}")
            if image not in pictures:
                raise ValueError(f"there is no image {image}")
            stated.add(image)
            if category not in classes:
                raise ValueError(f"there is no category {category} with a name")
            item = _read_object(entry, classes[category], pictures[image], problems)
            objects[image] += [item] if item is not None else []
    return CocoFile(
        [replace(picture, objects=tuple(objects[key])) for key, picture in pictures.items()],
        problems,
        frozenset(index for index, key in enumerate(pictures) if key in stated and not objects[key]),
        {k: str(entry.get("file_name")) for k, entry in enumerate(content["images"], 1) if isinstance(entry, dict)},
    )


def _write_shape(item: DefectObject) -> dict[str, Any]:
    """Return box, polygons and area of an object."""
    b, parts = item.box, join_parts(item.polygons)
    # rings within an odd number of others are holes
    signed = [_area(ring) * (-1) ** len(k) for ring, k in zip(item.polygons, containers(item.polygons), strict=True)]
    area = sum(signed) if parts else b.width * b.height
    return {
        "bbox": [round(number, _DECIMALS) for number in (b.x1, b.y1, b.width, b.height)],
        "segmentation": [[round(number, _DECIMALS) for corner in part for number in corner] for part in parts],
        "area": round(area, _DECIMALS),
        "iscrowd": 0,
    }


def _area(ring: Polygon) -> float:
    """Return the area of a polygon in square pixels."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True))) / 2


def _id(stated: Any) -> str:
    """Return an id as text, so that ``1`` and ``"1"`` are the same.

    Raises:
        ValueError: If it is neither a whole number nor a text.
    """
    if isinstance(stated, bool) or not isinstance(stated, (int, str)):
        raise ValueError(f"{stated!r} is no id")
    return str(stated)


def _read_categories(entries: list[Any], problems: Problems) -> dict[str, str]:
    """Return the class names by their ids; raises `UnusableError` if one id has two names."""
    classes: dict[str, str] = {}
    for number, entry in enumerate(entries, start=1):
        with problems.collect_entry(Place("category", number), "its objects left out"):
            key, name = _id(entry["id"]), entry["name"]
            if isinstance(name, bool) or not isinstance(name, (int, str)) or not str(name).strip():
                raise ValueError(f"{name!r} is no name")
            if classes.setdefault(key, str(name)) != str(name):
                break
    else:
        return classes
    reason = f"category {key} is both {classes[key]!r} and {str(name)!r}"
    raise UnusableError(Kind.CLASS_NAME, reason, "file left out; give every category an id of its own")


def _read_images(entries: list[Any], problems: Problems) -> tuple[dict[str, Annotation], frozenset[str]]:
    """Return an empty annotation for each picture by its id, and the ids of several, which nobody can tell apart."""
    pictures: dict[str, Annotation] = {}
    shared: set[str] = set()
    for number, entry in enumerate(entries, start=1):
        with problems.collect(Place("image", number)):
            try:
                key, place = _id(entry["id"]), PurePosixPath(str(entry["file_name"]).replace("\\", "/"))
                width, height = int(entry["width"]), int(entry["height"])
                usable = min(width, height) > 0 and bool(place.name)
            except (KeyError, TypeError, ValueError, OverflowError):
                usable = False
            if not usable:
                reason = "it lacks a file_name, a positive width and height or an id"
                raise UnusableError(Kind.OBJECT_DAMAGED, reason, "image and its objects left out")
            one = Annotation(str(place), width, height)
            before = pictures.get(key)
            if before is None:
                pictures[key] = one
                continue
            if before == one:
                raise UnusableError(Kind.OBJECT_DAMAGED, f"{one.image} came before", "left out here")
            shared.add(key)
            reason = f"{one.image} has the id {key} of {before.image}"
            raise UnusableError(Kind.OBJECT_DAMAGED, reason, "both and their objects left out; number them anew")
    return {key: one for key, one in pictures.items() if key not in shared}, frozenset(shared)


def _read_object(entry: dict[str, Any], name: str, picture: Annotation, problems: Problems) -> DefectObject | None:
    """Return one object; None if all parts of its outline are unusable, each of which is a problem."""
    if entry.get("iscrowd"):
        raise UnusableError(Kind.CROWD, "it is a crowd region, no single object", "object left out")
    size = (picture.width, picture.height)
    before = len(problems)
    shape = entry.get("segmentation") or []
    box, rings = _read_segmentation(shape, size, problems)
    if shape and box is None:
        if len(problems) > before:
            return None
        raise UnusableError(Kind.NO_SIZE, "its outline is empty", "object left out")
    if entry.get("bbox"):
        x, y, width, height = map(float, entry["bbox"])
        # What is said of the outline is not said of the box again.
        of_box = problems if len(problems) == before else Problems(problems.file)
        outer = box
        box = check_box(Box(x, y, x + width, y + height), size, of_box)
        if outer is not None and not _meet(box, outer):
            raise UnusableError(Kind.OBJECT_DAMAGED, "its box and its outline do not meet", "object left out")
    if box is None:
        raise UnusableError(Kind.OBJECT_DAMAGED, "it has neither box nor outline", "object left out")
    return DefectObject(name, box, rings, place=problems.place)


def _meet(one: Box, other: Box) -> bool:
    """Return whether two boxes share an area."""
    return min(one.x2, other.x2) > max(one.x1, other.x1) and min(one.y2, other.y2) > max(one.y1, other.y1)


def _read_segmentation(shape: Any, size: Size, problems: Problems) -> tuple[Box | None, tuple[Polygon, ...]]:
    """Return box and rings of polygons or run lengths."""
    if isinstance(shape, dict):
        if [int(n) for n in shape["size"]] != [size[1], size[0]]:
            raise ValueError(f"its mask is of size {shape['size']}, not {[size[1], size[0]]}")
        return outline_object(decode_rle(shape["counts"], *size))
    parts: list[tuple[Polygon, ...]] = []
    for flat in shape:
        corners = [(float(x), float(y)) for x, y in zip(flat[::2], flat[1::2], strict=True)]
        with problems.collect(problems.place):
            parts.append(check_outline(corners, size, problems)[1])
    rings = unite(parts, *size)
    return (Box.around(c for ring in rings for c in ring) if rings else None), rings


_LONGEST_LENGTH = 60  # bits


def decode_rle(counts: str | Sequence[int], width: int, height: int) -> Mask:
    """Return the 0/1 mask that run lengths, numbers or the API's text, stand for.

    Raises:
        ValueError: If the text is damaged, a length is negative, they do not fill the mask, or it is too large.
    """
    lengths = _lengths(counts) if isinstance(counts, str) else [int(count) for count in counts]
    if any(length < 0 for length in lengths) or sum(lengths) != width * height:
        raise ValueError(f"its run lengths do not add up to {width}x{height} pixels")
    if width * height > MAX_PIXELS:
        raise ValueError(f"its mask of {width}x{height} pixels is larger than {MAX_PIXELS} pixels")
    values = (np.arange(len(lengths)) % 2).astype(np.uint8)
    mask: Mask = np.ascontiguousarray(np.repeat(values, lengths).reshape(width, height).T)
    return mask


def _lengths(text: str) -> list[int]:
    """Return the run lengths in a text: 5 bits a character, low bits first, from the fourth on as differences."""
    lengths: list[int] = []
    number, shift = 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"its run lengths hold the character {character!r}")
        if shift >= _LONGEST_LENGTH:  # time would grow with its square
            raise ValueError(f"its run lengths hold a number of more than {_LONGEST_LENGTH} bits")
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:  # the number goes on
            continue
        if bits & 16:  # the sign of its last five bits is its own
            number -= 1 << shift
        lengths.append(number + (lengths[-2] if len(lengths) > 2 else 0))
        number, shift = 0, 0
    if shift:
        raise ValueError("its run lengths end within a number")
    return lengths
