"""COCO data set: one or several JSON files, and pictures that are looked for by the names these give.

The format itself is in `lidd_yolo.data.formats.coco`. Only files below the source folder are ever taken,
whatever path a JSON file names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from lidd_yolo.data.formats.coco import read_coco
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import NONE_USABLE, Problem
from lidd_yolo.data.readers.item import Item, item_of, picture_size
from lidd_yolo.data.readers.layout import key_of, list_files, list_pictures, side_named, side_of
from lidd_yolo.progress import progress


def read_coco_folder(source: Path) -> tuple[list[Item], list[Problem]]:
    """Read the JSON files of a folder and their pictures, or one JSON file and the pictures beside and below it.

    Where a picture's folders do not name its side, the JSON file's name does (``instances_val2017.json``).

    Raises:
        ValueError: If there is no JSON file.
    """
    root, files = (source.parent, [source]) if source.is_file() else (source, list_files(source, {".json"}))
    if not files:
        raise ValueError(f"{source}: no JSON file")
    named: dict[str, list[Path]] = {}
    for path in list_pictures(root):
        named.setdefault(path.name, []).append(path)
    items: dict[Path, Item] = {}
    problems: list[Problem] = []
    for file in files:
        annotations, of_file = read_coco(file, folders=True)
        problems += of_file
        lost = _emptied(file, annotations or [], of_file)
        for annotation in progress(annotations or [], len(annotations or []), f"reading {file.name}"):
            item, wrong = _read_one(annotation, file, root, named)
            problems += wrong
            if item is None:
                continue
            if item.picture in items:
                problems.append(Problem(file, annotation.image, "the picture came before", "left out here"))
            elif annotation.image in lost:
                problems.append(Problem(item.picture, "", NONE_USABLE, "picture left out"))
            else:
                items[item.picture] = item
    listed = set(items) | {problem.file for problem in problems}
    rest = [path for paths in named.values() for path in paths if path not in listed]
    remedy = "picture left out; nobody says what it shows"
    return list(items.values()), problems + [Problem(path, "", "no JSON file names it", remedy) for path in rest]


def _emptied(file: Path, annotations: Sequence[Annotation], problems: Sequence[Problem]) -> frozenset[str]:
    """Return the names of the pictures that have no objects because all that the file states were left out."""
    lost = {problem.where for problem in problems if not problem.repaired}
    if not any(where.startswith("annotation ") for where in lost):
        return frozenset()
    content = json.loads(file.read_text(encoding="utf-8-sig"))
    kept = (entry for number, entry in enumerate(content["images"], start=1) if f"image {number}" not in lost)
    empty = {repr(entry["id"]): a.image for entry, a in zip(kept, annotations, strict=True) if not a.objects}
    stated = {repr(entry.get("image_id")) for entry in content["annotations"] if isinstance(entry, dict)}
    return frozenset(name for key, name in empty.items() if key in stated)


def _read_one(
    annotation: Annotation, file: Path, root: Path, named: dict[str, list[Path]]
) -> tuple[Item | None, list[Problem]]:
    """Return the item of one picture of a JSON file, or None, and what is wrong with the picture."""
    found = _matching(PurePosixPath(annotation.image), file, root, named)
    if len(found) != 1:
        reason = f"{len(found)} pictures have this name" if found else "there is no such picture"
        return None, [Problem(file, annotation.image, reason, f"left out; it is looked for below {root}")]
    [picture] = found
    size, problems = picture_size(picture)
    if size is None:
        return None, problems
    if size != (annotation.width, annotation.height):
        reason = f"it is {size[0]}x{size[1]}, {file.name} says {annotation.width}x{annotation.height}"
        return None, [Problem(picture, "", reason, "picture left out; its objects would lie elsewhere")]
    item = item_of(picture, key_of(picture, root), annotation, file)
    side = _side(file)
    return (item if side is None or _has_side(picture, root) else replace(item, side=side)), []


def _matching(stated: PurePosixPath, file: Path, root: Path, named: dict[str, list[Path]]) -> list[Path]:
    """Return the pictures that a stated path may mean: by the whole path, then by the side, then by the name."""
    found = named.get(stated.name, [])
    whole = [path for path in found if path.relative_to(root).parts[-len(stated.parts) :] == stated.parts]
    side = _side(file)
    of_side = [path for path in whole or found if _has_side(path, root) and side_of(key_of(path, root))[0] == side]
    return whole if len(whole) == 1 else of_side or whole or found


def _side(file: Path) -> str | None:
    """Return the side that a word of a JSON file's name means, or None."""
    words = file.stem.replace("-", "_").replace(".", "_").split("_")
    return next((side for word in words if (side := side_named(word)) is not None), None)


def _has_side(path: Path, root: Path) -> bool:
    """Return whether one of a picture's folders names a side."""
    return any(side_named(part) for part in path.relative_to(root).parts[:-1])
