"""What a certificate says about a file in int8, in a few lines for the terminal.

Own work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def int8_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines about calibration, recall and layers in float.

    Args:
        entry: What the certificate says about the format.
    """
    used = entry["calibration"]
    groups = f" of {used['groups']} groups" if used["groups"] is not None else ""
    left = f", {used['left_out']} left out as they are in another split too" if used["left_out"] else ""
    told = f"{used['pictures']} pictures of train{groups}, seed {used['seed']}, {used['sha256'][:12]}{left}"
    yield f"calibrated on {told}"
    if entry["keep_float"]:
        yield f"kept in float: {', '.join(entry['keep_float'])}"
    for key, how in (("recall", "recall"), ("mask_recall", "recall by masks")):
        if entry.get(key):
            limit = f"limit of the loss {entry['limits']['recall']}"
            yield f"{how} above {entry['confidence']}, {limit}: {_pairs(entry[key])}"
    if entry["sensitivity"]:
        errors = sorted(entry["sensitivity"]["errors"].items(), key=lambda pair: pair[1])
        told = ", ".join(f"{name} {error:.3f}" for name, error in errors)
        yield f"error of the outputs {entry['sensitivity']['error']:.3f}; with one group of layers in float: {told}"


def _pairs(recall: Mapping[str, tuple[float, float]]) -> str:
    return ", ".join(f"{name} {trained:.3f} to {exported:.3f}" for name, (trained, exported) in recall.items())
