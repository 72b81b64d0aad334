"""A data set split anew: lists of pictures, data YAML, groups and ``split.json``; the pictures stay where they are.

Layout: Ultralytics, "Object Detection Datasets Overview" (text files as splits). The keys added to the data YAML say
how the split was made; Ultralytics ignores them, our trainers read the leak.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import yaml
from numpy.typing import NDArray

from lidd_yolo.data.groups.families import carry_record
from lidd_yolo.data.groups.find_groups import find_groups, join_families
from lidd_yolo.data.groups.picture_groups import (
    GROUPS_FILE,
    SPLIT_FILE,
    PictureGroups,
    all_pictures,
    read_groups,
    split_names,
)
from lidd_yolo.data.readers.data_yaml import YoloSet, label_file, read_yolo_set
from lidd_yolo.data.readers.pictures_only import pictures_only
from lidd_yolo.data.splits.division import SIDES, balance_columns, count_labels, divide, parse_ratio, shortfalls
from lidd_yolo.data.splits.report import SplitReport
from lidd_yolo.errors import InputError
from lidd_yolo.files import all_or_nothing, check_name, check_writable, is_free
from lidd_yolo.progress import progress

_REPLACED = frozenset({"path", "download", "minival", "names", "nc", *SIDES})


@dataclass(frozen=True, repr=False)
class NewSplit:
    """What `split` has made.

    Args:
        target: Folder with lists, ``groups.json`` and ``split.json``.
        files: The data YAMLs: ``data.yaml``, or one for each fold.
        report: Content of ``split.json``.
        groups: Which pictures belong together, and why.
        leak_before: Leak of the split that the data set had.
        unlabelled: Number of pictures without a label file.
    """

    target: Path
    files: list[Path]
    report: SplitReport
    groups: PictureGroups
    leak_before: dict[str, float]
    unlabelled: int

    def __repr__(self) -> str:
        """Return sizes, leak and files."""
        files = [str(file) for file in self.files]
        return f"NewSplit(images={dict(self.report.images)}, leak={dict(self.report.leak)}, files={files})"


def split(  # noqa: PLR0913 - the options of the command
    data: str | Path,
    *,
    ratio: str = "8:1:1",
    seed: int = 0,
    folds: int = 0,
    groups: str | Path | None = None,
    burst: str | None = None,
    target: str | Path | None = None,
    copy: bool = False,
    overwrite: bool = False,
) -> NewSplit:
    """Divide all pictures of a data set by whole groups, with the classes balanced, whatever its present split.

    Args:
        data: Its data YAML, or the name of a packaged one.
        ratio: Shares of train, val and perhaps test.
        seed: Seed of the split.
        folds: Number of folds into which train and val are cut instead, each of them val once; 0 for none.
        groups: A ``groups.json`` or ``split.json`` to take the groups from; None finds them.
        burst: Regular expression with a group: joins pictures whose file names agree in it; not with ``groups``.
        target: Folder to make; None makes ``NAME-grouped`` beside the data set's folder.
        copy: Whether to copy pictures and labels into ``target`` instead of listing where they are; not with ``folds``.
        overwrite: Whether to replace a split made before.

    Raises:
        InputError: If the data set is not there or damaged, an argument is out of range, groups are too few, the file
            of groups is damaged or lacks a picture, or ``target`` must not be written to.
        OSError: If the target cannot be written.
    """
    try:
        if copy and folds:
            raise InputError("--copy and --folds exclude each other: a picture would be copied once for every fold")
        if groups is not None and burst is not None:
            raise InputError("--groups and --burst exclude each other: use --burst when the groups file is made")
        ratios = parse_ratio(ratio)
        source = read_yolo_set(data)
        folder = Path(target or source.root.resolve().with_name(f"{source.root.resolve().name}-grouped"))
        _check_lists(folder, all_pictures(source).values(), overwrite=overwrite)  # before the pictures are looked at
        source, passed = pictures_only(source)
        files = all_pictures(source)
        together = join_families(read_groups(Path(groups), files), files) if groups else find_groups(files, burst)[0]
        together = replace(together, problems=(*passed, *together.problems))
        labels = count_labels(list(files.values()), len(source.names))
        columns = balance_columns(labels.counts, segments=labels.segments)
        parts, expected = divide(together.numbers, columns, ratios, seed, folds)
        off = shortfalls(parts, expected, together.numbers, labels.counts, together.names, source.names)
        named = {part: [together.names[index] for index in indices] for part, indices in parts.items()}
        division = Division(named, expected, seed, labels.counts, together, off)
        made, report = write_division(folder, source, division, files, copy=copy)
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        raise InputError(str(error)) from error
    return NewSplit(folder, made, report, together, together.leaks(split_names(source)), labels.unlabelled)


def _check_lists(target: Path, pictures: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse a target that is no split made here, or holds pictures that are to be split."""
    check_target(target, overwrite=overwrite)
    if not is_free(target) and not (target / GROUPS_FILE).is_file():
        raise InputError(f"{target} is a data set and no split made here; choose another target")
    if any(picture.resolve().is_relative_to(target.resolve()) for picture in pictures):
        raise InputError(f"{target} holds pictures that are to be split; choose another target")


@dataclass(frozen=True)
class Division:
    """A finished split.

    ``parts`` are the names of the pictures of each side, or of each fold and perhaps ``test``; ``ratios`` the expected
    share of each; ``counts`` the objects of each class in the order of ``groups.names``, shape ``(N, C)``.
    """

    parts: Mapping[str, Sequence[str]]
    ratios: Mapping[str, float]
    seed: int
    counts: NDArray[np.int64]
    groups: PictureGroups
    shortfalls: Sequence[str]

    @property
    def folds(self) -> tuple[str, ...]:
        """Names of the folds; empty for sides."""
        return tuple(part for part in self.parts if part.startswith("fold"))

    def sides(self, fold: str = "") -> dict[str, list[str]]:
        """Return the pictures of train, val and perhaps test; of one fold, that one is val and the others train."""
        if not fold:
            return {side: list(names) for side, names in self.parts.items()}
        train = sorted(name for part in self.folds if part != fold for name in self.parts[part])
        test = {"test": list(self.parts["test"])} if "test" in self.parts else {}
        return {"train": train, "val": list(self.parts[fold]), **test}


def describe_division(data: YoloSet, division: Division) -> SplitReport:
    """Return the content of ``split.json``."""
    row = {name: place for place, name in enumerate(division.groups.names)}
    boxes = {part: division.counts[[row[name] for name in names]].sum(axis=0) for part, names in division.parts.items()}
    return SplitReport.of(
        division.groups,
        division.parts,
        dataset=data.root.name,
        protocol="grouped",
        seed=division.seed,
        ratios={part: round(share, 4) for part, share in division.ratios.items()},
        boxes={part: dict(zip(data.names, map(int, sums), strict=True)) for part, sums in boxes.items()},
        rule=dict(division.groups.rule),
        leak=_leak(division),
        shortfalls=list(division.shortfalls),
        problems=[problem.as_dict() for problem in division.groups.problems],
    )


def write_division(
    target: Path, data: YoloSet, division: Division, files: Mapping[str, Path], *, copy: bool = False
) -> tuple[list[Path], SplitReport]:
    """Write the split, whole or not at all: lists, or with ``copy`` pictures and labels, which is not for folds.

    Returns the data YAMLs, ``data.yaml`` or one for each fold, and the content of ``split.json``.
    """
    if copy and division.folds:
        raise InputError("--copy and --folds exclude each other: a picture would be copied once for every fold")
    report = describe_division(data, division)
    made = []
    with all_or_nothing(target) as folder:
        for fold in division.folds or ("",):
            ending = f"-{fold}" if fold else ""
            sides = division.sides(fold)
            places = _copied(folder, sides, files, report) if copy else _listed(folder, sides, files, ending)
            file = folder / f"data{ending}.yaml"
            file.write_text(_data_yaml(data, places, report), encoding="utf-8")
            made.append(target.absolute() / file.name)
        division.groups.write(folder, data=data.file.name)
        report.write(folder)
    return made, report


def _leak(division: Division) -> dict[str, float]:
    """Return the leak of each side; of folds, the largest of any."""
    largest: dict[str, float] = {}
    for fold in division.folds or ("",):
        for side, share in division.groups.leaks(division.sides(fold)).items():
            largest[side] = max(largest.get(side, 0.0), share)
    return largest


def _listed(folder: Path, sides: Mapping[str, Sequence[str]], files: Mapping[str, Path], ending: str) -> dict[str, str]:
    """Write the list of each side and return what the data YAML says of it."""
    places = {side: f"{side}{ending}.txt" for side in sides}
    for side, names in sides.items():
        for name in names:
            check_name(files[name].absolute())
        lines = [f"{files[name].absolute()}\n" for name in names]
        (folder / places[side]).write_text("".join(lines), encoding="utf-8")
    return places


def _copied(
    folder: Path, sides: Mapping[str, Sequence[str]], files: Mapping[str, Path], report: SplitReport
) -> dict[str, str]:
    """Copy pictures and labels of each side; return where the sides are, and note in its entry where each copy is."""
    work = [(side, name) for side, names in sides.items() for name in names]
    stems = [PurePosixPath(name).stem for _, name in work]
    alike = len(set(stems)) < len(stems)  # pictures of two folders, or of one name but for the ending: one label file
    placed: dict[Path, str] = {}
    for number, (side, name) in enumerate(progress(work, len(work), "copying pictures")):
        own = f"{number:06d}_{files[name].name}" if alike else files[name].name
        picture = folder / "images" / side / own
        label = label_file(picture)
        for place in (picture, label):
            place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[name], picture)
        if label_file(files[name]).is_file():
            shutil.copyfile(label_file(files[name]), label)
        placed[files[name]] = report.pictures[name]["file"] = picture.relative_to(folder).as_posix()
    carry_record(folder, placed)
    return {side: f"images/{side}" for side in sides}


def _data_yaml(data: YoloSet, places: Mapping[str, str], report: SplitReport) -> str:
    """Return the text of a data YAML: places, names, how the split was made, and what else the old one says."""
    further = {key: value for key, value in data.content.items() if key not in _REPLACED}
    made = {
        "protocol": report.protocol,
        "split_seed": report.seed,
        "group_sha256": report.group_sha256,
        "split_sha256": report.split_sha256,
        "leak": dict(report.leak),
    }
    head = "# Made by `lidd data split`: pictures that show the same thing are on one side. See split.json beside it.\n"
    content = {**places, "names": dict(enumerate(data.names)), **further, **made}
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def check_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that is no data set made here, is there while ``overwrite`` is off, or cannot be made."""
    check_writable(target)
    if is_free(target):
        return
    if not (target / SPLIT_FILE).is_file():
        reason = f"is no data set made here (it has no {SPLIT_FILE})"
        raise InputError(f"{target} exists and {reason}; choose another target")
    if not overwrite:
        raise InputError(f"{target} already exists; use --overwrite to make it again, or choose another target")
