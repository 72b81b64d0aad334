"""NEU-DET, six defects of hot-rolled steel strip: from the VOC release to a YOLO data set split without leaks.

Release: He et al., "An End-to-End Steel Surface Defect Detection Approach via Fusing Multiple Hierarchical Features",
IEEE Trans. Instrum. Meas. 69(4), 2020. Differs from the usual practice: its pictures are overlapping crops of far
fewer plates, so crops that show the same spot stay on one side of the split; the usual random split is the ``random``
protocol, that of the LIDD-Net paper, which enlarges the pictures fivefold before it, ``paper``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lidd_yolo.data.releases.assemble import Conversion, Plan, assemble, check_request
from lidd_yolo.data.releases.samples import VOC, read_release, release_parts
from lidd_yolo.data.splits.training_shares import SHARES

CLASS_NAMES = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")
"""Classes in the order of their numbers."""

PROTOCOLS: Mapping[str, Mapping[str, float]] = {
    "grouped": {"train": 0.7, "val": 0.15, "test": 0.15},
    "random": {"train": 0.8, "val": 0.2},
    "paper": {"train": 0.8, "val": 0.2},
}
"""Share of the pictures on each side: ``grouped`` keeps crops of one spot together, ``random`` draws at random, and so
does ``paper`` from the pictures and four changed copies of each (LIDD-Net, section 2.3; it states no ratio)."""

TIMES = 5
"""Pictures for each original in the ``paper`` protocol: 1 800 become 9 000."""

_FOLDERS = (("IMAGES", "ANNOTATIONS", ""), ("Validation_Images", "Validation_Annotations", ""))
"""Folders of the release; the second pair is some copies' random sample of the first and no official split."""


def convert_neu_det(
    source: Path,
    target: Path,
    *,
    protocol: str = "grouped",
    seed: int = 0,
    overwrite: bool = False,
) -> Conversion:
    """Convert the NEU-DET release.

    Args:
        source: Folder that holds ``IMAGES`` and ``ANNOTATIONS``, perhaps ``Validation_Images`` and
            ``Validation_Annotations`` as well.
        target: Folder to make, in the layout of Ultralytics, with a ``split.json``.
        protocol: ``grouped`` for a split without leaks; ``random`` and ``paper`` leak.
        seed: Seed of the split and of the copies.
        overwrite: Whether to replace a data set that was made before.

    Returns:
        The figures of the split and every problem of the release; files with a problem did not cost the others.

    Raises:
        InputError: If ``source`` is not the release, ``target`` must not be written to, the protocol is unknown,
            ``seed`` is negative or nothing in the release is usable.
    """
    check_request(protocol, PROTOCOLS, seed, target, overwrite=overwrite)
    samples, problems = read_release(release_parts(source, "NEU-DET", _FOLDERS), CLASS_NAMES, VOC)
    times = TIMES if protocol == "paper" else 1
    shares = SHARES if protocol == "grouped" else ()
    plan = Plan("neu-det", CLASS_NAMES, protocol, PROTOCOLS[protocol], seed, times=times, shares=shares)
    return assemble(target, plan, samples, problems)
