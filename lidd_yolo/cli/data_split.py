"""Command ``lidd data split``: train, val and test of a data set by whole groups, as lists beside it.

Exit status: 0 clean, 1 the groups did not allow the ratios or a picture is unreadable, 2 could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lidd_yolo.cli.data_groups import add_burst, summarise

if TYPE_CHECKING:
    from lidd_yolo.data.splits.lists import NewSplit


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data split``."""
    command.description = (
        "Divide all pictures of a data set, whatever its present split, by whole groups, with the classes "
        "balanced. Writes lists and a data YAML; the pictures stay where they are."
    )
    command.add_argument("data", metavar="DATA.yaml", help="data set, or the name of a packaged one")
    command.add_argument("--ratio", default="8:1:1", metavar="A:B:C", help="train:val:test or train:val (8:1:1)")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the split (default: 0)")
    text = "cut train and val into K folds instead, each val once; a test part keeps its share"
    command.add_argument("--folds", type=int, default=0, metavar="K", help=text)
    text = "groups.json of `lidd data groups`, or your own; or the split.json of a data set made by `lidd data`"
    command.add_argument("--groups", type=Path, metavar="FILE", help=text)
    add_burst(command)
    beside = "folder to make (default: NAME-grouped beside the data set's folder)"
    command.add_argument("--target", type=Path, metavar="FOLDER", help=beside)
    command.add_argument("--copy", action="store_true", help="copy pictures and labels into the target folder")
    command.add_argument("--overwrite", action="store_true", help="replace a split made before")
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Split a data set and return the exit status."""
    from lidd_yolo.data.splits.lists import split  # noqa: PLC0415 - `--help` answers without OpenCV

    done = split(
        args.data,
        ratio=args.ratio,
        seed=args.seed,
        folds=args.folds,
        groups=args.groups,
        burst=args.burst,
        target=args.target,
        copy=args.copy,
        overwrite=args.overwrite,
    )
    if args.json:
        facts = {"target": str(done.target), "yaml": list(map(str, done.files)), "leak_before": done.leak_before}
        sys.stdout.write(json.dumps({**facts, **done.report.figures()}, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(_summary(done)) + "\n")
    return 1 if done.report.shortfalls or done.groups.problems else 0


def _summary(done: NewSplit) -> list[str]:
    """Return what was made, as lines for the screen."""
    report = done.report
    lines = [*summarise(done.groups, done.leak_before), "", f"New split, seed {report.seed}, whole groups only:"]
    total = sum(report.images.values())
    for part, count in report.images.items():
        objects = sum((report.boxes or {})[part].values())
        lines.append(f"  {part}: {count} pictures ({100 * count / total:.1f} %), {objects} objects")
    lines += [f"  leak of {side}: {100 * share:.1f} %" for side, share in report.leak.items()]
    if done.unlabelled:
        lines.append(f"{done.unlabelled} pictures have no label file and count as pictures without objects.")
    if report.shortfalls:
        lines += ["The groups do not allow the ratios everywhere:", *(f"  {line}" for line in report.shortfalls)]
    return [*lines, "", *(f"Train with data={file}" for file in done.files)]
