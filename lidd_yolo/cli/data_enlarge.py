"""Command ``lidd data enlarge``: changed copies of the training pictures, written beside them.

Exit status: 0 clean, 1 something was left out (the rest is done), 2 nothing could be done.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lidd_yolo.cli.words import problem_lines

if TYPE_CHECKING:
    from lidd_yolo.data.enlarge.data_set import Enlarged

_ABOUT = """Make a data set of TIMES pictures for each original: the original, and copies that are mirrored, turned by
any angle and made brighter or darker, by lot. Labels are worked out from the outlines; where only a box is known, the
ellipse inside it is turned and the smallest upright box taken. Only train is enlarged, since copies on both sides of a
split make its figures too high; --splits all does what the LIDD paper did."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data enlarge``."""
    command.description = _ABOUT
    command.add_argument("data", metavar="DATA.yaml", help="data YAML of a YOLO data set, boxes or outlines")
    text = "pictures for each original, itself included (default: 5, as in the paper)"
    command.add_argument("--times", type=int, default=5, metavar="N", help=text)
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all changes (default: 0)")
    text = "folder to make (default: beside the data set's, with -xN after its name); must not hold anything"
    command.add_argument("--target", type=Path, metavar="FOLDER", help=text)
    text = "what to enlarge: train (default) or all; the other sides are copied"
    command.add_argument("--splits", choices=("train", "all"), default="train", help=text)
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Enlarge and return the exit status."""
    from lidd_yolo.data.enlarge.data_set import enlarge  # noqa: PLC0415 - `--help` answers without OpenCV

    splits = None if args.splits == "all" else ("train",)
    done = enlarge(args.data, target=args.target, times=args.times, seed=args.seed, splits=splits)
    sys.stdout.write((json.dumps(_figures(done), indent=1) if args.json else _summary(done)) + "\n")
    return 0 if all(problem.repaired for problem in done.problems) else 1


def _figures(done: Enlarged) -> dict[str, Any]:
    """Return what was made, for JSON."""
    from lidd_yolo.data.enlarge.data_set import enlargement_figures  # noqa: PLC0415 - as above

    return {
        "target": str(done.target),
        "images": done.images,
        "leak": done.leak,
        **enlargement_figures(done.record),
        "problems": [problem.as_dict() for problem in done.problems],
    }


def _summary(done: Enlarged) -> str:
    """Return what was made and what was wrong, as text for the screen."""
    from lidd_yolo.data.readers.data_yaml import SPLITS  # noqa: PLC0415 - as above

    record = done.record
    count = f"{record['originals']} pictures, {record['copies']} copies of them"
    lines = [f"{count}, seed {record['seed']}, in {done.target}"]
    for side in SPLITS:
        if side in done.images:
            state = "enlarged" if side in record["sides"] else "as it was"
            lines.append(f"{side}: {done.images[side]} pictures, {state}")
    share = f"{100 * record['min_share']:g} %"
    lines.append(f"{record['dropped']} objects dropped, of which less than {share} was left in the picture")
    if len(record["sides"]) > 1 and done.leak is None:
        lines.append("More than train is enlarged: never split this set again, copies would stand on both sides.")
    for side, leak in (done.leak or {}).items():
        lines.append(f"{side}: {100 * leak:.1f} % of the pictures share their group with one of train.")
    lines += problem_lines(done.problems, "--json")
    return "\n".join([*lines, "", f"Train with data={done.target / 'data.yaml'}"])
