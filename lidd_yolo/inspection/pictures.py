"""What an inspection needs to know of every picture: its defects, what was found, and which of it belongs together.

A *part* is what is accepted or rejected as a whole: one picture, or several that show the same part. A *group* is what
is independent of the rest: parts of one group, such as pictures of one spot or of one coil, are alike. A part lies in
one group. Where a data set states neither, every picture is a part and a group of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class MatchRule:
    """When a detection has found a defect.

    Detections of a picture take their turn in falling confidence. Each takes, of the defects of its class that none has
    taken yet, the one that it overlaps most, if their intersection over union is at least ``iou``. So a detection that
    a threshold leaves out changes nothing for those above it.

    Args:
        iou: Least intersection over union, above 0 and at most 1.
        by: ``box`` or ``mask``: what the overlaps are of.

    Raises:
        InputError: If one of them is not so.
    """

    iou: float = 0.5
    by: str = "box"

    def __post_init__(self) -> None:
        if not 0 < self.iou <= 1:
            raise InputError(f"iou: an overlap is above 0 and at most 1, not {self.iou}")
        if self.by not in {"box", "mask"}:
            raise InputError(f"by: overlaps are those of 'box' or 'mask', not {self.by!r}")


@dataclass(frozen=True, eq=False)
class InspectedPicture:
    """One picture with ``T`` labelled defects and ``D`` detections, as confident as they may be.

    Args:
        name: Name of the picture.
        truth_class: ``(T,)`` class numbers.
        truth_boxes: ``(T, 4)`` left, upper, right and lower edge in pixels of the picture.
        found_class: ``(D,)`` class numbers.
        confidence: ``(D,)`` 0 to 1, in any order.
        found_boxes: ``(D, 4)`` like ``truth_boxes``.
        part: Name or number of the part; None for a part that is this picture.
        group: Name or number of the group; None for a group that is this part.
        truth_area: ``(T,)`` area of the outlines in square pixels, NaN where there is none; None for boxes alone.
        overlaps: ``(D, T)`` intersection over union of masks; None for that of the boxes.
    """

    name: str
    truth_class: NDArray[np.integer]
    truth_boxes: NDArray[np.floating]
    found_class: NDArray[np.integer]
    confidence: NDArray[np.floating]
    found_boxes: NDArray[np.floating]
    part: str | int | None = None
    group: str | int | None = None
    truth_area: NDArray[np.floating] | None = None
    overlaps: NDArray[np.floating] | None = None


@dataclass(frozen=True, eq=False)
class Inspected:
    """``N`` pictures of ``P`` parts in ``G`` groups, with ``T`` defects and ``D`` detections, of ``C`` classes.

    Args:
        classes: ``C`` names, all different.
        pictures: ``N`` names.
        part: ``(N,)`` part of each picture, numbered from 0 in the order of their first pictures.
        group_of_part: ``(P,)`` group of each part, numbered from 0 in the same way.
        truth_picture: ``(T,)`` index into ``pictures``.
        truth_class: ``(T,)`` class numbers.
        truth_size: ``(T, 2)`` width and height of the box in pixels.
        truth_area: ``(T,)`` area of the outline in square pixels, NaN where there is none.
        found_picture: ``(D,)`` index into ``pictures``.
        found_class: ``(D,)`` class numbers.
        confidence: ``(D,)`` 0 to 1.
        found_truth: ``(D,)`` index of the defect that the detection has found by the `MatchRule`, -1 for none.
        found_on: ``(D,)`` index of the defect of any class that it overlaps most, -1 if by less than the rule asks.
        rule: The rule.
    """

    classes: tuple[str, ...]
    pictures: tuple[str, ...]
    part: Ints
    group_of_part: Ints
    truth_picture: Ints
    truth_class: Ints
    truth_size: Floats
    truth_area: Floats
    found_picture: Ints
    found_class: Ints
    confidence: Floats
    found_truth: Ints
    found_on: Ints
    rule: MatchRule

    @cached_property
    def truth_score(self) -> Floats:
        """``(T,)`` confidence of the detection that found the defect, 0 for none: found at every threshold below."""
        score = np.zeros(len(self.truth_class))
        hit = self.found_truth >= 0
        score[self.found_truth[hit]] = self.confidence[hit]
        return score

    @cached_property
    def part_score(self) -> Floats:
        """``(P, C)`` highest confidence of each class in each part, 0 for none."""
        score = np.zeros((len(self.group_of_part), len(self.classes)))
        np.maximum.at(score, (self.part[self.found_picture], self.found_class), self.confidence)
        return score

    @cached_property
    def truth_part(self) -> Ints:
        """``(T,)`` part of each defect."""
        return self.part[self.truth_picture]

    @cached_property
    def good(self) -> Flags:
        """``(P,)`` whether a part has no labelled defect."""
        return np.asarray(np.bincount(self.truth_part, minlength=len(self.group_of_part)) == 0)

    def threshold_vector(self, thresholds: Mapping[str, float]) -> Floats:
        """Return the thresholds in the order of the classes, shape ``(C,)``.

        Raises:
            InputError: If a class has none, or one is not between 0 and 1.
        """
        if missing := [name for name in self.classes if name not in thresholds]:
            raise InputError(f"no threshold for {', '.join(missing)}")
        vector = np.array([thresholds[name] for name in self.classes], dtype=np.float64)
        if not ((vector >= 0) & (vector <= 1)).all():
            raise InputError(f"thresholds lie between 0 and 1, not {vector.tolist()}")
        return vector


def gather(pictures: Iterable[InspectedPicture], classes: Sequence[str], rule: MatchRule | None = None) -> Inspected:
    """Match the detections of every picture and put all of them together; pictures may come from a generator.

    Raises:
        InputError: If class names repeat, parts of a picture do not belong together, a class number has no name, a
            confidence is not between 0 and 1, or a part lies in two groups.
    """
    rule = rule or MatchRule()
    if len(set(classes)) < len(classes):
        raise InputError(f"two classes have the same name: {', '.join(classes)}")
    names: list[str] = []
    keys: list[tuple[object, object]] = []
    rows: dict[str, list[NDArray[np.generic]]] = {key: [] for key in _EMPTY}
    truths = 0
    for number, picture in enumerate(pictures):
        _check_picture(picture, len(classes))
        part = ("part", picture.part) if picture.part is not None else ("picture", number)
        keys.append((part, ("group", picture.group) if picture.group is not None else part))
        names.append(picture.name)
        for key, values in _matched(picture, number, truths, rule).items():
            rows[key].append(values)
        truths += len(picture.truth_class)
    part_of = _numbered_from_0([part for part, _ in keys])
    group_of = _numbered_from_0([group for _, group in keys])
    first = np.unique(part_of, return_index=True)[1]
    if (split := np.flatnonzero(group_of != group_of[first][part_of])).size:
        raise InputError(f"{names[split[0]]}: its part {keys[split[0]][0][1]} lies in two groups")
    joined = {key: np.concatenate([_EMPTY[key], *parts]) for key, parts in rows.items()}
    return Inspected(tuple(classes), tuple(names), part_of, group_of[first], **joined, rule=rule)


def box_overlaps(first: NDArray[np.floating], second: NDArray[np.floating]) -> Floats:
    """Return the intersection over union of boxes ``(N, 4)`` and ``(M, 4)``, corners in any unit, shape ``(N, M)``."""
    a, b = np.asarray(first, dtype=np.float64)[:, None], np.asarray(second, dtype=np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides.clip(min=0).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).clip(min=0).prod(-1) for box in (a, b)]
    union: Floats = areas[0] + areas[1] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(union), where=union > 0))


_EMPTY: Mapping[str, NDArray[np.generic]] = {
    "truth_picture": np.zeros(0, dtype=np.int64),
    "truth_class": np.zeros(0, dtype=np.int64),
    "truth_size": np.zeros((0, 2)),
    "truth_area": np.zeros(0),
    "found_picture": np.zeros(0, dtype=np.int64),
    "found_class": np.zeros(0, dtype=np.int64),
    "confidence": np.zeros(0),
    "found_truth": np.zeros(0, dtype=np.int64),
    "found_on": np.zeros(0, dtype=np.int64),
}


def _matched(picture: InspectedPicture, number: int, start: int, rule: MatchRule) -> dict[str, NDArray[np.generic]]:
    """Return the rows of a picture, its defects numbered from ``start``."""
    boxes = np.asarray(picture.truth_boxes, dtype=np.float64).reshape(-1, 4)
    overlaps = picture.overlaps
    if overlaps is None:
        overlaps = box_overlaps(np.asarray(picture.found_boxes).reshape(-1, 4), boxes)
    truth, found = len(boxes), len(picture.confidence)
    taken = _take_in_turn(picture, overlaps, rule.iou)
    on = np.full(found, -1)
    if truth and found:
        on = np.where(overlaps.max(axis=1) >= rule.iou, overlaps.argmax(axis=1) + start, -1)
    area = np.full(truth, np.nan) if picture.truth_area is None else np.asarray(picture.truth_area, dtype=np.float64)
    return {
        "truth_picture": np.full(truth, number),
        "truth_class": np.asarray(picture.truth_class, dtype=np.int64),
        "truth_size": boxes[:, 2:] - boxes[:, :2],
        "truth_area": area,
        "found_picture": np.full(found, number),
        "found_class": np.asarray(picture.found_class, dtype=np.int64),
        "confidence": np.asarray(picture.confidence, dtype=np.float64),
        "found_truth": np.where(taken >= 0, taken + start, -1),
        "found_on": on,
    }


def _take_in_turn(picture: InspectedPicture, overlaps: NDArray[np.floating], iou: float) -> Ints:
    """Return the defect of the picture that each detection takes, -1 for none, shape ``(D,)``."""
    same = np.asarray(picture.found_class)[:, None] == np.asarray(picture.truth_class)[None]
    near = np.where(same & (overlaps >= iou), overlaps, 0.0)
    taken = np.full(len(near), -1)
    for row in np.argsort(-np.asarray(picture.confidence), kind="stable"):
        if near.shape[1] and near[row].any():
            taken[row] = near[row].argmax()
            near[:, taken[row]] = 0
    return taken


def _check_picture(picture: InspectedPicture, classes: int) -> None:
    truth, found = len(picture.truth_class), len(picture.confidence)
    shapes = {
        "truth_boxes": (picture.truth_boxes, (truth, 4)),
        "truth_area": (picture.truth_area, (truth,)),
        "found_class": (picture.found_class, (found,)),
        "found_boxes": (picture.found_boxes, (found, 4)),
        "overlaps": (picture.overlaps, (found, truth)),
    }
    for name, (array, shape) in shapes.items():
        if array is not None and np.shape(array) != shape and (np.size(array) or 0 not in shape):
            raise InputError(f"{picture.name}: {name} is of shape {np.shape(array)}, not {shape}")
    for name in ("truth_class", "found_class"):
        numbers = np.asarray(getattr(picture, name))
        if ((numbers < 0) | (numbers >= classes)).any():
            raise InputError(f"{picture.name}: {name} has {numbers.tolist()}, but there are {classes} classes")
    confidence = np.asarray(picture.confidence)
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise InputError(f"{picture.name}: a confidence is not between 0 and 1")


def _numbered_from_0(keys: Sequence[object]) -> Ints:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
