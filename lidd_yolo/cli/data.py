"""Command ``lidd data``: make, check, group, split and enlarge data sets; each sub-command is a file of ``cli``.

Exit status of every sub-command: 0 clean, 1 findings (the rest is done), 2 nothing could be done, 130 stopped
by the user.
"""

from __future__ import annotations

import argparse
import sys

from lidd_yolo.cli import data_check as check
from lidd_yolo.cli import data_convert as convert
from lidd_yolo.cli import data_enlarge as enlarge
from lidd_yolo.cli import data_groups as groups
from lidd_yolo.cli import data_releases as releases
from lidd_yolo.cli import data_split as split

_MODULES = (releases, check, convert, groups, split, enlarge)
"""Each has ``add_commands(sub_parsers)``, which sets ``run_data`` to a function of the arguments."""


_STOPPED = 130
"""What shells give for a command that the user stopped."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add every sub-command to the parser of ``lidd data``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for module in _MODULES:
        module.add_commands(actions)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command that was asked for and return its exit status."""
    try:
        return int(args.run_data(args))
    except KeyboardInterrupt:
        # A target that was not complete has been taken away by `lidd_yolo.files`.
        sys.stderr.write(f"\nlidd data {args.action}: stopped; nothing was written\n")
        return _STOPPED
