"""The paired bootstrap of two networks in one call, from the steps that the report takes for many."""

import numpy as np

from lidd_yolo.report.bootstrap import (
    RESAMPLES,
    aligned,
    draw_weights,
    groups_of,
    mean_figures,
    paired_difference,
    same_pictures,
)


def paired_bootstrap(first, second, *, resamples=RESAMPLES, seed=0, masks=False):
    """Return the differences of mAP50 and of mAP50-95 of evidence of two networks, one for each seed."""
    ours, theirs = aligned(first), aligned(second)
    same_pictures([ours[0], theirs[0]])
    groups = groups_of([*ours, *theirs])
    weights = draw_weights(np.arange(len(ours[0].pictures)) if groups is None else groups, resamples, seed)
    figures = (mean_figures(held, weights, masks=masks).T for held in (ours, theirs))
    map50, map50_95 = (paired_difference(a, b) for a, b in zip(*figures, strict=True))
    return map50, map50_95
