"""NEU-Seg, three defects of hot-rolled steel strip with masks: from the release to a YOLO segmentation data set.

Release: Dong et al., "PGA-Net: Pyramid Feature Fusion and Global Context Attention Network for Automated Surface Defect
Detection", IEEE Trans. Ind. Informatics 16(12), 2020. Differs from the usual practice: every picture is there in four
rotations, and pictures of two classes are pasted together from others, so pictures of one spot stay on one side of the
split; the published split, which does not do so, is the ``official`` protocol, the WLNet paper's random one ``paper``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from lidd_yolo.data.datasets.assemble import Plan, assemble, check_request
from lidd_yolo.data.datasets.release import AnnotationKind, read_release, release_parts
from lidd_yolo.data.datasets.round_trip import measure_labels
from lidd_yolo.data.datasets.writer import Conversion, check_target
from lidd_yolo.data.formats.masks import annotate_mask, drop_specks, load_mask
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import Problem

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
    ratios: Mapping[str, float] | None = None,
    overwrite: bool = False,
    min_pixels: int = MIN_PIXELS,
) -> Conversion:
    """Convert the NEU-Seg release.

    Args:
        source: Folder that holds ``images`` and ``annotations``, both with ``training`` and ``test``.
        target: Folder to make, in the layout of Ultralytics, with a ``split.json``.
        protocol: ``grouped`` for a split without leaks; ``paper`` and ``official`` leak.
        seed: Seed of the split.
        ratios: Share of the pictures on each side, ``train`` among them; the protocol's own if None.
        overwrite: Whether to replace a data set that was made before.
        min_pixels: Components of fewer pixels are dropped and counted.

    Returns:
        The figures of the split and of the labels and every problem of the release; files with a problem did not cost
        the others.

    Raises:
        FileNotFoundError: If ``source`` is not the release.
        FileExistsError: If ``target`` must not be written to.
        ValueError: If the protocol is unknown, ``seed`` or ``min_pixels`` negative or nothing in the release is usable.
    """
    check_request(protocol, PROTOCOLS, seed)
    if min_pixels < 0:
        raise ValueError(f"the smallest number of pixels of an object cannot be negative, got {min_pixels}")
    check_target(target, overwrite=overwrite)
    kind = AnnotationKind("mask", ".png", partial(_read, min_pixels=min_pixels))
    samples, problems = read_release(release_parts(source, "NEU-Seg", _FOLDERS), CLASS_NAMES, kind)
    facts = measure_labels(samples, CLASS_NAMES, min_pixels)
    wanted = dict(ratios or PROTOCOLS[protocol])
    plan = Plan("neu-seg", CLASS_NAMES, protocol, wanted, seed, segments=True, facts=facts)
    published = [index for index, sample in enumerate(samples) if sample.name.startswith(_TEST)]
    if protocol == "official" and not published:
        raise ValueError(f"{source} holds no usable test picture, which the official protocol needs")
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
        return None, [Problem(path, "", reason, "picture left out; a smaller --min-pixels keeps it")]
    return annotate_mask(kept, CLASS_NAMES, path.name), problems
