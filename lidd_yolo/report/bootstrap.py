"""Paired bootstrap over test pictures: two networks on the same resamples, and whether their difference is shown.

Origin: Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 1979; percentile interval. Whole
groups are drawn as in Field and Welsh, Bootstrapping clustered data, Journal of the Royal Statistical Society B 2007.
Neither paper does this. Both networks are measured on the same resamples; the mean over seeds is taken in each
resample, so the interval speaks about other test pictures, not about other trainings. Pictures that show the same spot
are drawn together; where it is not known which do, pictures count as independent, and the interval may be too narrow.

The steps: `aligned` and `same_pictures` put the evidence into one order, `groups_of` and `draw_weights` draw,
`figures_of` has the mean average precision of every network in every resample, `paired_difference` compares two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.report.figures import ACCURACIES, LEVEL, signed
from lidd_yolo.results.evidence import Evidence
from lidd_yolo.results.picture_result import LEVELS

RESAMPLES = 1000
FEWEST_GROUPS = 10
"""With fewer groups an interval means little: where the groups' figures are normally distributed, of the intervals of 5
groups 84 % hold the truth, of those of 10 90 %, of 30 94 %, instead of 95 %."""

_GRID = np.linspace(0, 1, 101)  # recalls at which the envelope is read
_CELLS = 4_000_000  # resamples times detections that are held in memory at once


@dataclass(frozen=True)
class Difference:
    """Figure of the first network minus the figure of the second, on the pictures as they are; its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    @property
    def text(self) -> str:
        """Value and interval in words."""
        return f"{signed(self.value)} {self.interval}"

    @property
    def interval(self) -> str:
        """The interval in words."""
        return f"({signed(self.low)} to {signed(self.high)})"

    def verdict(self, first: str, second: str) -> str:
        """Return what may be said about the two networks."""
        if not self.shown:
            return "no difference shown"
        return f"{first if self.value > 0 else second} is higher"


def aligned(evidences: Sequence[Evidence]) -> list[Evidence]:
    """Return the same evidence with the pictures in the order of their names.

    Raises:
        ValueError: If there is none, or not all are of the same pictures and labels.
    """
    if not evidences:
        raise ValueError("no evidence to compare")
    put = [_sorted(evidence) for evidence in evidences]
    same_pictures(put)
    return put


def same_pictures(evidences: Sequence[Evidence]) -> None:
    """Refuse evidence of different pictures or labels; the pictures must be in the order of their names.

    Raises:
        ValueError: If they differ.
    """
    first, *others = evidences
    for other in others:
        if not np.array_equal(first.pictures, other.pictures):
            raise ValueError("the networks were measured on different pictures")
        if not np.array_equal(_labels(first), _labels(other)):
            raise ValueError("the networks were measured against different labels")
    partitions = [_numbered(evidence.groups) for evidence in evidences if evidence.groups is not None]
    if any(not np.array_equal(partitions[0], other) for other in partitions[1:]):
        raise ValueError("the pictures were grouped differently for the networks")


def groups_of(evidences: Sequence[Evidence]) -> NDArray[np.int32] | None:
    """Return the groups ``(N,)`` that `aligned` evidence states, numbered in the order of the pictures, or None."""
    return next((_numbered(evidence.groups) for evidence in evidences if evidence.groups is not None), None)


def draw_weights(groups: NDArray[np.int32], resamples: int, seed: int) -> NDArray[np.int32]:
    """Return how often each picture counts in each resample: as many groups are drawn as there are, each whole.

    Groups ``(N,)`` are numbered from 0 without gaps. The result is of shape ``(1 + resamples, N)``; its first row is
    all ones. Where groups differ in size, so do the resamples.
    """
    count = int(groups.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.concatenate([np.ones((1, count)), drawn])[:, groups].astype(np.int32)


def figures_of(
    evidence: Mapping[str, list[Evidence]], weights: NDArray[np.int32]
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return label -> key of a figure -> its value in every resample, the mean over seeds, shape ``(R,)``.

    Args:
        evidence: Label -> evidence of each seed, all of the same N pictures.
        weights: How often each picture counts in each resample, shape ``(R, N)``.
    """
    with_masks = all(e.mask_correct is not None for of_seeds in evidence.values() for e in of_seeds)
    kinds = (False, True) if with_masks else (False,)
    figures: dict[str, dict[str, NDArray[np.float64]]] = {}
    for label, of_seeds in evidence.items():
        means = [np.mean([resampled_figures(e, weights, masks=kind) for e in of_seeds], axis=0) for kind in kinds]
        figures[label] = dict(zip(ACCURACIES, np.concatenate(means, axis=1).T, strict=False))
    return figures


def resampled_figures(evidence: Evidence, weights: NDArray[np.int32], *, masks: bool = False) -> NDArray[np.float64]:
    """Return mAP50 and mAP50-95 of boxes, or of masks, in every resample, shape ``(R, 2)``.

    They are means over the classes that occur in the resample, NaN if none does. ``weights`` say how often each picture
    counts, shape ``(R, N)``; a row of ones gives the figures of the pictures as they are.

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
    """Return the average precision of one class at every overlap, shape ``(R, 10)``.

    Args:
        weights: How often each detection counts, the most confident first, shape ``(R, D)``.
        correct: Bit k is set where the detection is correct at overlap k, shape ``(D,)``.
        labels: Number of objects, shape ``(R,)``.
    """
    detections = np.cumsum(weights, axis=1, dtype=np.int32)
    areas = np.zeros((len(weights), LEVELS))
    for k in range(LEVELS):
        places = np.flatnonzero((correct >> k) & 1)
        hits = np.cumsum(weights[:, places], axis=1, dtype=np.int32)
        precision = hits / np.maximum(detections[:, places], 1)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        # the trapezoids over the grid give every recall below the step's end a hundredth, and recall 0 half of it
        below = np.searchsorted(_GRID, hits / np.maximum(labels, 1)[:, None], side="left")
        widths = np.diff(np.maximum(below - 0.5, 0) / 100, axis=1, prepend=0)
        areas[:, k] = (envelope * widths).sum(axis=1)
    return areas


def paired_difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> Difference:
    """Return the difference of a figure from its values ``(R,)`` in the same resamples, the whole set first.

    Raises:
        ValueError: If the pictures hold no object at all.
    """
    difference = first - second
    if np.isnan(difference[0]):
        raise ValueError("no object is labelled in these pictures")
    low, high = np.nanquantile(difference[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Difference(float(difference[0]), float(low), float(high))


def _sorted(evidence: Evidence) -> Evidence:
    order = np.argsort(evidence.pictures, kind="stable")
    place = np.argsort(order)  # old number of a picture -> new one
    return replace(
        evidence,
        pictures=evidence.pictures[order],
        truth_picture=place[evidence.truth_picture].astype(np.int32),
        found_picture=place[evidence.found_picture].astype(np.int32),
        groups=None if evidence.groups is None else evidence.groups[order],
    )


def _numbered(groups: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the same groups numbered from 0 in the order of their first pictures."""
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[group].astype(np.int32)


def _labels(evidence: Evidence) -> NDArray[np.int64]:
    """Return picture and class of every object, in one order whatever the order in the file."""
    pairs = np.stack([evidence.truth_picture, evidence.truth_class], axis=1).astype(np.int64)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
