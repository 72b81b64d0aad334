"""The paired bootstrap of two networks in one call, from the steps that the report takes for many."""

import numpy as np

from lidd_yolo.report.bootstrap import (
    RESAMPLES,
    aligned,
    draw_weights,
    figures_of,
    groups_of,
    paired_difference,
    same_pictures,
)


def paired_bootstrap(first, second, *, resamples=RESAMPLES, seed=0, masks=False):
    """Return the differences of mAP50 and of mAP50-95 of evidence of two networks, one for each seed."""
    ours, theirs = aligned(first), aligned(second)
    same_pictures([ours[0], theirs[0]])
    groups = groups_of([*ours, *theirs])
    weights = draw_weights(np.arange(len(ours[0].pictures)) if groups is None else groups, resamples, seed)
    figures = figures_of({"ours": ours, "theirs": theirs}, weights)
    keys = ("mask_map50", "mask_map") if masks else ("map50", "map")
    return tuple(paired_difference(figures["ours"][key], figures["theirs"][key]) for key in keys)
