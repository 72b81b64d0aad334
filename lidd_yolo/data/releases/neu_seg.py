"""NEU-Seg, three defects of hot-rolled steel strip with masks: from the release to a YOLO segmentation data set.

Release: Dong et al., "PGA-Net: Pyramid Feature Fusion and Global Context Attention Network for Automated Surface Defect
Detection", IEEE Trans. Ind. Informatics 16(12), 2020. Differs from the usual practice: every picture is there in four
rotations, and pictures of two classes are pasted together from others, so pictures of one spot stay on one side of the
split; the published split, which does not do so, is the ``official`` protocol, the WLNet paper's random one ``paper``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lidd_yolo.data.formats.masks import annotate_mask, draw_mask, drop_specks, load_mask
from lidd_yolo.data.formats.yolo import parse_yolo, write_yolo
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.outline import Mask
from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.releases.assemble import Conversion, Plan, assemble, check_request
from lidd_yolo.data.releases.samples import AnnotationKind, Sample, read_release, release_parts
from lidd_yolo.data.splits.training_shares import SHARES
from lidd_yolo.errors import InputError
from lidd_yolo.progress import progress

CLASS_NAMES = ("inclusion", "patches", "scratches")
"""Classes in the order of their numbers; a mask's values are one more."""

PROTOCOLS: Mapping[str, Mapping[str, float]] = {
    "grouped": {"train": 0.8, "val": 0.1, "test": 0.1},
    "paper": {"train": 0.8, "val": 0.1, "test": 0.1},
    "official": {"train": 0.9, "val": 0.1},
}
"""Share of the pictures on each side: ``grouped`` keeps pictures of one spot together, ``paper`` draws at random,
``official`` divides the published training pictures by groups and keeps the published test pictures."""

MIN_PIXELS = 16
"""Smallest component kept as an object, in pixels. The release has components of one or two pixels, slips of the pen;
four by four is about what a stride of 4 can still show."""

_TEST = "test_"
_FOLDERS = (
    ("images/training", "annotations/training", "training_"),
    ("images/test", "annotations/test", _TEST),
)
"""Folders of the release; both have a 000201.jpg and 299 more names in common, of different pictures."""


def convert_neu_seg(
    source: Path,
    target: Path,
    *,
    protocol: str = "grouped",
    seed: int = 0,
    overwrite: bool = False,
    min_pixels: int = MIN_PIXELS,
) -> Conversion:
    """Convert the release; arguments, result and errors are those of `lidd_yolo.data.releases.neu_det.convert_neu_det`.

    ``source`` holds ``images`` and ``annotations``, both with ``training`` and ``test``; of the protocols ``paper`` and
    ``official`` leak. Components of fewer than ``min_pixels`` pixels are dropped and counted.
    """
    if min_pixels < 0:
        raise InputError(f"the smallest number of pixels of an object cannot be negative, got {min_pixels}")
    check_request(protocol, PROTOCOLS, seed, target, overwrite=overwrite)
    kind = AnnotationKind("mask", ".png", partial(_read, min_pixels=min_pixels))
    samples, problems = read_release(release_parts(source, "NEU-Seg", _FOLDERS), CLASS_NAMES, kind)
    facts = measure_labels(samples, CLASS_NAMES, min_pixels)
    shares = SHARES if protocol == "grouped" else ()
    plan = Plan("neu-seg", CLASS_NAMES, protocol, PROTOCOLS[protocol], seed, segments=True, facts=facts, shares=shares)
    published = [index for index, sample in enumerate(samples) if sample.name.startswith(_TEST)]
    if protocol == "official" and not published:
        raise InputError(f"{source} holds no usable test picture, which the official protocol needs")
    return assemble(target, plan, samples, problems, {"test": published} if protocol == "official" else None)


def _read(path: Path, image_size: tuple[int, int], min_pixels: int) -> tuple[Annotation | None, list[Problem]]:
    """Read one mask without its tiny components."""
    mask, problems = load_mask(path, len(CLASS_NAMES), image_size)
    if mask is None:
        return None, problems
    kept, specks = drop_specks(mask, min_pixels)
    if specks and not kept.any():
        # As a picture without defects it would teach the opposite of what its mask says.
        reason = f"all its objects ({len(specks)}) have fewer than {min_pixels} pixels"
        return None, [Problem(path, Kind.SPECK, reason, "picture left out; a smaller --min-pixels keeps it")]
    return annotate_mask(kept, CLASS_NAMES, path.name), problems


def measure_labels(samples: Sequence[Sample], class_names: Sequence[str], min_pixels: int) -> dict[str, Any]:
    """Return the figures of labels made from class-index masks, for ``split.json``.

    ``dropped``: number and pixels of the dropped components of each class. ``round_trip``: compared with what was not
    dropped, number of pictures that are equal in every pixel, sum of the pixels that differ, and number of pixels and
    IoU of each picture where some do, the worst first.
    """
    objects, lost = dict.fromkeys(class_names, 0), dict.fromkeys(class_names, 0)
    unequal: dict[str, dict[str, float]] = {}
    for sample in progress(samples, len(samples), "comparing labels with masks"):
        mask, _ = load_mask(sample.source, len(class_names))
        if mask is None:
            raise InputError(f"{sample.source} has changed while it was converted")
        kept, specks = drop_specks(mask, min_pixels)
        for value, pixels in specks:
            objects[class_names[value - 1]] += 1
            lost[class_names[value - 1]] += pixels
        drawn = _drawn(sample, class_names)
        if pixels := int((drawn != kept).sum()):
            unequal[sample.name] = {"pixels": pixels, "iou": round(_iou(drawn, kept), 4)}
    return {
        "dropped": {"min_pixels": min_pixels, "objects": objects, "pixels": lost},
        "round_trip": {
            "equal": len(samples) - len(unequal),
            "pixels": sum(int(entry["pixels"]) for entry in unequal.values()),
            "unequal": dict(sorted(unequal.items(), key=lambda entry: entry[1]["iou"])),  # the worst first
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
