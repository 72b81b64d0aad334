"""What labels lose of the masks they were made from: each picture's labels drawn and compared with its mask.

Own work; the labels' text is read back and filled as Ultralytics fills it, at the picture's own size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from lidd_yolo.data.datasets.release import Sample
from lidd_yolo.data.formats.masks import draw_mask, drop_specks, load_mask
from lidd_yolo.data.formats.yolo import parse_yolo, write_yolo
from lidd_yolo.data.labels.outline import Mask
from lidd_yolo.progress import progress


def measure_labels(samples: Sequence[Sample], class_names: Sequence[str], min_pixels: int) -> dict[str, Any]:
    """Return the figures for ``split.json``.

    Args:
        samples: Pictures whose sources are class-index masks.
        class_names: Names in the order of their class numbers, the first for value 1.
        min_pixels: Components that were dropped have fewer pixels.

    Returns:
        ``dropped``: number and pixels of the dropped components of each class. ``round_trip``: compared with what was
        not dropped, number of pictures that are equal in every pixel, sum of the pixels that differ, and number of
        pixels and IoU of each picture where some do, the worst first.
    """
    dropped: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    unequal: dict[str, dict[str, float]] = {}
    for sample in progress(samples, len(samples), "comparing labels with masks"):
        mask, _ = load_mask(sample.source, len(class_names))
        if mask is None:
            raise ValueError(f"{sample.source} has changed while it was converted")
        kept, specks = drop_specks(mask, min_pixels)
        for value, pixels in specks:
            dropped[class_names[value - 1]] += 1
            lost[class_names[value - 1]] += pixels
        drawn = _drawn(sample, class_names)
        if pixels := int((drawn != kept).sum()):
            unequal[sample.name] = {"pixels": pixels, "iou": round(_iou(drawn, kept), 4)}
    worst_first = dict(sorted(unequal.items(), key=lambda entry: entry[1]["iou"]))
    return {
        "dropped": {
            "min_pixels": min_pixels,
            "objects": {name: dropped[name] for name in class_names},
            "pixels": {name: lost[name] for name in class_names},
        },
        "round_trip": {
            "equal": len(samples) - len(unequal),
            "pixels": sum(int(entry["pixels"]) for entry in unequal.values()),
            "unequal": worst_first,
        },
    }


def _drawn(sample: Sample, class_names: Sequence[str]) -> Mask:
    """Return the mask that the sample's label file stands for."""
    text = write_yolo(sample.annotation, class_names, segments=True)
    size = (sample.annotation.width, sample.annotation.height)
    annotation, _ = parse_yolo(text, class_names, size, file=sample.path, image=sample.name)
    return draw_mask(annotation, class_names)


def _iou(first: Mask, second: Mask) -> float:
    """Return the share of the pixels marked in either mask that have the same class in both."""
    return float(((first == second) & (first > 0)).sum() / np.maximum(((first > 0) | (second > 0)).sum(), 1))
