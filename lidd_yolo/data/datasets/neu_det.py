"""NEU-DET, six defects of hot-rolled steel strip: from the VOC release to a YOLO data set split without leaks.

Release: He et al., "An End-to-End Steel Surface Defect Detection Approach via Fusing Multiple Hierarchical Features",
IEEE Trans. Instrum. Meas. 69(4), 2020. Differs from the usual practice: its pictures are overlapping crops of far
fewer plates, so crops that show the same spot stay on one side of the split; the usual random split is the ``paper``
protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lidd_yolo.data.datasets.release import read_release
from lidd_yolo.data.datasets.writer import Conversion, check_target, describe, write_dataset
from lidd_yolo.data.overlap import MIN_AREA, MIN_SIMILARITY, find_overlaps, group_overlaps
from lidd_yolo.data.split import split_groups, split_random

CLASS_NAMES = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")
"""Classes in the order of their numbers."""

PROTOCOLS: Mapping[str, Mapping[str, float]] = {
    "grouped": {"train": 0.7, "val": 0.15, "test": 0.15},
    "paper": {"train": 0.8, "val": 0.2},
}
"""Share of the pictures on each side: ``grouped`` keeps crops of one spot together, ``paper`` draws at random."""

_FOLDERS = (("IMAGES", "ANNOTATIONS"), ("Validation_Images", "Validation_Annotations"))
"""Folders of the release; the second pair is some copies' random sample of the first and no official split."""


def convert(
    source: Path,
    target: Path,
    *,
    protocol: str = "grouped",
    seed: int = 0,
    ratios: Mapping[str, float] | None = None,
    overwrite: bool = False,
) -> Conversion:
    """Convert the NEU-DET release.

    Args:
        source: Folder that holds ``IMAGES`` and ``ANNOTATIONS``, perhaps ``Validation_Images`` and
            ``Validation_Annotations`` as well.
        target: Folder to make, in the layout of Ultralytics, with a ``split.json``.
        protocol: ``grouped`` for a split without leaks, ``paper`` for a random one that leaks.
        seed: Seed of the split.
        ratios: Share of the pictures on each side, ``train`` among them; the protocol's own if None.
        overwrite: Whether to replace a data set that was made before.

    Returns:
        The figures of the split and every problem of the release; files with a problem did not cost the others.

    Raises:
        FileNotFoundError: If ``source`` is not the release.
        FileExistsError: If ``target`` must not be written to.
        ValueError: If the protocol is unknown or nothing in the release is usable.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"no protocol {protocol!r}; there are {', '.join(PROTOCOLS)}")
    check_target(target, overwrite=overwrite)
    samples, problems = read_release(_folders(source), CLASS_NAMES)
    if not samples:
        raise ValueError(f"{source} holds no usable picture; first problem: {problems[0] if problems else 'no files'}")
    groups = group_overlaps(len(samples), find_overlaps([sample.gray for sample in samples]))
    wanted = dict(ratios or PROTOCOLS[protocol])
    if protocol == "grouped":
        counts = [[sum(o.class_name == c for o in s.annotation.objects) for c in CLASS_NAMES] for s in samples]
        split = split_groups(groups, np.array(counts), wanted, seed)
    else:
        split = split_random(len(samples), wanted, seed)
    report: dict[str, Any] = {
        "dataset": "neu-det",
        "protocol": protocol,
        "seed": seed,
        "ratios": wanted,
        "overlap": {"min_area": MIN_AREA, "min_similarity": MIN_SIMILARITY},
        **describe(samples, split, groups, CLASS_NAMES),
        "problems": [problem.as_dict() for problem in problems],
    }
    write_dataset(target, samples, split, CLASS_NAMES, report)
    return Conversion(target, report, problems)


def _folders(source: Path) -> list[tuple[Path, Path]]:
    """Return the release's pairs of folders.

    Raises:
        FileNotFoundError: If the first pair is missing.
    """
    pairs = [(source / images, source / annotations) for images, annotations in _FOLDERS]
    missing = [str(folder) for folder in pairs[0] if not folder.is_dir()]
    if missing:
        raise FileNotFoundError(
            f"{source} is not the NEU-DET release: there is no folder {' and no folder '.join(missing)}"
        )
    return [pair for pair in pairs if all(folder.is_dir() for folder in pair)]
