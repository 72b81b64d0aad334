"""What shows only across files: classes that train lacks, pictures that are there twice, and the figures of a set.

Many sets name their pictures by class; where nearly all do, an object of another class deserves a look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from lidd_yolo.data.checks.pairs import Pair
from lidd_yolo.data.labels.annotation import Place
from lidd_yolo.data.labels.problems import Kind, Problem

NAMED_SHARE = 0.9
"""Share of the pictures whose names must begin with a class before the others' classes are compared with it."""
CELL = 8
"""Side of the finest grid's cells, in pixels."""
_KEPT, _MOST = 640, 1280
_SMALL, _LARGE = 32**2, 96**2  # COCO's bounds


def untrained_classes(pairs: Sequence[Pair], class_names: Sequence[str], file: Path) -> Iterator[Problem]:
    """Yield the classes that no object has, and those that only val or test show."""
    shown: dict[str, set[str]] = {name: set() for name in class_names}
    for one in pairs:
        for item in one.objects:
            shown[item.class_name].add(one.split)
    splits = {one.split for one in pairs}
    if not any(shown.values()):
        return
    for number, (name, where) in enumerate(shown.items()):
        if not where - {""}:
            yield Problem(file, Kind.CLASS_UNUSED, f"no object is a {name!r}", place=Place("class", number))
        elif "train" in splits and "train" not in where:
            reason = f"{name!r} is in {' and '.join(sorted(where - {''}))}, but not in train"
            yield Problem(file, Kind.CLASS_UNTRAINED, reason, place=Place("class", number))


def unannounced_classes(pairs: Sequence[Pair]) -> Iterator[Problem]:
    """Yield every object of another class than its picture's name begins with, if nearly all names begin with one."""
    names = sorted({item.class_name for one in pairs for item in one.objects}, key=len, reverse=True)
    pictures = [one for one in pairs if one.picture is not None]
    announced = [_announced(one, names) for one in pictures]
    if len(names) < 2 or sum(map(bool, announced)) < NAMED_SHARE * len(pictures):
        return
    for one, name in zip(pictures, announced, strict=True):
        for item in one.objects:
            if name and item.class_name != name and one.label is not None:
                reason = f"{item.class_name!r}, but the file's name begins with {name!r}"
                yield Problem(one.label, Kind.CLASS_NOT_IN_NAME, reason, place=item.place)


def _announced(one: Pair, names: Sequence[str]) -> str:
    """Return the longest class name that a picture's name begins with, or the empty string."""
    stem = one.picture.stem if one.picture is not None else ""
    return next((n for n in names if stem.startswith(n) and not stem[len(n) : len(n) + 1].isalpha()), "")


def repeated_pictures(pairs: Sequence[Pair]) -> Iterator[Problem]:
    """Yield every picture that has the same bytes as one before it."""
    first: dict[bytes, Pair] = {}
    for one in pairs:
        if one.picture is None or not one.digest:
            continue
        before = first.setdefault(one.digest, one)
        if before is one:
            continue
        if before.split == one.split:
            yield Problem(one.picture, Kind.TWICE_IN_SPLIT, f"the same picture as {before.picture}")
        else:
            reason = f"in {one.split}, the same picture as {before.picture} in {before.split}"
            yield Problem(one.picture, Kind.IN_TWO_SPLITS, reason)


def repeated_names(pairs: Sequence[Pair], root: Path) -> Iterator[Problem]:
    """Yield every two folders below ``root`` in which the same file names stand for different pictures."""
    named: dict[str, dict[str, bytes]] = {}
    for one in pairs:
        if one.picture is not None:
            named.setdefault(one.split, {})[one.picture.name] = one.digest
    for one_side, other_side in combinations(sorted(named), 2):
        one_names, other_names = named[one_side], named[other_side]
        shared = sorted(n for n in one_names.keys() & other_names.keys() if one_names[n] != other_names[n])
        if shared:
            reason = f"{len(shared)} file names, {shared[0]} for one, stand for other pictures in {other_side}"
            yield Problem(root / one_side, Kind.NAME_IN_TWO_SPLITS, reason)


def set_figures(pairs: Sequence[Pair], class_names: Sequence[str]) -> dict[str, Any]:
    """Return the figures of a data set, fit for JSON; without class names, of those that occur, sorted."""
    with_picture = [one for one in pairs if one.picture is not None]
    names = list(class_names) or sorted({item.class_name for one in with_picture for item in one.objects})
    splits = list(dict.fromkeys(one.split for one in with_picture))
    objects = Counter((item.class_name, one.split) for one in with_picture for item in one.objects)
    sizes = Counter(one.size for one in with_picture if one.usable and one.size is not None)
    return {
        "pictures": {split: sum(one.split == split for one in with_picture) for split in splits},
        "without_objects": {s: sum(one.split == s and not one.objects for one in with_picture) for s in splits},
        "objects": {name: {split: objects[name, split] for split in splits} for name in names},
        "difficult": sum(item.difficult for one in with_picture for item in one.objects),
        "picture_sizes": {f"{w}x{h}": count for (w, h), count in sizes.most_common(10)},
        "boxes": _boxes(with_picture),
    }


def suggested_size(longest: float, shortest_object: float) -> int:
    """Return the size to train at, a multiple of 32: a side of ``shortest_object`` pixels becomes `CELL` at least.

    Args:
        longest: Longer side of a typical picture, in pixels.
        shortest_object: Side of an object, in pixels of that picture.
    """
    side = longest * CELL / max(shortest_object, 1e-6)
    return int(np.ceil(min(max(side, min(longest, _KEPT)), _MOST) / 32) * 32)


def _boxes(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return sizes of the boxes in pixels, and the size to train at; empty without boxes in usable pictures."""
    sided = [one for one in pairs if one.usable and one.size is not None]
    boxes = np.array([(item.box.width, item.box.height) for one in sided for item in one.objects])
    if not len(boxes):
        return {}
    areas, shorter = boxes.prod(axis=1), boxes.min(axis=1)
    longest = float(np.median([max(one.size) for one in sided if one.size is not None]))
    small = float(np.quantile(shorter, 0.05))
    wide = (boxes.max(axis=1) / np.maximum(shorter, 1e-6)) > 4
    return {
        "side_quantiles": {f"{q:g}": round(float(np.quantile(np.sqrt(areas), q)), 1) for q in (0, 0.05, 0.5, 0.95, 1)},
        "small_share": round(float((areas < _SMALL).mean()), 4),
        "large_share": round(float((areas >= _LARGE).mean()), 4),
        "elongated_share": round(float(wide.mean()), 4),
        "shorter_side_5_percent": round(small, 1),
        "suggested_imgsz": suggested_size(longest, small),
    }
