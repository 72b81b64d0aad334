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

BORDERS = ("constant", "reflect")
BOX_RULES = ("ellipse", "rectangle")
USUAL = {"times": 5, "angle": 180.0, "brightness": 0.3, "min_share": 0.25}
_ABOUT = """Make a data set of TIMES pictures for each original: the original, and copies that are mirrored, turned by
any angle and made brighter or darker, by lot. Labels are worked out from the outlines; where only a box is known, the
ellipse inside it (or the box, --box-rule) is turned and the smallest upright box taken. Only train is enlarged, since
copies on both sides of a split make its figures too high; --splits all does what the LIDD paper did."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data enlarge``."""
    command.description = _ABOUT
    command.add_argument("data", metavar="DATA.yaml", help="data YAML of a YOLO data set, boxes or outlines")
    told = f"pictures for each original, itself included (default: {USUAL['times']}, as in the paper)"
    command.add_argument("--times", type=int, default=USUAL["times"], metavar="N", help=told)
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all changes (default: 0)")
    told = "folder to make (default: beside the data set's, with -xN after its name); must not hold anything"
    command.add_argument("--target", type=Path, metavar="FOLDER", help=told)
    told = "what to enlarge: train (default) or all; the other sides are copied"
    command.add_argument("--splits", choices=("train", "all"), default="train", help=told)
    told = "largest turn to either side in degrees (default: 180)"
    command.add_argument("--angle", type=float, default=USUAL["angle"], metavar="DEGREES", help=told)
    told = f"largest share by which values grow or shrink (default: {USUAL['brightness']})"
    command.add_argument("--brightness", type=float, default=USUAL["brightness"], metavar="SHARE", help=told)
    told = "corners that a turn leaves free: grey 114 (default), or mirrored, with defects that have no label"
    command.add_argument("--border", choices=BORDERS, default="constant", help=told)
    told = "what is turned where only a box is known (default: ellipse)"
    command.add_argument("--box-rule", choices=BOX_RULES, default="ellipse", help=told)
    told = f"drop objects of which less of the area is left in the picture (default: {USUAL['min_share']})"
    command.add_argument("--min-share", type=float, default=USUAL["min_share"], metavar="SHARE", help=told)
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Enlarge and return the exit status.

    Args:
        args: What the parser with `add_arguments` returned.
    """
    from lidd_yolo.data.enlarge.change import Settings  # noqa: PLC0415 - `--help` answers without OpenCV
    from lidd_yolo.data.enlarge.data_set import enlarge  # noqa: PLC0415

    settings = Settings(args.times, args.seed, args.angle, args.brightness, args.border, args.box_rule, args.min_share)
    done = enlarge(args.data, args.target, settings, None if args.splits == "all" else ("train",))
    sys.stdout.write((json.dumps(_figures(done), indent=1) if args.json else _summary(done)) + "\n")
    return 0 if all(problem.repaired for problem in done.problems) else 1


def _figures(done: Enlarged) -> dict[str, Any]:
    """Return what was made, for JSON."""
    from lidd_yolo.data.enlarge.record import figures  # noqa: PLC0415 - as above

    return {
        "target": str(done.target),
        "images": done.images,
        "leak": done.leak,
        **figures(done.record),
        "problems": [problem.as_dict() for problem in done.problems],
    }


def _summary(done: Enlarged) -> str:
    """Return what was made and what was wrong, as text for the screen."""
    from lidd_yolo.data.readers.data_yaml import SPLITS  # noqa: PLC0415 - as above

    record = done.record
    lines = [
        f"{record['originals']} pictures, {record['copies']} copies of them, seed {record['seed']}, in {done.target}"
    ]
    for side in SPLITS:
        if side in done.images:
            told = "enlarged" if side in record["sides"] else "as it was"
            lines.append(f"{side}: {done.images[side]} pictures, {told}")
    share = f"{100 * record['min_share']:g} %"
    lines.append(f"{record['dropped']} objects dropped, of which less than {share} was left in the picture")
    if len(record["sides"]) > 1 and done.leak is None:
        lines.append("More than train is enlarged: never split this set again, copies would stand on both sides.")
    for side, leak in (done.leak or {}).items():
        lines.append(f"{side}: {100 * leak:.1f} % of the pictures share their group with one of train.")
    lines += problem_lines(done.problems, "--json")
    return "\n".join([*lines, "", f"Train with data={done.target / 'data.yaml'}"])
