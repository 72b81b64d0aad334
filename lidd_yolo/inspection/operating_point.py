"""The operating point: a threshold for each class, chosen on pictures that no figure is reported on.

Three criteria: as few missed defects as possible while at most a share of the good parts is rejected; the least cost
of missed defects and rejected good parts; thresholds as high as possible while every class keeps a share of its
defects.

For the first two, the thresholds lie on `frontier`. It gives every class a number of good parts that it may reject
and shares them out so that the fewest defects are missed, exactly (dynamic programming over the classes). A part that
two classes reject is paid for twice in this sharing, but counted once in all figures; so with one class no thresholds
are better on these pictures, and with several hardly any. As all criteria choose from the same points, a looser
limit, or a dearer miss, never leads to more misses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.intervals import LEVEL, units_needed
from lidd_yolo.inspection.pictures import Floats, Inspected, Ints

LEAST = 0.001
"""Confidence above which detections are looked at, that of Ultralytics' validator; it is the lowest threshold."""


@dataclass(frozen=True)
class MaxFalseAlarms:
    """At most this share of the good parts is rejected, 0 up to but not including 1."""

    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise InputError(f"max_false_alarms: a share from 0 to below 1, not {self.share}")


@dataclass(frozen=True)
class LeastCost:
    """What a missed defect and a rejected good part cost, in any unit, both above 0.

    The costs are summed over the pictures as they are: if good parts are rarer among them than in production, state
    the cost of a false alarm so much higher.
    """

    miss: float
    false_alarm: float

    def __post_init__(self) -> None:
        if not (0 < self.miss < math.inf and 0 < self.false_alarm < math.inf):
            raise InputError(f"cost: two numbers above 0, not {self.miss} and {self.false_alarm}")


@dataclass(frozen=True)
class MinRecall:
    """At least this share of the defects of every class is found, above 0 up to 1."""

    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(f"min_recall: a share above 0 and at most 1, not {self.share}")


Criterion: TypeAlias = MaxFalseAlarms | LeastCost | MinRecall


@dataclass(frozen=True)
class DataNeed:
    """How much data a promise needs, and how much there is.

    Args:
        what: What is counted: groups of good parts, or groups with defects of a class.
        share: The share of events that is promised not to be exceeded.
        have: Number of independent groups.
        needed: Number of them that would show it at 95 % if none had an event, see `units_needed`; None if no number
            does.
    """

    what: str
    share: float
    have: int
    needed: int | None

    @property
    def enough(self) -> bool:
        """Whether there is as much as needed."""
        return self.needed is not None and self.have >= self.needed

    @property
    def sentence(self) -> str:
        """What a reader must know, or an empty string if there is enough."""
        if self.enough:
            return ""
        if self.needed is None:
            return f"No number of {self.what} shows a share of 0 %."
        have = f"{self.have} {self.what} are" if self.have != 1 else f"1 {self.what.replace('groups', 'group', 1)} is"
        return (
            f"{have} too few to show, at {LEVEL:.0%}, a share of at most {100 * self.share:g} %: "
            f"{self.needed} are needed, none of them with an event."
        )


@dataclass(frozen=True)
class OperatingPoint:
    """The chosen thresholds.

    Args:
        criterion: What was asked for.
        thresholds: Threshold of each class by name, 0 to 1; detections above it count.
        met: Whether these pictures meet the criterion at the thresholds; only a recall may be out of reach.
        needs: Data that the promise needs, one for all good parts or one for each class; none for a cost.
        notes: Sentences that a reader must know, such as which class has no defect that is found, and of the needs.
    """

    criterion: Criterion
    thresholds: dict[str, float]
    met: bool
    needs: tuple[DataNeed, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Frontier:
    """``K`` vectors of thresholds, from the fewest rejected good parts to the fewest missed defects.

    Args:
        thresholds: ``(K, C)``, in the order of the classes.
        missed: ``(K,)`` missed defects, falling.
        rejected: ``(K,)`` rejected good parts, rising.
        defects: Number of defects.
        good: Number of good parts.
    """

    thresholds: Floats
    missed: Ints
    rejected: Ints
    defects: int
    good: int


def choose_thresholds(inspected: Inspected, criterion: Criterion) -> OperatingPoint:
    """Choose the thresholds that meet a criterion on these pictures; of equally good ones those with fewer misses.

    A threshold lies amid the gap between the confidences that it keeps apart, so that numeric noise changes no verdict.

    Raises:
        InputError: If there is no defect, or no good part where the criterion needs one.
    """
    if not len(inspected.truth_class):
        raise InputError("no defect is labelled in these pictures: no threshold can be chosen")
    if isinstance(criterion, MinRecall):
        limits, met, notes = _for_recall(inspected, criterion.share)
    else:
        limits, met, notes = _on_frontier(inspected, criterion), True, []
    found = inspected.truth_score > np.array(limits)[inspected.truth_class]
    for number, name in enumerate(inspected.classes):
        of_class = inspected.truth_class == number
        if not found[of_class].any():
            notes.append(f"{name}: none of {of_class.sum()} defects is found; its threshold only spares good parts.")
    needs = _needs(inspected, criterion)
    notes += [need.sentence for need in needs if not need.enough]
    return OperatingPoint(criterion, dict(zip(inspected.classes, limits, strict=True)), met, needs, tuple(notes))


def frontier(inspected: Inspected, budget: int | None = None) -> Frontier:
    """Return the thresholds worth choosing from: none has both more missed defects and no fewer rejected good parts.

    Args:
        inspected: Pictures.
        budget: Most good parts that may be rejected; None for all of them.
    """
    score = inspected.part_score[inspected.good]
    steps = [_steps(score[:, c], inspected.truth_score[inspected.truth_class == c]) for c in range(score.shape[1])]
    most = sum(int(rejected[-1]) for rejected, _, _ in steps)
    most = most if budget is None else min(most, budget * len(steps))
    best = np.zeros(most + 1, dtype=np.int64)
    taken = []
    for rejected, found, _ in steps:
        best, step = _add_class(best, rejected, found)
        taken.append(step)
    points = []
    fewest = len(score) + 1 if budget is None else budget + 1
    for place in np.flatnonzero(np.diff(best, prepend=-1))[::-1]:  # from the fewest misses on
        left, chosen = int(place), []
        for (rejected, _, cut), step in zip(reversed(steps), reversed(taken), strict=True):
            number = step[left]
            left -= int(rejected[number])
            chosen.append(cut[number])
        cuts = np.array(chosen[::-1])
        lost = int((score > cuts).any(axis=1).sum())
        if lost < fewest:
            fewest = lost
            points.append((cuts, len(inspected.truth_class) - int(best[place]), lost))
    vectors, missed, lost_parts = zip(*reversed(points), strict=True)
    return Frontier(
        np.array([_placed(inspected, cuts) for cuts in vectors]),
        np.array(missed),
        np.array(lost_parts),
        len(inspected.truth_class),
        len(score),
    )


def _steps(good: Floats, truth: Floats) -> tuple[Ints, Ints, Floats]:
    """Return for a class, for ever more rejected good parts: how many, the defects found, and above which confidence.

    The first entry rejects none; each further one finds more.
    """
    cuts = np.unique(np.concatenate([[0.0], good]))[::-1]
    rejected = len(good) - np.searchsorted(np.sort(good), cuts, side="right")
    found = len(truth) - np.searchsorted(np.sort(truth), cuts, side="right")
    more = np.flatnonzero(np.diff(found, prepend=-1))
    return rejected[more], found[more], cuts[more]


def _add_class(best: Ints, rejected: Ints, found: Ints) -> tuple[Ints, Ints]:
    """Return the most defects found with at most so many rejections, one class more, and the step it takes for it."""
    total, step = best + found[0], np.zeros(len(best), dtype=np.int64)
    for number in range(1, len(rejected)):
        start = int(rejected[number])
        if start >= len(best):
            break
        with_it = best[: len(best) - start] + found[number]
        better = with_it > total[start:]
        total[start:][better] = with_it[better]
        step[start:][better] = number
    return total, step


def _placed(inspected: Inspected, cuts: Floats) -> list[float]:
    """Return a threshold for each class between the cut and the least confident defect above it."""
    placed = []
    for number, cut in enumerate(cuts):
        score = inspected.truth_score[inspected.truth_class == number]
        above = score[score > cut]
        placed.append(_between(float(cut), float(above.min())) if len(above) else _just_above(float(cut)))
    return placed


def _on_frontier(inspected: Inspected, criterion: MaxFalseAlarms | LeastCost) -> list[float]:
    good = int(inspected.good.sum())
    if not good:
        raise InputError("no good part among these pictures, so none can be rejected: ask for a least recall")
    if isinstance(criterion, MaxFalseAlarms):
        points = frontier(inspected, math.floor(criterion.share * good + 1e-9))
        return [float(limit) for limit in points.thresholds[-1]]
    points = frontier(inspected)
    cost = criterion.miss * points.missed + criterion.false_alarm * points.rejected
    least = np.flatnonzero(cost <= cost.min() * (1 + 1e-12))[-1]
    return [float(limit) for limit in points.thresholds[least]]


def _for_recall(inspected: Inspected, share: float) -> tuple[list[float], bool, list[str]]:
    limits, met, notes = [], True, []
    for number, name in enumerate(inspected.classes):
        truth = np.sort(inspected.truth_score[inspected.truth_class == number])[::-1]
        seen = inspected.confidence[inspected.found_class == number]
        asked, found = math.ceil(share * len(truth) - 1e-9), int((truth > 0).sum())
        if found < asked:
            met = False
            notes.append(f"{name}: {found} of {len(truth)} defects are found at any threshold, {asked} are asked for.")
        if found:
            least = float(truth[min(asked, found) - 1])
            limits.append(_between(float(seen[seen < least].max(initial=0.0)), least))
        else:
            good = inspected.part_score[inspected.good, number]
            limits.append(_just_above(float((good if len(good) else seen).max(initial=0.0))))
    return limits, met, notes


def _needs(inspected: Inspected, criterion: Criterion) -> tuple[DataNeed, ...]:
    if isinstance(criterion, MaxFalseAlarms):
        groups = len(np.unique(inspected.group_of_part[inspected.good]))
        return (DataNeed("groups of good parts", criterion.share, groups, units_needed(criterion.share)),)
    if isinstance(criterion, LeastCost):
        return ()
    share = round(1 - criterion.share, 12)
    group = inspected.group_of_part[inspected.truth_part]
    return tuple(
        DataNeed(
            f"groups with {name}", share, len(np.unique(group[inspected.truth_class == number])), units_needed(share)
        )
        for number, name in enumerate(inspected.classes)
    )


def _between(low: float, high: float) -> float:
    """Return a number with few digits between the two, near their middle; ``low`` where nothing lies between."""
    middle = (low + high) / 2
    return next((r for r in (round(middle, digits) for digits in range(2, 18)) if low < r < high), low)


def _just_above(low: float) -> float:
    return min(max(math.ceil(low * 1e4 + 0.5) / 1e4, LEAST), 1.0)
