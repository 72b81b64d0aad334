"""Command ``lidd report``: ledger and export certificates as one HTML page, or as Markdown; figures computed again.

Exit status: 0 done, 1 ``--verify`` found something, 2 the command could not run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.cli.words import named_files
from lidd_yolo.errors import InputError
from lidd_yolo.results.ledger import LEDGER, verify, without_evidence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``lidd report``."""
    which = "entries, such as 'neu-det-*', or the folder of their runs, such as runs/compare (default: all)"
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help=which)
    parser.add_argument("--ledger", type=Path, default=LEDGER, metavar="DIR", help=f"default: {LEDGER}")
    parser.add_argument("--plan", metavar="NAME_OR_FILE", help="plan with printed figures, such as lidd-table3")
    parser.add_argument("--out", type=Path, default=Path("report.html"), metavar="FILE", help="default: report.html")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown instead of a page")
    parser.add_argument("--verify", action="store_true", help="only compute the figures again from their evidence")
    parser.add_argument(
        "--certificates",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="best.parity.json of lidd export; without a PATTERN the page shows these alone",
    )
    shown = parser.add_argument_group("detections side by side on the page")
    shown.add_argument("--pictures", nargs="+", default=[], metavar="[NAME=]FILE", help="checkpoints, exported models")
    shown.add_argument("--data", metavar="YAML", help="data set of the pictures")
    shown.add_argument("--split", default="test", choices=("train", "val", "test"), help="default: test")
    shown.add_argument("--count", type=int, default=4, metavar="N", help="number of pictures (default: 4)")


def run(args: argparse.Namespace) -> int:
    """Run ``lidd report`` and return its exit status."""
    if args.verify:
        return _verify(args.ledger)
    if args.markdown and args.certificates:
        raise InputError("--certificates are for the page, --markdown has no place for them")
    if args.markdown:
        _print_markdown(args.ledger, args.patterns, args.plan)
    else:
        _write_page(args)
    return 0


def _verify(ledger: Path) -> int:
    if not ledger.is_dir():
        raise InputError(f"no ledger {ledger}")
    findings = verify(ledger)
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    if bare := without_evidence(ledger):
        sys.stdout.write(f"without evidence, guarded by git alone ({len(bare)}): {', '.join(bare)}\n")
    if not findings:
        sys.stdout.write(f"{ledger}: every figure that has evidence follows from it\n")
    return 1 if findings else 0


def _print_markdown(ledger: Path, patterns: Sequence[str], plan: str | None) -> None:
    from lidd_yolo.report.blocks import chosen_entries  # noqa: PLC0415 - not needed to verify
    from lidd_yolo.report.markdown import report_markdown  # noqa: PLC0415 - loads numpy
    from lidd_yolo.results.plan_file import read_printed  # noqa: PLC0415

    entries, left_out = chosen_entries(ledger, patterns)
    if left_out:
        sys.stderr.write(f"left out, not in {ledger} yet: {', '.join(left_out)}\n")
    sys.stdout.write(report_markdown(entries, read_printed(plan), ledger=ledger))


def _write_page(args: argparse.Namespace) -> None:
    from lidd_yolo.report.page import report  # noqa: PLC0415 - loads numpy

    with tempfile.TemporaryDirectory() as folder:
        written = report(
            args.ledger if args.patterns or not args.certificates else None,
            runs=args.patterns,
            out=args.out,
            plan=args.plan,
            certificates=args.certificates,
            pictures=_draw(args, Path(folder) / "detections.jpg") if args.pictures else None,
        )
    sys.stdout.write(f"wrote {written.page}: {written.contents}\n")
    for warning in written.warnings:
        sys.stderr.write(f"{warning}\n")


def _draw(args: argparse.Namespace, target: Path) -> Path:
    from lidd_yolo.report.side_by_side import draw_side_by_side  # noqa: PLC0415 - loads OpenCV

    if args.data is None:
        raise InputError("--pictures needs --data: the data set whose pictures are shown")
    draw_side_by_side(named_files(args.pictures), args.data, target, split=args.split, count=args.count)
    return target
