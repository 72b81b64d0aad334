"""Figures of inspections for the ledger: what `lidd inspect` says of a network, and recall by the size of defects.

For those who change the pages, beside the Makefile and not in the wheel: ``python benchmarks/inspections.py page
inspection/inspection.json NAME`` and ``python benchmarks/inspections.py sizes NAME --data YAML A=a.pt B=b.pt ...``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from lidd_yolo.cli.words import named_files
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.inspection.pictures import Inspected
from lidd_yolo.inspection.validated import ValidatedPart, validate_part
from lidd_yolo.results.ledger import LEDGER, append_measurement

_Entry: TypeAlias = tuple[str, dict[str, Any], dict[str, Any]]
"""Name, results and further facts."""
SIZES = (0.0, 4.0, 8.0, 16.0, float("inf"))
"""Ends of the classes of size: pixels of the network's input."""
FALSE_ALARMS = 0.5
"""Detections for each picture of val that are no defect, at the threshold that recall is counted at."""


def main(argv: Sequence[str] | None = None) -> int:
    """Write an entry and return the exit status: 0 done, 2 it could not run."""
    parser = argparse.ArgumentParser(description="Figures of inspections, for the ledger and docs.")
    parser.add_argument("--ledger", type=Path, default=LEDGER, metavar="DIR", help=f"default: {LEDGER}")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    page = actions.add_parser("page", help="keep what an inspection.json says")
    page.add_argument("file", type=Path)
    page.add_argument("name", help="name of the entry behind inspection-")
    page.add_argument("--run", default="", help="entry of the training that the network is of")
    page.add_argument("--data", default="", help="name of the data set")
    sizes = actions.add_parser("sizes", help="recall by the shorter side of the defects")
    sizes.add_argument("name", help="name of the entry behind inspection-sizes-")
    sizes.add_argument("--data", required=True)
    sizes.add_argument("networks", nargs="+", metavar="NAME=FILE")
    args = parser.parse_args(argv)
    try:
        name, results, facts = _page(args) if args.action == "page" else _sizes(args)
        file = append_measurement(args.ledger, name, results, **facts)
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"inspections: {error}\n")
        return 2
    sys.stdout.write(f"{file}\n")
    return 0


def _page(args: argparse.Namespace) -> _Entry:
    """Return the entry of an inspection, file names without their folders."""
    stated = json.loads(args.file.read_text(encoding="utf-8"))
    kept = ("criterion", "match", "imgsz", "thresholds", "data_sha256", "weights_sha256", "sentences", "kept")
    shown = ("test", "recall_promises", "probability_of_detection")
    facts = {"run": args.run, "data": args.data or Path(stated["data"]).stem, **{key: stated[key] for key in kept}}
    return f"inspection-{args.name}", {key: stated[key] for key in shown}, facts


def _sizes(args: argparse.Namespace) -> _Entry:
    """Return the entry of recalls by size, a result for each network."""
    data = read_yolo_set(args.data)
    results: dict[str, Any] = {}
    imgsz = 0
    for name, file in named_files(args.networks).items():
        val, test = (validate_part(file, data, split) for split in ("val", "test"))
        threshold, imgsz = _threshold(val.inspected), test.imgsz
        results[name] = {"threshold": threshold, "bins": _bins(test, threshold)}
    facts = {"data": Path(args.data).resolve().parent.name, "imgsz": imgsz, "false_alarms_per_picture": FALSE_ALARMS}
    return f"inspection-sizes-{args.name}", results, facts


def _threshold(val: Inspected) -> float:
    """Return the confidence above which val has `FALSE_ALARMS` detections a picture that are no defect."""
    wrong = np.sort(val.confidence[val.found_truth < 0])[::-1]
    allowed = int(FALSE_ALARMS * len(val.pictures))
    return float(wrong[allowed]) if allowed < len(wrong) else 0.0


def _bins(part: ValidatedPart, threshold: float) -> list[dict[str, Any]]:
    """Return how many defects of each class of size there are and how many are found."""
    scales = []
    for picture in part.inspected.pictures:
        with Image.open(picture) as opened:
            scales.append(part.imgsz / max(opened.size))
    shorter = part.inspected.truth_size.min(axis=1) * np.array(scales)[part.inspected.truth_picture]
    found = part.inspected.truth_score > threshold
    wrong = ((part.inspected.found_truth < 0) & (part.inspected.confidence > threshold)).sum()
    bins: list[dict[str, Any]] = []
    for low, high in itertools.pairwise(SIZES):
        inside = (shorter >= low) & (shorter < high)
        below = {} if high == SIZES[-1] else {"below_px": high}
        bins.append({"from_px": low, **below, "defects": int(inside.sum()), "found": int(found[inside].sum())})
    bins.append({"defects": len(found), "found": int(found.sum()), "false_alarms": int(wrong)})
    return bins


if __name__ == "__main__":
    sys.exit(main())
