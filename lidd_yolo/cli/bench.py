"""Command ``lidd bench``: put finished runs into the ledger, draw curves and pictures, time networks and tools."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lidd_yolo.cli import bench_speed as speed_commands
from lidd_yolo.export.certificate import Certificate
from lidd_yolo.results.ledger import append, keep, read_ledger

_LEDGER = Path("benchmarks/results")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands to the parser of ``lidd bench``."""
    parser.add_argument("--ledger", type=Path, default=_LEDGER, metavar="DIR", help=f"default: {_LEDGER}")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    record = actions.add_parser("record", help="measure a finished yolo train run and add it to the ledger")
    record.add_argument("run_folder", type=Path, help="folder of the run, such as runs/detect/train")
    record.add_argument("--name", help="name of the entry (default: the folder's)")
    record.add_argument("--commit", help="commit the run was trained with (default: the present one)")
    record.add_argument("--note", default="", help="a sentence that readers of the figures need")

    curves = actions.add_parser("curves", help="draw accuracy over epochs and over training cost")
    curves.add_argument(
        "pattern", help="entries to draw, such as 'neu-det-*', or several patterns with spaces between them"
    )
    curves.add_argument("target", type=Path, help="picture to write")

    certificate = actions.add_parser("certificate", help="put a parity certificate of lidd export into the ledger")
    certificate.add_argument("file", type=Path, help="best.parity.json")
    certificate.add_argument("--name", required=True, help="of what, such as neu-det-lidd")

    _add_pictures(actions)

    speed_commands.add_commands(actions)

    actions.add_parser("checks", help="time lidd data check on 100 000 labels and add the times to the ledger")

    groups = actions.add_parser(
        "groups", help="time the search for pictures of one spot and add the times to the ledger"
    )
    groups.add_argument("--counts", type=int, nargs="+", metavar="N", help="pictures (default: 1000 5000 20000)")

    leaks = actions.add_parser("leaks", help="add to the ledger what random, published and grouped splits leak")
    leaks.add_argument("folders", type=Path, nargs="+", help="data sets made by lidd data, with their split.json")

    overlaps = actions.add_parser("overlaps", help="draw overlapping crops of generated steel as they are found")
    overlaps.add_argument("target", type=Path, help="picture to write, .jpg or .png")


def _add_pictures(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    pictures = actions.add_parser("pictures", help="draw pictures beside their labels and what networks find in them")
    pictures.add_argument("target", type=Path, help="picture to write, .jpg or .png")
    pictures.add_argument("--data", required=True, metavar="YAML", help="data set")
    pictures.add_argument(
        "--models", nargs="+", default=[], metavar="[NAME=]FILE", help="checkpoints or exported models"
    )
    pictures.add_argument("--split", default="val", choices=("train", "val", "test"))
    pictures.add_argument("--count", type=int, default=4, metavar="N", help="number of pictures (default: 4)")
    pictures.add_argument("--conf", type=float, default=0.25, metavar="C", help="smallest confidence (default: 0.25)")
    pictures.add_argument("--imgsz", type=int, metavar="PX", help="input size (default: each checkpoint's own)")
    pictures.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the choice (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Run ``lidd bench`` and return its exit status: 0 done, 2 could not run."""
    try:
        if args.action in speed_commands.ACTIONS:
            speed_commands.ACTIONS[args.action](args, _say)
        else:
            _ACTIONS[args.action](args)
    except (ImportError, OSError, ValueError) as error:
        sys.stderr.write(f"lidd bench {args.action}: {error}\n")
        return 2
    return 0


def _record(args: argparse.Namespace) -> None:
    from lidd_yolo.results.record import evidence_files, record_run  # noqa: PLC0415 - loads torch when it measures

    entry = record_run(args.run_folder, name=args.name, note=args.note)
    entry["commit"] = args.commit or entry["commit"]
    _say(f"wrote {append(entry, args.ledger, evidence_files(entry, args.run_folder))}")


def _certificate(args: argparse.Namespace) -> None:
    _say(f"wrote {keep(args.ledger, f'certificate-{args.name}', Certificate.read(args.file).as_dict())}")


def _curves(args: argparse.Namespace) -> None:
    from lidd_yolo.report.curves import draw_curves, step_ratios  # noqa: PLC0415 - loads matplotlib

    entries = read_ledger(args.ledger, args.pattern)
    if not entries:
        raise ValueError(f"no entry {args.pattern} in {args.ledger}")
    imgsz = entries[0]["arguments"]["imgsz"]
    steps = [
        e for name in ("train-step-lidd-{}-cpu", "train-step-{}") for e in read_ledger(args.ledger, name.format(imgsz))
    ]
    if not steps:
        raise ValueError(f"no step times in {args.ledger}: lidd bench steps")
    for model in draw_curves(entries, step_ratios(steps[0]), args.target):
        _say(f"{model}: no step time in {args.ledger}, so not in the plot over training time (lidd bench steps)")
    _say(f"wrote {args.target}")


def _pictures(args: argparse.Namespace) -> None:
    from lidd_yolo.report.side_by_side import draw_side_by_side  # noqa: PLC0415 - loads OpenCV

    models = {}
    for word in args.models:
        name, _, file = word.rpartition("=")
        if not Path(file).exists():
            raise ValueError(f"no model {file}")
        models[name or Path(file).stem] = Path(file)
    files = draw_side_by_side(
        models,
        args.data,
        args.target,
        split=args.split,
        count=args.count,
        conf=args.conf,
        imgsz=args.imgsz,
        seed=args.seed,
    )
    _say(f"wrote {args.target}: {', '.join(file.name for file in files)}")


def _checks(args: argparse.Namespace) -> None:
    from lidd_yolo.bench.data_tools import measure_checks  # noqa: PLC0415 - loads OpenCV

    results = measure_checks()
    for name, figures in results.items():
        _say(f"{figures['seconds']:6.1f} s  {name}")
    _say(f"wrote {keep(args.ledger, 'data-check', results)}")


def _groups(args: argparse.Namespace) -> None:
    from lidd_yolo.bench.data_tools import COUNTS, measure_groups  # noqa: PLC0415 - loads OpenCV

    results = measure_groups(args.counts or COUNTS)
    for name, figures in results.items():
        found = f"recall {figures['recall']:.4f}, precision {figures['precision']:.4f}"
        _say(f"{figures['seconds']:7.1f} s  {name:14s} {found}")
    _say(f"wrote {keep(args.ledger, 'data-groups', results)}")


def _leaks(args: argparse.Namespace) -> None:
    from lidd_yolo.bench.data_tools import measure_leaks  # noqa: PLC0415 - loads OpenCV

    for entry in measure_leaks(args.folders):
        for split, figures in entry["results"].items():
            told = ", ".join(f"{side} {100 * share:.1f} %" for side, share in figures["leak"].items())
            _say(f"{entry['dataset']:16s} {split:14s} {told}")
        _say(f"wrote {append(entry, args.ledger)}")


def _overlaps(args: argparse.Namespace) -> None:
    from lidd_yolo.bench.photographs import draw_overlaps  # noqa: PLC0415 - loads OpenCV

    _say(f"wrote {args.target}: {draw_overlaps(args.target)} pairs")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # what takes hours is followed in a log


_ACTIONS = {
    "record": _record,
    "certificate": _certificate,
    "curves": _curves,
    "pictures": _pictures,
    "checks": _checks,
    "groups": _groups,
    "leaks": _leaks,
    "overlaps": _overlaps,
}
