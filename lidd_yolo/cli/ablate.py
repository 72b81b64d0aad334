"""Command ``lidd ablate``: the ablation table of a paper, row by row, on any data."""

from __future__ import annotations

import argparse

from lidd_yolo.cli.compare_options import add_run_options
from lidd_yolo.compare.execution import carry_out_plan, refuse
from lidd_yolo.compare.plan_file import find_plan, read_plan

_PLANS = {"lidd": "lidd-table2", "wlnet": "wlnet-table1"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of ``lidd ablate``."""
    parser.description = "Train the networks of a paper's ablation table and set them beside the printed figures."
    parser.add_argument("paper", choices=sorted(_PLANS))
    add_run_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run ``lidd ablate`` and return its exit status: see `carry_out_plan`, and 2 for wrong words."""
    try:
        return carry_out_plan(read_plan(find_plan(_PLANS[args.paper])), args)
    except (OSError, ValueError, ImportError) as error:
        return refuse("ablate", error)
