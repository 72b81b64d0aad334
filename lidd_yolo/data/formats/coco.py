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

from lidd_yolo.data.labels.annotation import MAX_PIXELS, Annotation, Box, DefectObject, Place, Polygon
from lidd_yolo.data.labels.bridges import containers, join_parts
from lidd_yolo.data.labels.outline import Mask, outline_object, unite
from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.labels.validity import check_box, check_outline

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
        annotations: Of each usable picture, in order, its ``image`` with the folders that the file states in front;
            None if the file as a whole is unusable.
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
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = f"it cannot be read as JSON ({error})"
        return CocoFile(None, [Problem(path, Kind.LABEL_UNREADABLE, reason, "file left out")])
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in _LISTS):
        reason = f"it lacks one of the lists {', '.join(_LISTS)}"
        return CocoFile(None, [Problem(path, Kind.WRONG_FORMAT, reason, "file left out")])
    classes = {str(entry.get("id")): entry.get("name") for entry in content["categories"] if isinstance(entry, dict)}
    pictures, problems = _read_images(content["images"], path)
    objects: dict[Any, list[DefectObject]] = {key: [] for key in pictures}
    stated = set()
    for number, entry in enumerate(content["annotations"], start=1):
        place = Place("annotation", number)
        try:
            image, category = entry["image_id"], str(entry["category_id"])
            if image in pictures:
                stated.add(image)
            if image not in pictures or category not in classes:
                unknown = f"category {category}" if image in pictures else f"image {image}"
                raise ValueError(f"there is no {unknown}")
            item, wrong = _read_object(entry, str(classes[category]), pictures[image], path, place)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            reason = f"it is damaged ({type(error).__name__}: {error})"
            item, wrong = None, [Problem(path, Kind.OBJECT_DAMAGED, reason, "object left out", place)]
        problems += wrong
        if item is not None:
            objects[image].append(item)
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


def _read_images(entries: list[Any], path: Path) -> tuple[dict[Any, Annotation], list[Problem]]:
    """Return an empty annotation for each picture by its id, and what was wrong."""
    pictures: dict[Any, Annotation] = {}
    problems = []
    for number, entry in enumerate(entries, start=1):
        try:
            key, place = entry["id"], PurePosixPath(str(entry["file_name"]).replace("\\", "/"))
            name = str(place) if place.name else ""
            width, height = int(entry["width"]), int(entry["height"])
            usable = min(width, height) > 0 and bool(name) and key not in pictures
        except (KeyError, TypeError, ValueError, OverflowError):
            usable = False
        if usable:
            pictures[key] = Annotation(name, width, height)
        else:
            reason = "it lacks a file_name, a positive width and height or an id of its own"
            problems.append(
                Problem(path, Kind.OBJECT_DAMAGED, reason, "image and its objects left out", Place("image", number))
            )
    return pictures, problems


def _read_object(
    entry: dict[str, Any], name: str, picture: Annotation, path: Path, where: Place
) -> tuple[DefectObject | None, list[Problem]]:
    """Return one object, and what was wrong with it."""
    if entry.get("iscrowd"):
        return None, [Problem(path, Kind.CROWD, "it is a crowd region, no single object", "object left out", where)]
    size = (picture.width, picture.height)
    shape = entry.get("segmentation") or []
    box, rings, problems = _read_segmentation(shape, size, path, where)
    if shape and box is None:
        return None, problems or [Problem(path, Kind.NO_SIZE, "its outline is empty", "object left out", where)]
    if entry.get("bbox"):
        x, y, width, height = map(float, entry["bbox"])
        box, wrong = check_box(Box(x, y, x + width, y + height), *size, file=path, where=where)
        problems = problems or wrong
    if box is None:
        reason = "it has neither box nor outline"
        return None, problems or [Problem(path, Kind.OBJECT_DAMAGED, reason, "object left out", where)]
    return DefectObject(name, box, rings, place=where), problems


def _read_segmentation(
    shape: Any, size: tuple[int, int], path: Path, where: Place
) -> tuple[Box | None, tuple[Polygon, ...], list[Problem]]:
    """Return box and rings of polygons or run lengths, and what was wrong."""
    if isinstance(shape, dict):
        if [int(n) for n in shape["size"]] != [size[1], size[0]]:
            raise ValueError(f"its mask is of size {shape['size']}, not {[size[1], size[0]]}")
        return *outline_object(decode_rle(shape["counts"], *size)), []
    parts: list[tuple[Polygon, ...]] = []
    problems: list[Problem] = []
    for flat in shape:
        corners = [(float(x), float(y)) for x, y in zip(flat[::2], flat[1::2], strict=True)]
        _, rings, wrong = check_outline(corners, *size, file=path, where=where)
        parts += [rings] if rings else []
        problems += wrong
    rings = unite(parts, *size)
    return (Box.around(c for ring in rings for c in ring) if rings else None), rings, problems


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
