"""A promise of recall: the threshold at which the expected share of missed defects is at most so much.

Conformal risk control: Angelopoulos, Bates, Fisch, Lei and Schuster, *Conformal Risk Control*, ICLR 2024
(arXiv:2208.02814), theorem 1. The loss of a group is the share of its defects that are missed; it lies between 0 and
1 and does not rise as the threshold falls. With the losses of ``n`` groups, the highest threshold at which ``(sum of
the losses + 1) / (n + 1) <= share`` gives the next group an expected loss of at most ``share``.

What that holds for, and what not:

* The groups with defects, these and the next, are exchangeable: drawn in the same way, in no telling order. Pictures
  of a new material, lamp or camera are not.
* Each group counts once, whatever the number of its defects; groups without one are left out.
* It is an average over such calibrations and groups, not a bound that 95 of 100 calibrations keep.
* The pictures are not those that the network was trained or its epoch chosen on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.pictures import Inspected


@dataclass(frozen=True)
class RecallPromise:
    """A threshold and what it promises.

    Args:
        share: The expected share of missed defects is at most this.
        threshold: Detections above it count; None if there is none that promises so much.
        groups: Groups with defects that it rests on.
        needed: Fewest groups that can promise this share, if none has a miss.
        reason: Why there is no threshold; empty if there is one.
    """

    share: float
    threshold: float | None
    groups: int
    needed: int
    reason: str


def promise_recall(inspected: Inspected, share: float, class_name: str | None = None) -> RecallPromise:
    """Return the highest threshold that promises a share of missed defects.

    Args:
        inspected: Pictures to calibrate on.
        share: Above 0 and below 1.
        class_name: Defects of this class alone; None for one threshold for all classes.

    Raises:
        InputError: If the share is not so, or there is no such class.
    """
    if not 0 < share < 1:
        raise InputError(f"a promised share of missed defects is above 0 and below 1, not {share}")
    if class_name is not None and class_name not in inspected.classes:
        raise InputError(f"no class {class_name}, only {', '.join(inspected.classes)}")
    chosen = np.ones(len(inspected.truth_class), dtype=bool)
    if class_name is not None:
        chosen = inspected.truth_class == inspected.classes.index(class_name)
    score = inspected.truth_score[chosen]
    group = np.unique(inspected.group_of_part[inspected.truth_part[chosen]], return_inverse=True)[1]
    sizes = np.bincount(group)
    groups, needed = len(sizes), math.ceil(1 / share - 1 - 1e-9)
    if groups < needed:
        reason = f"{groups} groups with defects are too few to promise {100 * share:g} %: {needed} are needed at least"
        return RecallPromise(share, None, groups, needed, reason)
    order = np.argsort(score, kind="stable")
    ordered = np.append(0.0, score[order])
    lost = np.append(0.0, np.cumsum(1 / sizes[group[order]]))  # losses if the defects up to this one are missed
    affordable = share * (groups + 1) - 1 + 1e-9
    kept = ordered[1:][lost[:-1] <= affordable].max(initial=0.0)  # ties: the first of equals has lost the least
    if kept <= 0:
        missed = int((score <= 0).sum())
        reason = f"{missed} of {len(score)} defects are found at no threshold, too many for {100 * share:g} %"
        return RecallPromise(share, None, groups, needed, reason)
    return RecallPromise(share, float(ordered[ordered < kept].max() + kept) / 2, groups, needed, "")
