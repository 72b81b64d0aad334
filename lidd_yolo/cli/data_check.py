"""Command ``lidd data check``: what is wrong with a data set, file by file, and a repaired copy of it.

Exit status: 0 clean, 1 findings, 2 the check could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lidd_yolo.data.labels.annotation import MAX_PIXELS

if TYPE_CHECKING:
    from lidd_yolo.data.checks.set_check import SetCheck

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
    """Check one data set and return the exit status.

    Args:
        args: What the parser with `add_arguments` returned.
    """
    from lidd_yolo.data.checks.report import check_json, check_text  # noqa: PLC0415 - `--help` answers without it

    done, left_out = _check(args)
    if args.json:
        fixed = {} if args.fix is None else {"fixed": {"target": str(args.fix), "pictures_left_out": left_out}}
        sys.stdout.write(json.dumps({**check_json(done), **fixed}, indent=1) + "\n")
    else:
        sys.stdout.write(check_text(done) + "\n")
        if args.fix is not None:
            told = f"Repaired copy in {args.fix}; {left_out} pictures left out (unusable, repeated, no usable label)."
            sys.stdout.write(f"{told} Check it again: lidd data check {args.fix / 'data.yaml'}\n")
    return 1 if done.findings else 0


def _check(args: argparse.Namespace) -> tuple[SetCheck, int]:
    """Return the check's result and the number of pictures that a repaired copy leaves out."""
    from lidd_yolo.data.checks.repair import repair_set  # noqa: PLC0415 - `--help` answers without OpenCV
    from lidd_yolo.data.checks.set_check import check_folder, check_yolo_set  # noqa: PLC0415
    from lidd_yolo.data.readers.data_yaml import read_yolo_set  # noqa: PLC0415
    from lidd_yolo.files import check_new  # noqa: PLC0415

    if args.max_pixels < 1:
        raise ValueError(f"--max-pixels must be 1 or more, got {args.max_pixels}")
    if args.format != "yolo":
        if args.fix is not None:
            raise ValueError("--fix repairs YOLO sets; `lidd data convert` makes one, without what cannot be used")
        return check_folder(Path(args.data), args.format, args.names, max_pixels=args.max_pixels), 0
    if args.names:
        raise ValueError("--names goes with --format; a YOLO set has its classes in the data YAML")
    if Path(args.data).is_dir():
        raise ValueError(f"{args.data} is a folder: give its data YAML, or say --format {' or '.join(FORMATS)}")
    data = read_yolo_set(args.data)
    if args.fix is not None:
        check_new(args.fix)  # before the check, which may take a while
    done = check_yolo_set(data, max_pixels=args.max_pixels)
    return done, repair_set(data, done, args.fix) if args.fix is not None else 0
