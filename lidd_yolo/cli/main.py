"""Command ``lidd``: what the ``yolo`` command has no place for, and ``yolo`` itself where the start-up file is off.

Heavy packages are imported by the sub-command that needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

from lidd_yolo import __version__

_MODES = ("train", "val", "predict", "export", "track", "benchmark")
_TASKS = ("detect", "segment", "classify", "pose", "obb", "semantic", "depth")


def _data() -> ModuleType:
    from lidd_yolo.cli import data as commands  # noqa: PLC0415

    return commands


def _doctor() -> ModuleType:
    from lidd_yolo.cli import doctor  # noqa: PLC0415

    return doctor


def _bench() -> ModuleType:
    from lidd_yolo.cli import bench as commands  # noqa: PLC0415

    return commands


def _compare() -> ModuleType:
    from lidd_yolo.cli import compare as compare_command  # noqa: PLC0415

    return compare_command


def _ablate() -> ModuleType:
    from lidd_yolo.cli import ablate as ablate_command  # noqa: PLC0415

    return ablate_command


def _reproduce() -> ModuleType:
    from lidd_yolo.cli import reproduce as reproduce_command  # noqa: PLC0415

    return reproduce_command


def _export() -> ModuleType:
    from lidd_yolo.cli import export as commands  # noqa: PLC0415

    return commands


def _report() -> ModuleType:
    from lidd_yolo.cli import report as commands  # noqa: PLC0415

    return commands


_COMMANDS: dict[str, tuple[Callable[[], ModuleType], str]] = {
    "data": (_data, "make a data set for training from a published release"),
    "compare": (_compare, "train several networks alike, measure them and set them side by side"),
    "ablate": (_ablate, "train the networks of a paper's ablation table, row by row"),
    "reproduce": (_reproduce, "train what a paper's table compares and print its figures beside ours"),
    "export": (_export, "export a checkpoint and prove that the files compute what was trained"),
    "report": (_report, "make tables and a page with plots from the ledger, and check that nobody edited it"),
    "bench": (_bench, "keep measured results: record runs, draw curves and pictures, time networks and tools"),
    "doctor": (_doctor, "say which versions and what device are used, what is connected and what is wrong"),
}
"""Sub-command -> its module, which has ``add_arguments(parser)`` and ``run(args)``, and its line in the help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        argv: The words after ``lidd``; None takes them from the command line.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and _is_for_yolo(words[0]) and not _is_our_export(words):
        return _yolo(words)
    parser = _parser(asked=words[0] if words else "")
    if not words:
        parser.print_help()
        return 2
    args, more = parser.parse_known_args(words)
    if hasattr(args, "more"):  # argparse gives a command its KEY=VALUE words of one place only
        args.more += [word for word in more if "=" in word and not word.startswith("-")]
        more = [word for word in more if word not in args.more]
    if more:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    load, _ = _COMMANDS[args.command]
    return int(load().run(args))


def _parser(asked: str) -> argparse.ArgumentParser:
    """Return the parser; only the command asked for is loaded and has its arguments."""
    parser = argparse.ArgumentParser(
        prog="lidd",
        description="LIDD-Net and WLNet for surface defects, on Ultralytics' yolo command.",
        epilog="Every yolo command works here too, for example `lidd train model=lidd.yaml data=neu-det.yaml`: "
        "use it where the start-up file is off and `yolo` does not know our names (`lidd doctor` tells).",
    )
    parser.add_argument("--version", action="version", version=f"lidd_yolo {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (load, line) in _COMMANDS.items():
        command = commands.add_parser(name, help=line)
        if name == asked:
            load().add_arguments(command)
    return parser


def _is_for_yolo(word: str) -> bool:
    return word in _MODES or word in _TASKS or (not word.startswith("-") and "=" in word)


def _is_our_export(words: list[str]) -> bool:
    """Tell ``lidd export best.pt --data ...`` from ``lidd export model=best.pt ...``, which is Ultralytics'."""
    return words[0] == "export" and "=" not in "".join(words[1:2])


def _yolo(words: list[str]) -> int:
    """Hand the command line to Ultralytics, which this package's import has connected."""
    from ultralytics.cfg import entrypoint  # noqa: PLC0415 - seconds to import

    # in place, as Ultralytics keeps the list it saw at its import; `predict` saves pictures only for its own first word
    sys.argv[:] = ["ultralytics", *words]
    entrypoint()
    return 0
