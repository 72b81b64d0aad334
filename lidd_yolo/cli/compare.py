"""Command ``lidd compare``: train several networks alike and set them side by side."""

from __future__ import annotations

import argparse

from lidd_yolo.cli.compare_options import add_run_options, listed
from lidd_yolo.compare.execution import carry_out_plan, refuse
from lidd_yolo.compare.plan import RunPlan, plan_from_words
from lidd_yolo.compare.plan_file import find_plan, read_plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of ``lidd compare``."""
    parser.description = (
        "Train networks on the same data with the same budget, measure them, and put the figures into the ledger. "
        "Called again, it does only what is missing, and goes on where it was stopped."
    )
    parser.add_argument("--models", type=listed, metavar="A,B", help="model YAMLs or checkpoints")
    parser.add_argument("--plan", metavar="FILE", help="a plan's YAML file, or the name of a packaged one")
    add_run_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run ``lidd compare`` and return its exit status: see `carry_out_plan`, and 2 for wrong words."""
    try:
        return carry_out_plan(_plan(args), args)
    except (OSError, ValueError, ImportError) as error:
        return refuse("compare", error)


def _plan(args: argparse.Namespace) -> RunPlan:
    if args.plan and args.models:
        raise ValueError("--plan has its own models: leave --models out")
    if args.plan:
        return read_plan(find_plan(args.plan))
    if not args.models or not args.data:
        raise ValueError("what to compare: --models A,B --data YAML, or --plan FILE")
    return plan_from_words(args.models, args.data)
