"""Command ``lidd predict``: OK or not OK for every picture, why, and how large the defects are.

Exit status: 0 all are OK, 1 something was found, 2 could not run, or a picture could not be judged (the rest is done).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lidd_yolo.cli.words import add_tile_and_scale, first_lines
from lidd_yolo.exit_status import COULD_NOT_RUN, DONE, FINDINGS

if TYPE_CHECKING:
    from lidd_yolo.inspection.predict import Predicted

_ABOUT = """Judge pictures with any detector or segmenter of Ultralytics. results.csv has a line for every picture,
defects.csv one for every defect, results.jsonl both; each line is written as soon as its picture is judged. Exit
status: 0 all are OK, 1 something was found, 2 could not run, or a picture could not be judged (the rest is done)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd predict``."""
    parser.description = _ABOUT
    parser.add_argument("model", metavar="MODEL", help="checkpoint or exported file, such as best.pt")
    parser.add_argument("source", metavar="SOURCE", help="file, folder, pattern, list, video, stream or address")
    text = "operating.yaml of `lidd inspect`, whose thresholds are used (default: that in an exported file)"
    parser.add_argument("--operating", type=Path, metavar="FILE", help=text)
    text = "use them with other weights than those they were made for"
    parser.add_argument("--any-weights", action="store_true", help=text)
    add_tile_and_scale(parser, "; default: the operating point's tiles")
    text = "threshold of all classes, without an operating point (default: 0.25)"
    parser.add_argument("--conf", type=float, metavar="C", help=text)
    parser.add_argument(
        "--imgsz", type=int, metavar="PX", help="input size (default: the operating point's, or the training's)"
    )
    parser.add_argument("--device", metavar="D", help="cpu, 0, ... as in Ultralytics")
    text = "draw the defects into copies of the pictures that are not OK"
    parser.add_argument("--pictures", action="store_true", help=text)
    text = "folder to make (default: predictions); must not hold anything"
    parser.add_argument("--out", type=Path, default=Path("predictions"), metavar="DIR", help=text)


def run(args: argparse.Namespace) -> int:
    """Judge and return the exit status."""
    from lidd_yolo.inspection.predict import UNREADABLE, predict  # noqa: PLC0415 - `--help` answers without OpenCV

    options = {key: value for key, value in vars(args).items() if key not in {"command", "run"}}
    done = predict(**options, say=_say)
    sys.stdout.write(f"{_summary(done, args)}\n")
    if done.verdicts[UNREADABLE]:
        return COULD_NOT_RUN
    return FINDINGS if done.defects else DONE


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _summary(done: Predicted, args: argparse.Namespace) -> str:
    from lidd_yolo.inspection.predict import NOT_OK, OK, RESULTS  # noqa: PLC0415 - as above

    lines = [f"{done.verdicts.total()} pictures: {done.verdicts[OK]} OK, {done.verdicts[NOT_OK]} NOT OK"]
    if done.unreadable:
        lines[0] += f", {len(done.unreadable)} could not be judged, neither OK nor NOT OK:"
        lines += first_lines(done.unreadable, RESULTS, indent="  ")
    lines += [f"{name}: {count} defects" for name, count in sorted(done.defects.items())]
    if done.operating:
        lines.append(f"thresholds of {done.operating}: {', '.join(f'{k} {v:g}' for k, v in done.thresholds.items())}")
    else:
        threshold = next(iter(done.thresholds.values()))
        lines.append(f"threshold {threshold:g} for all classes: no operating point was given, and nothing is promised")
    if done.tiling:
        lines.append(f"pictures cut into tiles of {done.tiling} pixels")
    if done.without_scale:
        lines.append(f"{done.without_scale} pictures are not in {args.mm_per_pixel}: their sizes are in pixels alone")
    return "\n".join([*lines, f"results: {done.out / RESULTS}"])
