"""Average precision of many resamples of the test pictures at once.

Origin: the 101-point average precision of COCO as Ultralytics computes it (``ap_per_class``); releases up to 8.4.0 add
a straight line from the last point to recall 1, newer ones and this file do not. Neither paper resamples.

Own formulation: the precision envelope is a step function of recall whose steps are the correct detections, so only
those are looked at, and a resample is a weight for each picture: how often it was drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lidd_yolo.benchmark.evidence import Evidence

_THRESHOLDS = 10  # IoU 0.50, 0.55 ... 0.95
_GRID = np.linspace(0, 1, 101)  # recalls at which the envelope is read
_CELLS = 4_000_000  # resamples times detections that are held in memory at once


def resampled_figures(evidence: Evidence, weights: NDArray[np.int32], *, masks: bool = False) -> NDArray[np.float64]:
    """Return the mean average precision of every resample.

    Args:
        evidence: What a network found on N pictures and which of it is correct.
        weights: How often each picture counts, shape ``(R, N)``; a row of ones gives the figures of the pictures as
            they are.
        masks: Take the correctness of masks instead of boxes.

    Returns:
        mAP50 and mAP50-95, shape ``(R, 2)``: the mean over the classes that occur in the resample, NaN if none does.

    Raises:
        ValueError: If masks are asked for and the evidence has none.
    """
    rows = max(1, _CELLS // max(1, len(evidence.confidence)))
    parts = [_figures(evidence, weights[i : i + rows], masks) for i in range(0, len(weights), rows)]
    return np.concatenate(parts)


def _figures(evidence: Evidence, weights: NDArray[np.int32], masks: bool) -> NDArray[np.float64]:
    correct = evidence.mask_correct if masks else evidence.correct
    if correct is None:
        raise ValueError("the evidence has no masks")
    order = np.argsort(-evidence.confidence, kind="stable")
    total = np.zeros((len(weights), 2))
    classes = np.zeros(len(weights))
    for number in np.unique(evidence.truth_class):
        in_picture = np.bincount(evidence.truth_picture[evidence.truth_class == number], minlength=weights.shape[1])
        labels = weights @ in_picture
        chosen = order[evidence.found_class[order] == number]
        precision = _class_precision(weights[:, evidence.found_picture[chosen]], correct[chosen], labels)
        total += np.stack([precision[:, 0], precision.mean(axis=1)], axis=1)  # 0 where the class does not occur
        classes += labels > 0
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = total / classes[:, None]
    return mean


def _class_precision(
    weights: NDArray[np.int32], correct: NDArray[np.uint16], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the average precision of one class at every threshold, shape ``(R, 10)``.

    Args:
        weights: How often each detection counts, the most confident first, shape ``(R, D)``.
        correct: Bit k is set where the detection is correct at threshold k, shape ``(D,)``.
        labels: Number of objects, shape ``(R,)``.
    """
    seen = np.cumsum(weights, axis=1, dtype=np.int32)
    found = np.zeros((len(weights), _THRESHOLDS))
    for k in range(_THRESHOLDS):
        places = np.flatnonzero((correct >> k) & 1)
        hits = np.cumsum(weights[:, places], axis=1, dtype=np.int32)
        precision = hits / np.maximum(seen[:, places], 1)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        # the trapezoids over the grid give every recall below the step's end a hundredth, and recall 0 half of it
        below = np.searchsorted(_GRID, hits / np.maximum(labels, 1)[:, None], side="left")
        widths = np.diff(np.maximum(below - 0.5, 0) / 100, axis=1, prepend=0)
        found[:, k] = (envelope * widths).sum(axis=1)
    return found
