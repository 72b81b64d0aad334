"""What a data set holds: pictures and objects of each class, sizes of pictures and boxes, and the size to train at.

Own work. Size to train at: the finest grid of the networks here has cells of 8 pixels, so the shorter side of all but
the smallest twentieth of the objects should have that length. Pictures of up to 640 pixels are not made smaller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from lidd_yolo.data.checks.pair_check import PairFacts

CELL = 8
"""Side of the finest grid's cells, in pixels."""
_STEP = 32
_KEPT, _MOST = 640, 1280
_SMALL, _LARGE = 32**2, 96**2  # COCO's bounds


def set_figures(facts: Sequence[PairFacts], class_names: Sequence[str]) -> dict[str, Any]:
    """Return the figures of a data set, fit for JSON.

    Args:
        facts: All pictures.
        class_names: Classes in order; those that occur, in alphabetical order, if empty.
    """
    with_picture = [one for one in facts if one.pair.picture is not None]
    names = list(class_names) or sorted({item.class_name for one in with_picture for item in one.objects})
    splits = list(dict.fromkeys(one.pair.split for one in with_picture))
    sizes = Counter(one.size for one in with_picture if one.usable and one.size is not None)
    return {
        "pictures": {split: sum(one.pair.split == split for one in with_picture) for split in splits},
        "without_objects": {split: _empty(with_picture, split) for split in splits},
        "objects": _objects(with_picture, names, splits),
        "difficult": sum(item.difficult for one in with_picture for item in one.objects),
        "picture_sizes": {f"{w}x{h}": count for (w, h), count in sizes.most_common(10)},
        "boxes": _boxes(with_picture),
    }


def suggested_size(longest: float, shortest_object: float) -> int:
    """Return the size to train at, a multiple of 32 pixels.

    Args:
        longest: Longer side of a typical picture, in pixels.
        shortest_object: Side that should become at least `CELL` pixels, in pixels of the picture.
    """
    wanted = longest * CELL / max(shortest_object, 1e-6)
    return int(np.ceil(min(max(wanted, min(longest, _KEPT)), _MOST) / _STEP) * _STEP)


def _empty(facts: Sequence[PairFacts], split: str) -> int:
    return sum(one.pair.split == split and not one.objects for one in facts)


def _objects(facts: Sequence[PairFacts], names: Sequence[str], splits: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the number of objects of each class in each split."""
    count = Counter((item.class_name, one.pair.split) for one in facts for item in one.objects)
    return {name: {split: count[name, split] for split in splits} for name in names}


def _boxes(facts: Sequence[PairFacts]) -> dict[str, Any]:
    """Return sizes of the boxes in pixels, and the size to train at; empty without boxes in usable pictures."""
    sided = [one for one in facts if one.usable and one.size is not None]
    boxes = np.array([(item.width, item.height) for one in sided for item in one.objects])
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
