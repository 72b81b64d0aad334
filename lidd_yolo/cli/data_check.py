"""Command ``lidd data check``: what is wrong with a data set, file by file, and a repaired copy of it.

Exit status: 0 clean, 1 findings, 2 the check could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lidd_yolo.data.labels.annotation import MAX_PIXELS

FORMATS = ("voc", "labelme", "mask", "coco")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data check``."""
    command.description = (
        "Look at every picture and label of a data set and say what is wrong, where, and what to do. "
        "Exit status: 0 clean, 1 findings, 2 the check could not run."
    )
    command.add_argument("data", metavar="DATA", help="data YAML of a YOLO set; with --format a folder")
    command.add_argument("--format", choices=("yolo", *FORMATS), default="yolo", help="of the labels (default: yolo)")
    names = "classes that may occur, with --format; for masks in the order of their values, 1 first"
    command.add_argument("--names", nargs="+", default=[], metavar="NAME", help=names)
    limit = f"largest number of pixels of a picture; larger ones are not decoded (default: {MAX_PIXELS})"
    command.add_argument("--max-pixels", type=int, default=MAX_PIXELS, metavar="N", help=limit)
    copy = "write a repaired copy of a YOLO set into a new folder; the original is never changed"
    command.add_argument("--fix", type=Path, metavar="TARGET", help=copy)
    command.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    """Check one data set and return the exit status."""
    from lidd_yolo.data.checks.report import check_text  # noqa: PLC0415 - `--help` answers without OpenCV
    from lidd_yolo.data.checks.set_check import check  # noqa: PLC0415

    done = check(args.data, format=args.format, names=args.names, max_pixels=args.max_pixels, fix=args.fix)
    if args.json:
        fixed = {"fixed": {"target": str(done.copy), "pictures_left_out": done.left_out}} if done.copy else {}
        sys.stdout.write(json.dumps({**done.as_dict(), **fixed}, indent=1) + "\n")
    else:
        sys.stdout.write(check_text(done) + "\n")
        if done.copy is not None:
            left_out = f"{done.left_out} pictures left out (unusable, repeated, no usable label)."
            sys.stdout.write(
                f"Repaired copy in {done.copy}; {left_out} Check it again: lidd data check {done.copy / 'data.yaml'}\n"
            )
    return 1 if done.findings else 0
