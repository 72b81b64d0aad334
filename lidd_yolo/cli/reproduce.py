"""Command ``lidd reproduce``: a table of a paper, its printed figures beside measured ones."""

from __future__ import annotations

import argparse

from lidd_yolo.cli.compare_options import add_run_options
from lidd_yolo.compare.execution import carry_out_plan, refuse
from lidd_yolo.compare.plan_file import find_plan, packaged_plans, read_plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of ``lidd reproduce``."""
    parser.description = (
        "Train what a table of a paper compares, with its size and budget, and print its figures beside ours. Splits "
        "are grouped, without leak; --protocol paper shows what the paper's split measures."
    )
    parser.add_argument("table", choices=packaged_plans())
    add_run_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run ``lidd reproduce`` and return its exit status: see `carry_out_plan`, and 2 for wrong words."""
    try:
        return carry_out_plan(read_plan(find_plan(args.table)), args)
    except (OSError, ValueError, ImportError) as error:
        return refuse("reproduce", error)
