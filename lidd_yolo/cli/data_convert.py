"""Command ``lidd data convert``: annotations in one of seven formats become a YOLO or COCO data set.

Exit status: 0 clean, 1 something was left out (the rest is done), 2 nothing could be done.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lidd_yolo.cli.words import problem_lines

if TYPE_CHECKING:
    from lidd_yolo.data.convert import Converted

FORMATS = ("voc", "coco", "labelme", "mask", "class-masks", "yolo", "xyxy")
TARGETS = ("yolo", "coco")
_ABOUT = """Convert annotations; the pictures are copied unchanged.

SOURCE is a folder; pictures and annotations are paired by folder and name, whether they lie together, in images/ and
labels/ (or annotations/, masks/, ...), with train/, val/ and test/ outside or inside. Also a JSON file (coco) or a data
YAML (yolo).
  voc          one XML file a picture; boxes are 1-based with the last pixel included, and read so
  coco         boxes, polygons (several of an object are a union), run lengths; crowd regions are left out and named
  labelme      polygons, rectangles, lines; shapes of one group_id are one object
  mask         class-index masks in masks/: 0 background, k the k-th class of --names; or one class a mask, beside the
               pictures too (--mask-suffix, --mask-threshold, --class-from folder)
  class-masks  masks/CLASS/NAME.png, or ground_truth/CLASS/NAME_mask.png: 0 background, one other value
  yolo         boxes or outlines; needs its data YAML or --names
  xyxy         text files of corners in pixels and a class, in any --columns

A picture without annotation is left out, unless you say that such pictures show no defect. Where fewer than half of the
annotation files have a picture, nothing is written: say what belongs together with --pair."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data convert``."""
    command.description = _ABOUT
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    formats = f"format of SOURCE: {', '.join(FORMATS)}"
    command.add_argument("--from", dest="kind", metavar="FORMAT", required=True, help=formats)
    command.add_argument("--to", choices=TARGETS, required=True, help="format of TARGET")
    command.add_argument("source", type=Path, metavar="SOURCE", help="folder, JSON file or data YAML to read")
    command.add_argument("target", type=Path, metavar="TARGET", help="folder to make; must not hold anything")
    names = command.add_mutually_exclusive_group()
    names.add_argument("--names", metavar="A,B,C", help="classes in the order of their numbers; others are left out")
    names.add_argument("--data", metavar="YAML", help="data YAML whose classes are taken, in its order")
    good = "what pictures without annotation are (default: leave-out)"
    command.add_argument("--unlabelled", choices=("good", "leave-out"), default="leave-out", help=good)
    pair = "which belong together, places below SOURCE: '{folder}/{stem}_test.jpg = {folder}_not/{stem}.txt'"
    command.add_argument("--pair", metavar="PATTERN", default="", help=pair)
    columns = "xyxy: what the columns are, others than these are not read (default: x1,y1,x2,y2,class)"
    command.add_argument("--columns", metavar="A,B,...", default="x1,y1,x2,y2,class", help=columns)
    command.add_argument("--separator", metavar="S", default="", help="xyxy: between columns (default: spaces, tabs)")
    command.add_argument("--first-class", type=int, metavar="N", default=0, help="xyxy: its number (default: 0)")
    suffix = "mask: end of a mask's name behind that of its picture, such as _mask.png"
    command.add_argument("--mask-suffix", metavar="END", default="", help=suffix)
    threshold = "mask, class-masks: least value of a defect, where there are others than 0 and one more"
    command.add_argument("--mask-threshold", type=int, metavar="N", help=threshold)
    command.add_argument("--class-from", choices=("value", "folder"), default="value", help="mask: what says its class")
    command.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Convert and return the exit status."""
    from lidd_yolo.data.convert import REPORT, convert  # noqa: PLC0415 - `--help` answers without OpenCV
    from lidd_yolo.data.readers.source import ReadRule  # noqa: PLC0415

    rule = ReadRule(
        pair=args.pair,
        unlabelled=args.unlabelled,
        columns=tuple(word.strip() for word in args.columns.split(",")),
        separator=args.separator.replace("\\t", "\t"),
        first_class=args.first_class,
        mask_suffix=args.mask_suffix,
        mask_threshold=args.mask_threshold,
        class_from=args.class_from,
    )
    names = None if args.names is None else [name.strip() for name in args.names.split(",")]
    done = convert(args.source, args.target, from_=args.kind, to=args.to, names=names, data=args.data, rule=rule)
    text = json.dumps({"target": str(done.target), **done.report}, indent=1) if args.json else _summary(done, REPORT)
    sys.stdout.write(text + "\n")
    return 0 if all(problem.repaired for problem in done.problems) else 1


def _summary(done: Converted, file: str) -> str:
    """Return what was made and what was wrong, as text for the screen; all of it is in a file."""
    report = done.report
    classes = ", ".join(f"{number} {name}" for number, name in enumerate(done.class_names))
    lines = [f"{report['from']} to {report['to']} in {done.target}", f"classes, {done.order}: {classes}", ""]
    for side, count in report["images"].items():
        each = ", ".join(f"{name} {number}" for name, number in report["objects"][side].items())
        lines.append(f"{side}: {count} pictures; {each}")
    total, bare, unlabelled = sum(report["images"].values()), report["without_objects"], report["unlabelled_good"]
    left_out = ", ".join(f"{number} {reason}" for reason, number in report["left_out"].items())
    lines += [
        f"{report['outlined']} objects with outline, {report['boxes_only']} with a box alone",
        f"pictures: {total - bare} with objects, {bare - unlabelled} without by their annotation, {unlabelled} by "
        f"--unlabelled good, {sum(report['left_out'].values())} left out{left_out and f' ({left_out})'}",
    ]
    if report["difficult"]:
        lines.append(f"{report['difficult']} objects were marked as difficult; {report['to']} has no place for that")
    lines += problem_lines(done.problems, file)
    if report["to"] == "yolo" and "val" not in report["images"]:
        lines += ["", f"There is no val side yet: lidd data split {done.target / 'data.yaml'}"]
    return "\n".join(lines)
