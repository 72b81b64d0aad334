"""Command ``lidd data``: make a YOLO data set from a published release.

Own work. Exit status: 0 clean, 1 something in the release was left out (the rest is done), 2 nothing could be done.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lidd_yolo.data.datasets import neu_det
from lidd_yolo.data.datasets.writer import Conversion
from lidd_yolo.paths import datasets_dir

_FOLDERS = {"grouped": "neu-det", "paper": "neu-det-paper"}
"""Folder made by default; apart, so that ``data=neu-det.yaml`` never means a split that leaks."""
_SHOWN = 20
"""Problems listed on the screen; all of them are in ``split.json``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one sub-command for each data set to the parser of ``lidd data``."""
    sets = parser.add_subparsers(dest="data_set", required=True, metavar="DATA_SET")
    neu = sets.add_parser(
        "neu-det",
        help="NEU-DET, hot-rolled steel strip, six classes, boxes",
        description="Convert the NEU-DET release (IMAGES and ANNOTATIONS, Pascal VOC) for `data=neu-det.yaml`.",
    )
    neu.add_argument("--source", type=Path, required=True, metavar="FOLDER", help="folder of the release")
    neu.add_argument(
        "--target",
        type=Path,
        metavar="DIR",
        help="folder to make (default: neu-det below Ultralytics' datasets_dir, neu-det-paper for --protocol paper)",
    )
    neu.add_argument(
        "--protocol",
        choices=tuple(neu_det.PROTOCOLS),
        default="grouped",
        help="grouped: pictures of one spot stay on one side (default); paper: random 8:2, leaks",
    )
    neu.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the split (default: 0)")
    neu.add_argument("--overwrite", action="store_true", help="replace a data set made before; no training may use it")
    neu.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Run ``lidd data`` and return its exit status.

    Args:
        args: What the parser of `add_arguments` returned.
    """
    try:
        target = args.target or datasets_dir() / _FOLDERS[args.protocol]
        done = neu_det.convert(args.source, target, protocol=args.protocol, seed=args.seed, overwrite=args.overwrite)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"lidd data {args.data_set}: {error}\n")
        return 2
    if args.json:
        figures = {key: value for key, value in done.report.items() if key != "pictures"}
        sys.stdout.write(json.dumps({"target": str(done.target), **figures}, indent=1) + "\n")
    else:
        sys.stdout.write(summary(done) + "\n")
    return 0 if all(problem.repaired for problem in done.problems) else 1


def summary(done: Conversion) -> str:
    """Return what was made and what was wrong, as text for the screen."""
    report = done.report
    groups, leak = report["groups"], report["leak"]
    lines = [f"{report['dataset']}, protocol {report['protocol']}, seed {report['seed']}, in {done.target}", ""]
    lines += _table(report)
    alone = groups["sizes"].get(1, 0)
    lines += [
        "",
        f"{groups['count']} groups: {alone} of a picture that overlaps no other, the largest of {groups['largest']}.",
    ]
    told = "of the pictures share their group with one of train."
    lines += [f"{side}: {100 * share:.1f} % {told}" for side, share in leak.items()]
    if any(leak.values()):
        lines.append("This split LEAKS: its figures are too high and say nothing about new plates.")
    lost = [problem for problem in done.problems if not problem.repaired]
    noted = [problem for problem in done.problems if problem.repaired]
    for title, problems in (("left out", lost), ("repaired", noted)):
        lines += ["", f"{len(problems)} {title}:"] if problems else []
        lines += [f"  {problem}" for problem in problems[:_SHOWN]]
        lines += [f"  and {len(problems) - _SHOWN} more, see split.json"] if len(problems) > _SHOWN else []
    lines += ["", f"Train with data={done.target / 'data.yaml'}"]
    return "\n".join(lines)


def _table(report: dict[str, Any]) -> list[str]:
    """Return pictures and boxes of each side, one column a class, with the share that the side holds."""
    boxes: dict[str, dict[str, int]] = report["boxes"]
    columns = {"images": report["images"]}
    columns |= {name: {side: count[name] for side, count in boxes.items()} for name in next(iter(boxes.values()))}
    rows = [["", *columns]]
    for side in boxes:
        cells = [f"{n[side]} ({100 * n[side] / max(sum(n.values()), 1):.0f} %)" for n in columns.values()]
        rows.append([side, *cells])
    rows.append(["all", *(str(sum(n.values())) for n in columns.values())])
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
