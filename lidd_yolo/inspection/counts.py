"""Missed defects, missed parts, rejected good parts and confusions at a threshold for each class.

A detection counts if its confidence is above the threshold of its class, as Ultralytics' ``conf`` has it.

* A defect is *missed* if no detection that counts has found it by the `MatchRule`, so with its own class.
* A part is *missed* if it has defects and none of them is found. A detection elsewhere on it saves nothing: that such a
  part is rejected is luck.
* A good part, one without a labelled defect, is *rejected* if any detection on it counts.
* A missed defect is *confused* if a detection of another class counts that lies on it: of all defects it overlaps this
  one most, by as much as the rule asks, and it has found none itself. The most confident one says with which class.

For one class alone, the parts are those with defects of this class, and a good part is rejected by this class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.intervals import Tally
from lidd_yolo.inspection.pictures import Flags, Inspected, Ints


@dataclass(frozen=True)
class Tallies:
    """What is counted, of all classes together or of one, over the groups."""

    missed_defects: Tally
    missed_parts: Tally
    rejected_good: Tally


@dataclass(frozen=True, eq=False)
class Counts:
    """What thresholds lead to.

    Args:
        together: Of all classes.
        of_class: Of each class, by name.
        confusions: ``(C + 1, C + 1)``: rows are labelled classes, columns detected ones. On the diagonal found defects,
            elsewhere confused ones, in the last column defects on which nothing counts; in the last row detections that
            lie on no defect. Second detections of a defect are in no cell.
    """

    together: Tallies
    of_class: Mapping[str, Tallies]
    confusions: Ints


def count_at(inspected: Inspected, thresholds: Mapping[str, float]) -> Counts:
    """Count what the thresholds, by class name, lead to.

    Raises:
        InputError: If a class has none, or one is not between 0 and 1.
    """
    limits = inspected.threshold_vector(thresholds)
    found = inspected.truth_score > limits[inspected.truth_class]
    fired = inspected.part_score > limits
    every = np.ones(len(found), dtype=bool)
    return Counts(
        together=_tallies(inspected, every, found, np.asarray(fired.any(axis=1))),
        of_class={
            name: _tallies(inspected, inspected.truth_class == number, found, np.asarray(fired[:, number]))
            for number, name in enumerate(inspected.classes)
        },
        confusions=_confusions(inspected, found, inspected.confidence > limits[inspected.found_class]),
    )


def rejected_pictures(inspected: Inspected, thresholds: Mapping[str, float]) -> Flags:
    """Return for each picture whether a detection on it counts: its verdict is NOT OK, shape ``(N,)``."""
    counts = inspected.confidence > inspected.threshold_vector(thresholds)[inspected.found_class]
    rejected: Flags = np.bincount(inspected.found_picture[counts], minlength=len(inspected.pictures)) > 0
    return rejected


def repeat_tally(rejected: Flags, part: Sequence[int] | Ints, group_of_part: Sequence[int] | Ints) -> Tally:
    """Return the parts whose shots all have the same verdict, of those with two shots or more, over the groups.

    Args:
        rejected: ``(N,)`` verdict of each shot.
        part: ``(N,)`` part that it shows, numbered from 0 without gaps.
        group_of_part: ``(P,)`` group of each part, numbered in the same way.

    Raises:
        InputError: If no part has two shots.
    """
    part, group_of_part = np.asarray(part), np.asarray(group_of_part)
    shots = np.bincount(part, minlength=len(group_of_part))
    bad = np.bincount(part[np.asarray(rejected, dtype=bool)], minlength=len(group_of_part))
    repeated = shots >= 2
    if not repeated.any():
        raise InputError("no part has two shots: state which pictures show the same part")
    return Tally.over(group_of_part, repeated & ((bad == 0) | (bad == shots)), repeated)


def _tallies(inspected: Inspected, chosen: Flags, found: Flags, fired: Flags) -> Tallies:
    parts, group = len(inspected.group_of_part), inspected.group_of_part
    defects = np.bincount(inspected.truth_part[chosen], minlength=parts)
    caught = np.bincount(inspected.truth_part[chosen & found], minlength=parts)
    return Tallies(
        missed_defects=Tally.over(group, defects - caught, defects),
        missed_parts=Tally.over(group, (defects > 0) & (caught == 0), defects > 0),
        rejected_good=Tally.over(group, inspected.good & fired, inspected.good),
    )


def _confusions(inspected: Inspected, found: Flags, counts: Flags) -> NDArray[np.int64]:
    size = len(inspected.classes)
    seen_as = np.where(found, inspected.truth_class, size)
    free = counts & (inspected.found_truth < 0)
    on = inspected.found_on
    other = free & (on >= 0)
    other[other] = (inspected.found_class != inspected.truth_class[on])[other] & ~found[on[other]]
    rising = np.flatnonzero(other)[np.argsort(inspected.confidence[other], kind="stable")]
    seen_as[on[rising]] = inspected.found_class[rising]  # of several, the last and most confident stays
    table = np.zeros((size + 1, size + 1), dtype=np.int64)
    np.add.at(table, (inspected.truth_class, seen_as), 1)
    table[size] += np.bincount(inspected.found_class[free & (on < 0)], minlength=size + 1)
    return table
