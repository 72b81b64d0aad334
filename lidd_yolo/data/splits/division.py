"""Division of pictures into sides or folds, by whole groups: what is balanced, and what the groups made impossible.

The arrangement itself is found by `lidd_yolo.data.splits.search`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.formats.yolo import class_number
from lidd_yolo.data.readers.data_yaml import label_file
from lidd_yolo.data.splits.search import exchange_groups, shares, split_groups
from lidd_yolo.errors import InputError
from lidd_yolo.progress import progress

SIDES = ("train", "val", "test")
TOLERANCE = 0.02
"""Difference between the share wanted and the share held, of pictures or of a class, that is not worth a word."""
_BOX_FIELDS = 5  # class, centre, width and height; an outline has three corners or more


@dataclass(frozen=True)
class LabelCounts:
    """Objects of each class in each picture ``(N, C)``; whether some are outlines; pictures without a file."""

    counts: NDArray[np.int64]
    segments: bool
    unlabelled: int


def count_labels(pictures: Sequence[Path], classes: int) -> LabelCounts:
    """Count the objects of each class in the label files of some pictures.

    Lines that are no objects, or of a class beyond ``classes``, count nothing; ``lidd data check`` is there to find
    them. A picture without a label file has no objects, as for Ultralytics.
    """
    counts = np.zeros((len(pictures), classes), dtype=np.int64)
    segments, unlabelled = False, 0
    for row, picture in enumerate(progress(pictures, len(pictures), "reading labels")):
        try:
            lines = label_file(picture).read_text(encoding="utf-8-sig", errors="replace").splitlines()
        except OSError:
            unlabelled += 1
            continue
        for fields in (line.split() for line in lines):
            number = _class_of(fields)
            if 0 <= number < classes:
                counts[row, number] += 1
                segments |= len(fields) > _BOX_FIELDS + 1
    return LabelCounts(counts, segments, unlabelled)


def _class_of(fields: Sequence[str]) -> int:
    """Return the class of a line of a label file, -1 if it is no object."""
    try:
        return class_number(fields[0]) if len(fields) >= _BOX_FIELDS else -1
    except ValueError:
        return -1


def balance_columns(counts: NDArray[np.int64], *, segments: bool) -> NDArray[np.int64]:
    """Return what a split has to balance, shape ``(N, K)``: objects of each class, as counted, shape ``(N, C)``.

    For outlines there is one more column for each combination of classes that a picture holds: pictures of several
    classes are then on all sides.
    """
    if not segments:
        return counts
    _, kinds = np.unique(counts > 0, axis=0, return_inverse=True)
    return np.hstack([counts, np.eye(kinds.max() + 1, dtype=np.int64)[kinds.reshape(-1)]])


def parse_ratio(text: str) -> dict[str, float]:
    """Return the share of each side from a text such as ``8:1:1`` (train, val, test) or ``8:2`` (train, val).

    Raises:
        InputError: If it is not two or three positive numbers.
    """
    try:
        parts = [float(word) for word in text.split(":")]
    except ValueError:
        parts = []
    if len(parts) not in {2, 3} or not all(0 < part < np.inf for part in parts):
        raise InputError(f"--ratio {text!r} must be two or three positive numbers, such as 8:1:1 for train, val, test")
    return {side: part / sum(parts) for side, part in zip(SIDES, parts, strict=False)}


def divide(
    groups: Sequence[int], columns: NDArray[np.int64], ratios: Mapping[str, float], seed: int, folds: int = 0
) -> tuple[dict[str, list[int]], dict[str, float]]:
    """Divide pictures into sides, or into ``fold0``, ``fold1`` ... and perhaps ``test``.

    ``groups`` is the group of each picture, length N, ``columns`` what to balance, shape ``(N, K)``, ``ratios`` the
    share of each side, summing to 1. With folds ``test`` keeps its share, the rest is cut into equal folds.

    Returns:
        Sorted indices of the pictures of each part, and the share that was expected for it.

    Raises:
        InputError: If there are fewer groups than parts, or one fold.
    """
    if folds == 1 or folds < 0:
        raise InputError(f"--folds {folds}: there must be two or more")
    _check_enough(len(set(groups)), folds + ("test" in ratios) if folds else len(ratios))
    if not folds:
        return _balanced(groups, columns, ratios, seed), dict(ratios)
    rest, test = list(range(len(groups))), ratios.get("test", 0.0)
    parts: dict[str, list[int]] = {}
    if test:
        first = _balanced(groups, columns, {"rest": 1 - test, "test": test}, seed)
        rest, parts["test"] = first["rest"], first["test"]
    expected = {f"fold{number}": (1 - test) / folds for number in range(folds)}
    _check_enough(len({groups[index] for index in rest}), folds)
    cut = _balanced([groups[index] for index in rest], columns[rest], dict.fromkeys(expected, 1 / folds), seed)
    parts = {**{fold: [rest[place] for place in part] for fold, part in cut.items()}, **parts}
    return parts, {**expected, **({"test": test} if test else {})}


def shortfalls(
    parts: Mapping[str, Sequence[int]],
    expected: Mapping[str, float],
    groups: Sequence[int],
    counts: NDArray[np.int64],
    names: Sequence[str],
    classes: Sequence[str],
) -> list[str]:
    """Return where the shares are more than `TOLERANCE` off those expected, and the group that is the cause.

    ``parts`` and ``expected`` are what `divide` returns; ``groups``, ``names`` and ``counts``, the objects of each
    class with shape ``(N, C)``, are of all pictures.
    """
    lines = []
    for part, members in parts.items():
        pictures, objects = shares(members, counts)
        rows = [("pictures", pictures, np.ones(len(groups), dtype=np.int64))]
        rows += [(f"objects of {name}", float(objects[k]), counts[:, k]) for k, name in enumerate(classes)]
        for what, share, weights in rows:
            if weights.any() and abs(share - expected[part]) > TOLERANCE + 1e-9:
                off = f"{100 * share:.1f} % of the {what}, wanted {100 * expected[part]:.1f} %"
                lines.append(f"{part} has {off}: {_cause(groups, weights, names)}")
    return lines


def _balanced(
    groups: Sequence[int], columns: NDArray[np.int64], ratios: Mapping[str, float], seed: int
) -> dict[str, list[int]]:
    """Return a split by whole groups; groups are exchanged where moving them has left something off."""
    parts = split_groups(groups, columns, ratios, seed)
    # Of fewer objects a single one is more than the tolerance.
    common = columns[:, columns.sum(axis=0) >= 1 / TOLERANCE]
    off = [
        abs(share - ratios[part])
        for part, members in parts.items()
        for share in (len(members) / len(groups), *shares(members, common)[1])
    ]
    return parts if max(off) <= TOLERANCE else exchange_groups(parts, ratios, groups, common)


def _cause(groups: Sequence[int], weights: NDArray[np.int64], names: Sequence[str]) -> str:
    """Return which group stands in the way of an even share: the one that holds most."""
    numbers = np.asarray(groups)
    objects = np.bincount(numbers, weights)
    largest = int(objects.argmax())
    share = 100 * objects[largest] / objects.sum()
    members = np.flatnonzero(numbers == largest)
    pictures = f"{len(members)} picture{'s' if len(members) > 1 else ''}"
    largest_one = f"that of {names[members[0]]} ({pictures}) {share:.1f} % alone"
    return f"{np.count_nonzero(objects)} groups have them, {largest_one}"


def _check_enough(groups: int, parts: int) -> None:
    """Refuse a division into more parts than there are groups."""
    if groups < parts:
        raise InputError(
            f"{groups} group{'s' if groups != 1 else ''} cannot be divided into {parts} parts: too many pictures show "
            "the same thing; ask for fewer parts, or look at the pairs with lidd data groups"
        )
