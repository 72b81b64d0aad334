"""Command ``lidd report``: ledger and export certificates as one HTML page, or as Markdown; figures computed again.

Exit status: 0 done, 1 ``--verify`` found something, 2 the command could not run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from lidd_yolo.report.blocks import Entry, training_entries
from lidd_yolo.report.selection import chosen_entries
from lidd_yolo.results.ledger import read_ledger, verify, without_evidence

_LEDGER = Path("benchmarks/results")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``lidd report``."""
    told = "entries, such as 'neu-det-*', or the folder of their runs, such as runs/compare (default: all)"
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help=told)
    parser.add_argument("--ledger", type=Path, default=_LEDGER, metavar="DIR", help=f"default: {_LEDGER}")
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
    """Run ``lidd report`` and return its exit status.

    Args:
        args: What the parser with `add_arguments` returned.
    """
    try:
        if args.verify:
            return _verify(args.ledger)
        if args.markdown and args.certificates:
            raise ValueError("--certificates are for the page, --markdown has no place for them")
        if args.markdown:
            _print_markdown(args)
        else:
            _write_page(args)
    except (ImportError, OSError, ValueError) as error:
        sys.stderr.write(f"lidd report: {error}\n")
        return 2
    return 0


def _verify(ledger: Path) -> int:
    if not ledger.is_dir():
        raise ValueError(f"no ledger {ledger}")
    findings = verify(ledger)
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    if bare := without_evidence(ledger):
        sys.stdout.write(f"without evidence, guarded by git alone ({len(bare)}): {', '.join(bare)}\n")
    if not findings:
        sys.stdout.write(f"{ledger}: every figure that has evidence follows from it\n")
    return 1 if findings else 0


def _print_markdown(args: argparse.Namespace) -> None:
    from lidd_yolo.report.markdown import report_markdown  # noqa: PLC0415 - not needed to verify

    sys.stdout.write(report_markdown(_chosen(args), args.plan, ledger=args.ledger))


def _write_page(args: argparse.Namespace) -> None:
    from lidd_yolo.report.page import report_page  # noqa: PLC0415 - not needed to verify

    entries: list[Entry] = []
    findings: list[str] = []
    if args.patterns or not args.certificates:
        entries = [*_chosen(args), *read_ledger(args.ledger, "latency-*")]
        findings = verify(args.ledger)
    with tempfile.TemporaryDirectory() as folder:
        drawn = _draw(args, Path(folder) / "detections.jpg") if args.pictures else None
        page = report_page(
            entries,
            args.ledger,
            plan=args.plan,
            findings=findings,
            pictures=drawn,
            certificates=args.certificates,
        )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(page, encoding="utf-8")
    told = [f"{len(training_entries(entries))} training runs"] if entries else []
    if held := len(args.certificates):
        told.append(f"{held} certificate{'' if held == 1 else 's'}")
    sys.stdout.write(f"wrote {args.out}: {', '.join(told)}\n")
    if findings:
        sys.stderr.write(
            f"the ledger is not what was written ({len(findings)}): see the page, or lidd report --verify\n"
        )


def _chosen(args: argparse.Namespace) -> list[Entry]:
    entries, left_out = chosen_entries(args.ledger, args.patterns)
    if left_out:
        sys.stderr.write(f"left out, not in {args.ledger} yet: {', '.join(left_out)}\n")
    return entries


def _draw(args: argparse.Namespace, target: Path) -> Path:
    from lidd_yolo.report.side_by_side import draw_side_by_side  # noqa: PLC0415 - loads OpenCV

    if args.data is None:
        raise ValueError("--pictures needs --data: the data set whose pictures are shown")
    models = {}
    for word in args.pictures:
        name, _, file = word.rpartition("=")
        if not Path(file).exists():
            raise ValueError(f"no model {file}")
        models[name or Path(file).stem] = Path(file)
    draw_side_by_side(models, args.data, target, split=args.split, count=args.count)
    return target
