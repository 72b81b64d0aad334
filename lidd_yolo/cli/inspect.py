"""Command ``lidd inspect``: choose thresholds for a network and say what it misses and rejects at them.

Exit status: 0 done, 1 the criterion is not kept on the test part, 2 the command could not run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lidd_yolo.cli.words import add_tile_and_scale, key_values
from lidd_yolo.errors import InputError
from lidd_yolo.exit_status import DONE, FINDINGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``lidd inspect``."""
    parser.add_argument("weights", type=Path, metavar="WEIGHTS", help="checkpoint or exported file: best.pt, best.onnx")
    parser.add_argument("--data", required=True, metavar="YAML", help="data set: chosen on its val, judged on its test")
    asked = parser.add_argument_group("what is asked of the thresholds, one of")
    asked.add_argument("--max-false-alarms", metavar="SHARE", help="at most so many good pictures rejected: 1%%")
    asked.add_argument("--min-recall", metavar="SHARE", help="at least so many defects of every class found: 99%%")
    asked.add_argument("--cost", metavar="PRICES", help="least cost: miss=50,false-alarm=1")
    parser.add_argument("--out", type=Path, default=Path("inspection"), metavar="DIR", help="default: inspection")
    parser.add_argument("--against", type=Path, metavar="WEIGHTS", help="another network, by the same criterion")
    parser.add_argument("--repeat", action="store_true", help="the pictures of a group are shots of one part")
    add_tile_and_scale(parser)
    parser.add_argument("--iou", type=float, default=0.5, metavar="X", help="overlap that finds a defect (0.5)")
    parser.add_argument("--imgsz", type=int, metavar="PX", help="input size (default: that of the training)")
    parser.add_argument("--device", metavar="D", help="as for yolo: cpu, 0")
    parser.add_argument("--no-pictures", action="store_true", help="no cuttings of pictures on the page")


def run(args: argparse.Namespace) -> int:
    """Run ``lidd inspect``; return `FINDINGS` if the criterion is not kept on test."""
    from lidd_yolo.inspection.inspect import inspect  # noqa: PLC0415 - the help must not wait for torch

    options = {key: value for key, value in vars(args).items() if key not in {"command", "run", "no_pictures"}}
    options["max_false_alarms"] = _share(args.max_false_alarms, "--max-false-alarms")
    options["cost"] = _prices(args.cost)
    options["min_recall"] = _share(args.min_recall, "--min-recall")
    inspection = inspect(**options, pictures=not args.no_pictures, say=_say)
    sys.stdout.write(f"{inspection}\n")
    return FINDINGS if inspection.kept is False else DONE


def _share(word: str | None, option: str) -> float | None:
    """Return ``1%`` or ``0.01`` as a share."""
    if word is None:
        return None
    try:
        return float(word.removesuffix("%")) / (100 if word.endswith("%") else 1)
    except ValueError as error:
        raise InputError(f"{option}: a share such as 1% or 0.01, not '{word}'") from error


def _prices(word: str | None) -> tuple[float, float] | None:
    if word is None:
        return None
    prices = key_values(part.strip().replace("false-alarm", "false_alarm") for part in word.split(","))
    if set(prices) != {"miss", "false_alarm"} or not all(isinstance(p, (int, float)) for p in prices.values()):
        raise InputError(f"--cost: two prices such as miss=50,false-alarm=1, not '{word}'")
    return float(prices["miss"]), float(prices["false_alarm"])


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
