"""Commands ``lidd data neu-det``, ``neu-seg`` and ``aluminium-sheet``: make a YOLO data set from a published release.

Exit status: 0 clean, 1 something in the release was left out (the rest is done), 2 nothing could be done.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lidd_yolo.cli.words import problem_lines
from lidd_yolo.data.readers.missing import FETCHED
from lidd_yolo.paths import datasets_dir, find_cfg

if TYPE_CHECKING:
    from lidd_yolo.data.releases.assemble import Conversion
    from lidd_yolo.data.splits.report import SplitReport


class _DataSet(NamedTuple):
    """One published release: its name, layout, protocols and what they do."""

    title: str
    layout: str
    protocols: tuple[str, ...]
    meaning: str
    min_pixels: int | None = None


SETS = {
    "neu-det": _DataSet(
        "NEU-DET",
        "IMAGES and ANNOTATIONS, Pascal VOC",
        ("grouped", "random", "paper"),
        "grouped: pictures of one spot stay on one side (default); random: 8:2 at random, leaks; paper: four changed "
        "copies of each picture, then 8:2 at random, leaks",
    ),
    "neu-seg": _DataSet(
        "NEU-Seg",
        "images and annotations, each with training and test, class-index masks",
        ("grouped", "paper", "official"),
        "grouped: pictures of one spot stay on one side (default); paper: random 8:1:1, leaks; "
        "official: train and test as published, val taken from train, leaks",
        min_pixels=16,
    ),
    "aluminium-sheet": _DataSet(
        "aluminium sheet",
        "images and json, labelme",
        ("grouped", "paper"),
        "grouped: photographs of one sheet stay on one side (default); paper: random 8:2, leaks",
    ),
}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data neu-det``, ``neu-seg`` or ``aluminium-sheet``."""
    name = command.prog.split()[-1]
    about = SETS[name]
    command.description = f"Convert the {about.title} release ({about.layout}) for `data={name}.yaml`."
    place = command.add_mutually_exclusive_group(required=True)
    place.add_argument("--source", type=Path, metavar="FOLDER", help="folder of the release")
    if name in FETCHED:
        text = f"fetch the release first, into FOLDER (default: {name}-release below Ultralytics' datasets_dir)"
        place.add_argument("--download", type=Path, nargs="?", const=Path(), metavar="FOLDER", help=text)
    command.add_argument(
        "--target",
        type=Path,
        metavar="DIR",
        help=f"folder to make (default: {name} below Ultralytics' datasets_dir, {name}-PROTOCOL for a protocol "
        "other than grouped)",
    )
    command.add_argument("--protocol", choices=about.protocols, default="grouped", help=about.meaning)
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the split (default: 0)")
    if about.min_pixels is not None:
        text = f"drop objects of fewer than N pixels and count them (default: {about.min_pixels})"
        command.add_argument("--min-pixels", type=int, default=about.min_pixels, metavar="N", help=text)
    replace = "replace a data set made before; no training may use it"
    command.add_argument("--overwrite", action="store_true", help=replace)
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Convert one release and return the exit status."""
    name = args.action.replace("-", "_")
    module = importlib.import_module(f"lidd_yolo.data.releases.{name}")  # here, as it loads OpenCV
    # apart, so that `data=neu-det.yaml` never means a split that leaks
    folder = args.action if args.protocol == "grouped" else f"{args.action}-{args.protocol}"
    further = {} if SETS[args.action].min_pixels is None else {"min_pixels": args.min_pixels}
    source, lines = _source(args)
    done: Conversion = getattr(module, f"convert_{name}")(
        source,
        args.target or datasets_dir() / folder,
        protocol=args.protocol,
        seed=args.seed,
        overwrite=args.overwrite,
        **further,
    )
    if args.json:
        sys.stdout.write(json.dumps({"target": str(done.target), **done.report.figures()}, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join([*lines, summary(done)]) + "\n")
    return 0 if all(problem.repaired for problem in done.problems) else 1


def _source(args: argparse.Namespace) -> tuple[Path, list[str]]:
    """Return the folder of the release, fetched with ``--download``, and what was verified, as lines for the screen."""
    if args.source is not None:
        return args.source, []
    from lidd_yolo.data.releases.download import PUBLISHERS, download_release  # noqa: PLC0415 - quick `--help`

    # an empty path: --download without a folder
    folder = datasets_dir() / f"{args.action}-release" if args.download == Path() else args.download
    done = download_release(PUBLISHERS[args.action], folder)
    verified = f"Release in {folder}: {done.equal} files verified by SHA-256, {len(done.unlisted)} not verified, as"
    return folder, [f"{verified} their checksums are not known here.", ""]


def summary(done: Conversion) -> str:
    """Return what was made and what was wrong, as text for the screen."""
    report = done.report
    groups, leak = report.groups, report.leak
    lines = [f"{report.dataset}, protocol {report.protocol}, seed {report.seed}, in {done.target}", ""]
    lines += _table(report)
    alone, largest = groups["sizes"].get(1, 0), groups["largest"]
    lines += ["", f"{groups['count']} groups: {alone} of a picture that overlaps no other, the largest of {largest}."]
    shared = "of the pictures share their group with one of train."
    lines += [f"{side}: {100 * share:.1f} % {shared}" for side, share in leak.items()]
    if any(leak.values()):
        lines.append("This split LEAKS: its figures are too high and say nothing about new plates.")
    if report.shortfalls:
        lines += ["", "The groups do not allow the ratios everywhere:", *(f"  {line}" for line in report.shortfalls)]
    lines += _labels(report)
    lines += problem_lines(done.problems, "split.json")
    lines += _shared_pictures(done)
    lines += ["", f"Train with data={_data_word(done.target)}"]
    return "\n".join(lines)


def _data_word(target: Path) -> str:
    """Return what ``yolo train`` takes for a data set: the name of its packaged YAML where that looks for it."""
    packaged = find_cfg(target.name, "datasets")
    in_its_place = packaged is not None and target == datasets_dir() / packaged.stem
    return packaged.name if packaged and in_its_place else str(target / "data.yaml")


def _shared_pictures(done: Conversion) -> list[str]:
    """Return a warning if the other of the two sets that share pictures lies beside this one."""
    from lidd_yolo.data.groups.picture_groups import SPLIT_FILE  # noqa: PLC0415 - quick `--help`

    other = {"neu-det": "neu-seg", "neu-seg": "neu-det"}.get(str(done.report.dataset))
    beside = sorted(done.target.absolute().parent.glob(f"{other}*/{SPLIT_FILE}")) if other else []
    if not beside:
        return []
    warning = "Most pictures of NEU-Seg are of NEU-DET too: test no network on the one that was trained on the other"
    return ["", f"{warning} ({beside[0].parent})."]


def _labels(report: SplitReport) -> list[str]:
    """Return what labels made from masks lose of them; nothing for other labels."""
    if "round_trip" not in report.facts:
        return []
    dropped, trip = report.facts["dropped"], report.facts["round_trip"]
    count, pixels = sum(dropped["objects"].values()), sum(dropped["pixels"].values())
    lines = ["", f"{count} objects of fewer than {dropped['min_pixels']} pixels dropped, {pixels} pixels in all."]
    if not trip["unequal"]:
        return [*lines, f"The labels give back the masks of all {trip['equal']} pictures, pixel for pixel."]
    name, worst = next(iter(trip["unequal"].items()))
    difference = f"the masks of {len(trip['unequal'])} pictures by {trip['pixels']} pixels in all"
    example = f"worst: {name}, {worst['pixels']} pixels, IoU {worst['iou']}."
    return [*lines, f"The labels differ from {difference}; {example}"]


def _table(report: SplitReport) -> list[str]:
    """Return pictures and boxes of each side, one column a class, with the share that the side holds."""
    boxes = report.boxes or {}
    columns = {"images": report.images}
    columns |= {name: {side: count[name] for side, count in boxes.items()} for name in next(iter(boxes.values()))}
    rows = [["", *columns]]
    for side in boxes:
        cells = [f"{n[side]} ({100 * n[side] / max(sum(n.values()), 1):.0f} %)" for n in columns.values()]
        rows.append([side, *cells])
    rows.append(["all", *(str(sum(n.values())) for n in columns.values())])
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
