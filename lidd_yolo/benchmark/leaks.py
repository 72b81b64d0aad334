"""What splits of a data set leak: random ones, the published one and the grouped one, into one ledger entry.

Own work; the groups are those in the ``split.json`` of data sets that ``lidd data`` made, so no picture is read again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from lidd_yolo.benchmark.machine import commit
from lidd_yolo.data.datasets.writer import REPORT
from lidd_yolo.data.split import leak_share, split_random

DRAWS = 100
"""Random splits measured, seeds 0 to 99."""
_RATIOS = {"8:2": {"train": 0.8, "val": 0.2}, "8:1:1": {"train": 0.8, "val": 0.1, "test": 0.1}}


def measure_leaks(folders: Sequence[Path], draws: int = DRAWS) -> list[dict[str, Any]]:
    """Return one ledger entry for each data set among some folders.

    Args:
        folders: Data sets that ``lidd data`` made; several of one release, split by other protocols, share an entry.
        draws: Random splits to measure for each ratio.

    Raises:
        ValueError: If a folder has no usable ``split.json``, or two of one release were grouped differently.
    """
    entries: dict[str, dict[str, Any]] = {}
    reports = [(folder, _report(folder)) for folder in folders]
    for folder, report in sorted(reports, key=lambda entry: "enlarged" in entry[1]):
        entry = entries.setdefault(report["dataset"], _entry(report, draws))
        enlarged = "enlarged" in report
        if not enlarged and entry["group_sha256"] != report["group_sha256"]:
            raise ValueError(f"{folder}: {report['dataset']} is grouped differently here; make both data sets anew")
        if enlarged or report["protocol"] not in {"paper", "random"}:  # of random splits the mean of many says more
            name = report["protocol"] + (", enlarged" if enlarged else "")
            entry["results"][name] = {"images": report["images"], "leak": report["leak"]}
    return list(entries.values())


def _report(folder: Path) -> dict[str, Any]:
    """Return the ``split.json`` of a data set."""
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        report["dataset"], report["protocol"], report["pictures"], report["group_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder} is no data set made by lidd data: {error!r}") from error
    return dict(report)


def _entry(report: Mapping[str, Any], draws: int) -> dict[str, Any]:
    """Return the entry of a data set with its random splits."""
    groups = [picture["group"] for picture in report["pictures"].values()]
    return {
        "name": f"leak-{report['dataset']}",
        "date": datetime.now(timezone.utc).date().isoformat(),
        "dataset": report["dataset"],
        "images": len(groups),
        "groups": report["groups"]["count"],
        "largest": report["groups"]["largest"],
        "group_sha256": report["group_sha256"],
        "draws": draws,
        "results": {f"random {name}": _random(groups, ratios, draws) for name, ratios in _RATIOS.items()},
        "commit": commit(Path(__file__).parent),
    }


def _random(groups: Sequence[int], ratios: Mapping[str, float], draws: int) -> dict[str, Any]:
    """Return the mean leak of random splits, and the smallest and largest."""
    splits = [split_random(len(groups), ratios, seed) for seed in range(draws)]
    found = {side: [leak_share(split, groups, side) for split in splits] for side in ratios if side != "train"}
    return {
        "images": {side: len(part) for side, part in splits[0].items()},
        "leak": {side: round(float(np.mean(shares)), 4) for side, shares in found.items()},
        "range": {side: [round(min(shares), 4), round(max(shares), 4)] for side, shares in found.items()},
    }
