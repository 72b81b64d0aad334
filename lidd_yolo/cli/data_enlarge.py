"""Command ``lidd data enlarge``: changed copies of the training pictures, written beside them.

Exit status: 0 clean, 1 something was left out (the rest is done), 2 nothing could be done.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lidd_yolo.data.enlarge.change import BORDERS, BOX_RULES, Settings
from lidd_yolo.data.enlarge.data_set import Enlarged, enlarge
from lidd_yolo.data.enlarge.record import figures
from lidd_yolo.data.readers.data_yaml import SPLITS

_SHOWN = 20
_ABOUT = """Make a data set of TIMES pictures for each original: the original, and copies that are mirrored, turned by
any angle and made brighter or darker, by lot. Labels are worked out from the outlines; where only a box is known, the
ellipse inside it (or the box, --box-rule) is turned and the smallest upright box taken. Only train is enlarged, since
copies on both sides of a split make its figures too high; --splits all does what the LIDD paper did."""


def add_commands(sub_parsers: Any) -> None:
    """Add the sub-command to the sub-parsers of ``lidd data``."""
    usual = Settings()
    line = "turned, mirrored, brighter and darker copies of the training pictures (offline augmentation)"
    command = sub_parsers.add_parser("enlarge", help=line, description=_ABOUT)
    command.set_defaults(run_data=run)
    command.add_argument("data", metavar="DATA.yaml", help="data YAML of a YOLO data set, boxes or outlines")
    told = f"pictures for each original, itself included (default: {usual.times}, as in the paper)"
    command.add_argument("--times", type=int, default=usual.times, metavar="N", help=told)
    command.add_argument("--seed", type=int, default=usual.seed, metavar="N", help="seed of all changes (default: 0)")
    told = "folder to make (default: beside the data set's, with -xN after its name); must not hold anything"
    command.add_argument("--target", type=Path, metavar="FOLDER", help=told)
    told = "what to enlarge: train (default) or all; the other sides are copied"
    command.add_argument("--splits", choices=("train", "all"), default="train", help=told)
    told = "largest turn to either side in degrees (default: 180)"
    command.add_argument("--angle", type=float, default=usual.max_angle, metavar="DEGREES", help=told)
    told = f"largest share by which values grow or shrink (default: {usual.brightness})"
    command.add_argument("--brightness", type=float, default=usual.brightness, metavar="SHARE", help=told)
    told = "corners that a turn leaves free: grey 114 (default), or mirrored, with defects that have no label"
    command.add_argument("--border", choices=BORDERS, default=usual.border, help=told)
    told = "what is turned where only a box is known (default: ellipse)"
    command.add_argument("--box-rule", choices=BOX_RULES, default=usual.box_rule, help=told)
    told = f"drop objects of which less of the area is left in the picture (default: {usual.min_share})"
    command.add_argument("--min-share", type=float, default=usual.min_share, metavar="SHARE", help=told)
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Enlarge and return the exit status.

    Args:
        args: What the parser with `add_commands` returned.
    """
    try:
        settings = Settings(
            args.times, args.seed, args.angle, args.brightness, args.border, args.box_rule, args.min_share
        )
        done = enlarge(args.data, args.target, settings, None if args.splits == "all" else ("train",))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"lidd data enlarge: {error}\n")
        return 2
    sys.stdout.write((json.dumps(_figures(done), indent=1) if args.json else _summary(done)) + "\n")
    return 0 if all(problem.repaired for problem in done.problems) else 1


def _figures(done: Enlarged) -> dict[str, Any]:
    """Return what was made, for JSON."""
    return {
        "target": str(done.target),
        "images": done.images,
        "leak": done.leak,
        **figures(done.record),
        "problems": [problem.as_dict() for problem in done.problems],
    }


def _summary(done: Enlarged) -> str:
    """Return what was made and what was wrong, as text for the screen."""
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
    for repaired, title in ((False, "left out"), (True, "repaired")):
        problems = [problem for problem in done.problems if problem.repaired is repaired]
        lines += ["", f"{len(problems)} {title}:"] if problems else []
        lines += [f"  {problem}" for problem in problems[:_SHOWN]]
        lines += [f"  and {len(problems) - _SHOWN} more, see --json"] if len(problems) > _SHOWN else []
    return "\n".join([*lines, "", f"Train with data={done.target / 'data.yaml'}"])
