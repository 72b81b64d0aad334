"""Runs, plans and command lines of comparisons, small enough to be trained in a test."""

import argparse
from pathlib import Path

from lidd_yolo.cli import main as cli
from lidd_yolo.compare.plan import Run

SMALL = ("--imgsz", "64", "--batch", "4")


def make_run(**changes) -> Run:
    """Return a run of LIDD-Net with a seconds' budget."""
    values = {
        "name": "tiny-lidd-data-64px-2e-s0",
        "model": "lidd.yaml",
        "data": "data.yaml",
        "seed": 0,
        "imgsz": 64,
        "epochs": 2,
        "batch": 4,
        "recipe": "own",
        "extra": {"nbs": 4},
        "label": "LIDD-Net",
        "plan": "tiny",
        "protocol": "",
    }
    return Run(**{**values, **changes})


def parsed(*words: str) -> argparse.Namespace:
    """Return what ``lidd`` makes of these words."""
    return cli.command_parser(words).parse_args(list(words))


def compare(folder: Path, data: Path, *words: str) -> int:
    """Run ``lidd compare`` on this data, with ledger and runs below ``folder``; returns its exit status."""
    places = "--ledger", str(folder / "ledger"), "--project", str(folder / "runs"), "--name", "tiny"
    return cli.main(["compare", *places, "--data", str(data), *SMALL, *words])


def tiny_table(folder: Path, data: Path, *words: str) -> int:
    """Run ``lidd ablate`` or ``lidd reproduce`` for one epoch on this data, two trainings at once; its exit status."""
    places = "--ledger", str(folder / "ledger"), "--project", str(folder / "runs"), "--data", str(data)
    return cli.main([*words, *places, *SMALL, "--epochs", "1", "--seeds", "1", "--jobs", "2"])
