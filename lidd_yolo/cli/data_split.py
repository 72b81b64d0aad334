"""Command ``lidd data split``: train, val and test of a data set by whole groups, as lists beside it.

Exit status: 0 clean, 1 the groups did not allow the ratios or a picture is unreadable, 2 could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lidd_yolo.cli.data_groups import add_burst, summarise

if TYPE_CHECKING:
    from lidd_yolo.data.groups.picture_groups import PictureGroups
    from lidd_yolo.data.readers.data_yaml import YoloSet
    from lidd_yolo.data.splits.label_counts import LabelCounts
    from lidd_yolo.data.splits.lists import Division


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data split``."""
    command.description = (
        "Divide all pictures of a data set, whatever its present split, by whole groups, with the classes "
        "balanced. Writes lists and a data YAML; the pictures stay where they are."
    )
    command.add_argument("data", metavar="DATA.yaml", help="data set, or the name of a packaged one")
    command.add_argument("--ratio", default="8:1:1", metavar="A:B:C", help="train:val:test or train:val (8:1:1)")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the split (default: 0)")
    told = "cut train and val into K folds instead, each val once; a test part keeps its share"
    command.add_argument("--folds", type=int, default=0, metavar="K", help=told)
    told = "groups.json of `lidd data groups`, or your own; or the split.json of a data set made by `lidd data`"
    command.add_argument("--groups", type=Path, metavar="FILE", help=told)
    add_burst(command)
    beside = "folder to make (default: NAME-grouped beside the data set's folder)"
    command.add_argument("--target", type=Path, metavar="FOLDER", help=beside)
    command.add_argument("--copy", action="store_true", help="copy pictures and labels into the target folder")
    command.add_argument("--overwrite", action="store_true", help="replace a split made before")
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Split a data set and return the exit status."""
    from lidd_yolo.data.groups.picture_groups import all_pictures, split_names  # noqa: PLC0415 - quick `--help`
    from lidd_yolo.data.readers.data_yaml import read_yolo_set  # noqa: PLC0415
    from lidd_yolo.data.splits.division import parse_ratio  # noqa: PLC0415
    from lidd_yolo.data.splits.label_counts import count_labels  # noqa: PLC0415
    from lidd_yolo.data.splits.lists import describe_division, write_division  # noqa: PLC0415

    try:
        data = read_yolo_set(args.data)
        target = args.target or data.root.resolve().with_name(f"{data.root.resolve().name}-grouped")
        files = all_pictures(data)
        _check_target(target, files.values(), overwrite=args.overwrite)
        ratios = parse_ratio(args.ratio)
        groups = _groups(args, files)
        labels = count_labels(list(files.values()), len(data.names))
        division = _divided(args, data, groups, labels, ratios)
        made = write_division(target, data, division, files, copy=args.copy)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"lidd data split: {error}\n")
        return 2
    report = {key: value for key, value in describe_division(data, division).items() if key != "pictures"}
    before = {split: round(share, 4) for split, share in groups.leaks(split_names(data)).items()}
    if args.json:
        facts = {"target": str(target), "yaml": [str(file) for file in made], "leak_before": before}
        sys.stdout.write(json.dumps({**facts, **report}, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(_summary(report, groups, labels, before, made)) + "\n")
    return 1 if division.shortfalls or groups.problems else 0


def _check_target(target: Path, pictures: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse a target that must not be replaced.

    Raises:
        FileExistsError: If it is there and ``overwrite`` is off, it is no split made here, or pictures would be lost.
    """
    from lidd_yolo.data.groups.groups_file import GROUPS_FILE  # noqa: PLC0415 - as above
    from lidd_yolo.data.splits.lists import check_target  # noqa: PLC0415

    check_target(target, overwrite=overwrite)
    if target.exists() and any(target.iterdir()) and not (target / GROUPS_FILE).is_file():
        raise FileExistsError(f"{target} is a data set and no split made here; choose another target")
    if any(picture.resolve().is_relative_to(target.resolve()) for picture in pictures):
        raise FileExistsError(f"{target} holds pictures that are to be split; choose another target")


def _groups(args: argparse.Namespace, files: dict[str, Path]) -> PictureGroups:
    """Return the groups from the file that was named, or found now."""
    from lidd_yolo.data.groups.groups_file import read_groups  # noqa: PLC0415 - as above
    from lidd_yolo.data.groups.picture_groups import find_groups, join_families  # noqa: PLC0415

    if args.groups is None:
        return find_groups(files, args.burst)[0]
    if args.burst is not None:
        raise ValueError("--groups and --burst exclude each other: use --burst when the groups file is made")
    return join_families(read_groups(args.groups, files), files)


def _divided(
    args: argparse.Namespace, data: YoloSet, groups: PictureGroups, labels: LabelCounts, ratios: dict[str, float]
) -> Division:
    """Return the split that was asked for."""
    from lidd_yolo.data.splits.division import divide, shortfalls  # noqa: PLC0415 - as above
    from lidd_yolo.data.splits.label_counts import balance_columns  # noqa: PLC0415
    from lidd_yolo.data.splits.lists import Division  # noqa: PLC0415

    parts, wanted = divide(groups.numbers, balance_columns(labels), ratios, args.seed, args.folds)
    off = shortfalls(parts, wanted, groups.numbers, labels.counts, groups.names, data.names)
    named = {part: [groups.names[index] for index in indices] for part, indices in parts.items()}
    return Division(named, wanted, args.seed, labels.counts, groups, off)


def _summary(
    report: dict[str, Any], groups: PictureGroups, labels: LabelCounts, before: dict[str, float], made: list[Path]
) -> list[str]:
    """Return what was made, as lines for the screen."""
    lines = [*summarise(groups, before), "", f"New split, seed {report['seed']}, whole groups only:"]
    total = sum(report["images"].values())
    for part, count in report["images"].items():
        objects = sum(report["boxes"][part].values())
        lines.append(f"  {part}: {count} pictures ({100 * count / total:.1f} %), {objects} objects")
    lines += [f"  leak of {side}: {100 * share:.1f} %" for side, share in report["leak"].items()]
    if labels.unlabelled:
        lines.append(f"{labels.unlabelled} pictures have no label file and count as pictures without objects.")
    if report["shortfalls"]:
        lines += ["The groups do not allow the ratios everywhere:", *(f"  {told}" for told in report["shortfalls"])]
    return [*lines, "", *(f"Train with data={file}" for file in made)]
