"""Command ``lidd``: what the ``yolo`` command has no place for, and ``yolo`` itself where the start-up file is off.

Only the module of the command that is asked for is imported, and that imports what it works with when it runs, so that
``--help`` answers at once. A module has ``add_arguments(parser)`` and ``run(args)``, which returns an exit status of
`lidd_yolo.exit_status`; a module of several commands tells them apart by the parser's ``prog`` and by ``args.command``
or ``args.action``. A group of commands has a table ``COMMANDS`` instead.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence

from lidd_yolo import __version__
from lidd_yolo.cli import interruption
from lidd_yolo.exit_status import COULD_NOT_RUN, NOBODY_READS

_MODES = ("train", "val", "predict", "export", "track", "benchmark")
_TASKS = ("detect", "segment", "classify", "pose", "obb", "semantic", "depth")

COMMANDS = {
    "data": ("lidd_yolo.cli.data", "make a data set for training from a published release"),
    "compare": ("lidd_yolo.cli.compare", "train several networks alike, measure them and set them side by side"),
    "ablate": ("lidd_yolo.cli.compare", "train the networks of a paper's ablation table, row by row"),
    "reproduce": (
        "lidd_yolo.cli.compare",
        "train what a paper's table compares and print its figures beside ours",
    ),
    "inspect": ("lidd_yolo.cli.inspect", "choose thresholds for a network and say what it misses and rejects at them"),
    "export": ("lidd_yolo.cli.export", "export a checkpoint and prove that the files compute what was trained"),
    "predict": (
        "lidd_yolo.cli.predict",
        "say of every picture whether it is OK, why not, and how large the defects are",
    ),
    "report": (
        "lidd_yolo.cli.report",
        "make tables and a page with plots from the ledger, and check that its figures follow from their evidence",
    ),
    "bench": (
        "lidd_yolo.cli.bench",
        "keep measured results: record runs and certificates, draw pictures, time networks",
    ),
    "doctor": (
        "lidd_yolo.cli.doctor",
        "say which versions and what device are used, what is connected and what is wrong",
    ),
}
"""Command -> its module and its line in the help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command of these words after ``lidd``, or of the command line's; return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and _is_for_yolo(words[0]) and not _is_ours(words):
        return _yolo(words)
    parser = command_parser(words)
    if not words:
        parser.print_help()
        return COULD_NOT_RUN
    args, more = parser.parse_known_args(words)
    if hasattr(args, "more"):  # argparse gives a command its KEY=VALUE words of one place only
        args.more += [word for word in more if "=" in word and not word.startswith("-")]
        more = [word for word in more if word not in args.more]
    if more:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    """Run a command; what it cannot work with becomes one line on standard error."""
    name = " ".join(filter(None, ("lidd", args.command, getattr(args, "action", ""))))
    interruption.give_closed_streams_a_place()
    try:
        with interruption.stopped_as_by_ctrl_c():
            status = int(args.run(args))
            return NOBODY_READS if interruption.nobody_reads() else status
    except (OSError, ValueError, ImportError) as error:
        return _could_not_run(name, error)
    except RecursionError:
        return _could_not_run(name, "a file is nested too deeply to be read")
    except MemoryError as error:
        return _could_not_run(name, "there is not enough memory" + (f": {error}" if str(error) else ""))
    except KeyboardInterrupt as stop:
        # A target that was not complete has been taken away by `lidd_yolo.files`.
        interruption.complain(f"\n{name}: stopped{'; nothing was written' if args.command == 'data' else ''}")
        return interruption.status_of(stop)


def _could_not_run(name: str, error: object) -> int:
    """Say in one line why a command could not run; say nothing if that is because nobody reads its output.

    Names of files and libraries' messages may hold newlines and other control characters: they become escapes.
    """
    try:
        if isinstance(error, BrokenPipeError) and interruption.nobody_reads():
            return NOBODY_READS
    except OSError as full:
        error = full
    line = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(error))
    interruption.complain(f"{name}: {line}")
    return COULD_NOT_RUN


def command_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; of all commands only those that occur among the words have their arguments."""
    parser = argparse.ArgumentParser(
        prog="lidd",
        description="LIDD-Net and WLNet for surface defects, on Ultralytics' yolo command.",
        epilog="Every yolo command works here too, for example `lidd train model=lidd.yaml data=neu-det.yaml`: "
        "use it where the start-up file is off and `yolo` does not know our names (`lidd doctor` tells).",
    )
    parser.add_argument("--version", action="version", version=f"lidd_yolo {__version__}")
    named = [word for word in words if not word.startswith("-")]
    _add_commands(parser, COMMANDS, named[:1], named[1:], dest="command")
    return parser


def _add_commands(
    parser: argparse.ArgumentParser,
    table: Mapping[str, tuple[str, str]],
    words: Sequence[str],
    after: Sequence[str],
    *,
    dest: str,
) -> None:
    """Add the commands of a table to a parser; import the modules of those that occur among the words."""
    commands = parser.add_subparsers(dest=dest, required=True, metavar=dest.upper())
    for name, (dotted, line) in table.items():
        command = commands.add_parser(name, help=line)
        if name not in words:
            continue
        module = importlib.import_module(dotted)
        if hasattr(module, "add_arguments"):
            module.add_arguments(command)
        if hasattr(module, "run"):
            command.set_defaults(run=module.run)
        if hasattr(module, "COMMANDS"):
            _add_commands(command, module.COMMANDS, after, (), dest="action")


def _is_for_yolo(word: str) -> bool:
    return word in _MODES or word in _TASKS or (not word.startswith("-") and "=" in word)


def _is_ours(words: list[str]) -> bool:
    """Tell ``lidd export best.pt --data ...`` from ``lidd export model=best.pt ...``, which is Ultralytics'."""
    return words[0] in COMMANDS and "=" not in "".join(words[1:2])


def _yolo(words: list[str]) -> int:
    """Hand the command line to Ultralytics, which this package's import has connected."""
    from ultralytics.cfg import entrypoint  # noqa: PLC0415 - seconds to import

    # in place, as Ultralytics keeps the list it saw at its import; `predict` saves pictures only for its own first word
    sys.argv[:] = ["ultralytics", *words]
    entrypoint()
    return 0
