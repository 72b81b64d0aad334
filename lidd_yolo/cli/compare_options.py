"""Options that ``lidd compare``, ``ablate`` and ``reproduce`` share, and what they change of a plan."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what to train and how to the parser of a command."""
    parser.add_argument("--data", type=listed, metavar="YAMLS", help="data sets (default: the plan's)")
    parser.add_argument("--protocol", type=listed, metavar="NAMES", help="which splits of them, such as grouped,paper")
    parser.add_argument("--seeds", type=whole_number, metavar="N", help="number of seeds, counted from 0")
    parser.add_argument("--imgsz", type=whole_numbers, metavar="PX", help="input size; several: each in turn")
    told = "largest number of epochs, the same for all networks; several, such as 10,60: a block of runs for each"
    parser.add_argument("--epochs", type=whole_numbers, metavar="N", help=told)
    parser.add_argument("--batch", type=whole_number, metavar="N", help="pictures in a batch")
    parser.add_argument(
        "--recipe",
        type=listed,
        metavar="NAMES",
        help="training arguments: own (each network's), lidd, wlnet or a YAML file; several: each network each way",
    )
    parser.add_argument("--name", help="begins the names of runs and entries (default: the plan's)")
    parser.add_argument(
        "more",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="further arguments of yolo train, the same for all, such as amp=False",
    )
    _add_places(parser)


def _add_places(parser: argparse.ArgumentParser) -> None:
    here = parser.add_argument_group("here and now")
    here.add_argument("--device", metavar="D", help="as for yolo train")
    told = "trainings at once (default: 1; with --ray as many as there is room for)"
    here.add_argument("--jobs", type=whole_number, metavar="N", help=told)
    told = "train on a Ray cluster: auto, local, HOST:PORT or ray://HOST:PORT; the folders are on a shared disk"
    here.add_argument("--ray", metavar="ADDRESS", help=told)
    told = "with --ray: cores for a training (default: 4, or as many as the machines have)"
    here.add_argument("--cpus", type=whole_number, metavar="N", help=told)
    here.add_argument(
        "--time-limit",
        type=seconds,
        metavar="T",
        help="such as 90s, 9m or 1h30m: stop at an epoch's end before it is over (exit status 75); call again to go on",
    )
    here.add_argument("--ledger", type=Path, default=Path("benchmarks/results"), metavar="DIR")
    here.add_argument("--project", type=Path, default=Path("runs/compare"), metavar="DIR", help="folder of the runs")
    here.add_argument("--again", action="store_true", help="train anew what is there with other arguments or data")
    here.add_argument("--dry-run", action="store_true", help="list the runs and how far each is")


def listed(text: str) -> list[str]:
    """Return the words of a list with commas."""
    found = [word.strip() for word in text.split(",") if word.strip()]
    if not found:
        raise argparse.ArgumentTypeError("is empty")
    return found


def whole_number(text: str) -> int:
    """Return a whole number that is at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"has to be a whole number from 1 on, not {text}")
    return int(text)


def whole_numbers(text: str) -> tuple[int, ...]:
    """Return the different whole numbers, at least 1, of a list with commas."""
    return tuple(dict.fromkeys(whole_number(word) for word in listed(text)))


def seconds(text: str) -> float:
    """Return a time such as ``90``, ``90s``, ``9m`` or ``1h30m`` in seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"has to be a time such as 90s, 9m or 1h30m, not {text}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
