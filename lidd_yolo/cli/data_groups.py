"""Command ``lidd data groups``: which pictures of a data set show the same thing, and what its split leaks by that.

Exit status: 0 no leak, 1 the split leaks, 2 could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lidd_yolo.cli.words import first_lines

if TYPE_CHECKING:
    from lidd_yolo.data.groups.picture_groups import PictureGroups

_SHOWN = 10


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data groups``."""
    command.description = (
        "Find pictures that are equal, turned, saved again or overlapping crops. Writes groups.json and a "
        "sheet of the pairs found. Exit status 0: no leak; 1: pictures of val or test share a group with train."
    )
    command.add_argument("data", metavar="DATA.yaml", help="data set, or the name of a packaged one")
    add_burst(command)
    command.add_argument("--out", type=Path, metavar="FOLDER", help="folder to make (default: NAME-groups here)")
    command.add_argument("--overwrite", action="store_true", help="replace a folder made before")
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def add_burst(command: argparse.ArgumentParser) -> None:
    """Add ``--burst``, which ``lidd data split`` has too."""
    text = r"join pictures whose file names agree in the group of this expression, such as '^(part\d+)_'"
    command.add_argument("--burst", metavar="REGEX", help=text)


def run(args: argparse.Namespace) -> int:
    """Group the pictures of a data set and return the exit status."""
    from lidd_yolo.data.groups.find_groups import groups  # noqa: PLC0415 - `--help` answers without OpenCV

    done = groups(args.data, out=args.out, burst=args.burst, overwrite=args.overwrite)
    if args.json:
        figures = {"file": str(done.file), **done.groups.figures(), "leak": done.leak}
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        lines = [*summarise(done.groups, done.leak), "", f"Groups in {done.file}"]
        lines += [f"{done.drawn} of {done.pairs} pairs drawn in {done.sheet}"] if done.sheet else []
        sys.stdout.write("\n".join(lines) + "\n")
    return 1 if any(done.leak.values()) else 0


def summarise(groups: PictureGroups, leak: dict[str, float]) -> list[str]:
    """Return what was found, as lines for the screen."""
    figures = groups.figures()
    about, pairs = figures["groups"], figures["pairs"]
    alone = about["sizes"].get(1, 0)
    lines = [
        f"{figures['images']} pictures in {about['count']} groups: {alone} pictures alone, the largest group of "
        f"{about['largest']}.",
        "Pairs: " + (", ".join(f"{count} {kind}" for kind, count in pairs.items()) or "none") + ".",
    ]
    shared = "share their group with a picture of train."
    lines += [f"{split}: {100 * share:.1f} % {shared}" for split, share in leak.items()]
    if any(leak.values()):
        lines.append(f"The present split LEAKS: its figures measure memory. {_way_out(about['count'])}")
    elif not leak:
        lines.append("The data set has no train beside another split, so there is nothing to leak.")
    return lines + first_lines(groups.problems, shown=_SHOWN)


def _way_out(groups: int) -> str:
    """Return what to do about a split that leaks."""
    if groups > 1:
        return "`lidd data split` makes one that does not."
    return (
        "All pictures hang together: if that is only because all show one fixture, say what belongs together in a "
        "groups.json of your own, for `lidd data split --groups`."
    )
