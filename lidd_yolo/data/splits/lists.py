"""A split on disk: lists of pictures, data YAML, groups and ``split.json``; the pictures stay where they are.

Layout: Ultralytics, "Object Detection Datasets Overview" (text files as splits). The keys added to the data YAML say
how the split was made; Ultralytics ignores them, our trainers read the leak.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from lidd_yolo.data.groups.digest import split_digest
from lidd_yolo.data.groups.families import carry_record
from lidd_yolo.data.groups.groups_file import GROUPS_FILE, REPORT, describe_groups, groups_text
from lidd_yolo.data.groups.picture_groups import PictureGroups
from lidd_yolo.data.readers.data_yaml import YoloSet, label_file
from lidd_yolo.data.splits.division import SIDES
from lidd_yolo.files import all_or_nothing, check_writable
from lidd_yolo.progress import progress

_REPLACED = frozenset({"path", "download", "minival", "names", "nc", *SIDES})


@dataclass(frozen=True)
class Division:
    """A finished split.

    Args:
        parts: Names of the pictures of each side, or of each fold and perhaps ``test``.
        ratios: Share wanted for each part.
        seed: Seed it was made with.
        counts: Objects of each class, by picture, in the order of ``groups.names``, shape ``(N, C)``.
        groups: What belongs together.
        shortfalls: Where the groups did not allow the ratios.
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


def describe_division(data: YoloSet, division: Division) -> dict[str, Any]:
    """Return the content of ``split.json``, with the keys that `lidd_yolo.data.releases.writer` gives it."""
    row = {name: place for place, name in enumerate(division.groups.names)}
    part_of = {name: part for part, names in division.parts.items() for name in names}
    boxes = {part: division.counts[[row[name] for name in names]].sum(axis=0) for part, names in division.parts.items()}
    found = describe_groups(division.groups)
    return {
        "dataset": data.root.name,
        "protocol": "grouped",
        "seed": division.seed,
        "ratios": {part: round(share, 4) for part, share in division.ratios.items()},
        "images": {part: len(names) for part, names in division.parts.items()},
        "boxes": {p: dict(zip(data.names, map(int, sums), strict=True)) for p, sums in boxes.items()},
        "groups": found["groups"],
        "rule": found["rule"],
        "leak": _leak(division),
        "shortfalls": list(division.shortfalls),
        "group_sha256": found["group_sha256"],
        "split_sha256": split_digest(division.parts),
        "problems": found["problems"],
        "pictures": {
            name: {"split": part_of[name], "group": group}
            for name, group in zip(division.groups.names, division.groups.numbers, strict=True)
        },
    }


def write_division(
    target: Path, data: YoloSet, division: Division, files: Mapping[str, Path], *, copy: bool = False
) -> list[Path]:
    """Write the split, whole or not at all.

    Args:
        target: Folder to make, see `lidd_yolo.data.releases.writer.check_target`.
        data: The data set.
        division: The split.
        files: File of each picture by its name.
        copy: Whether to copy pictures and labels into ``target`` instead of listing where they are.

    Returns:
        The data YAMLs: ``data.yaml``, or one for each fold.

    Raises:
        ValueError: If folds are to be copied.
    """
    if copy and division.folds:
        raise ValueError("--copy and --folds exclude each other: a picture would be copied once for every fold")
    report = describe_division(data, division)
    made = []
    with all_or_nothing(target) as folder:
        for fold in division.folds or ("",):
            ending = f"-{fold}" if fold else ""
            sides = division.sides(fold)
            if copy:
                places = _copied(folder, sides, files, report["pictures"])
            else:
                places = _listed(folder, sides, files, ending)
            file = folder / f"data{ending}.yaml"
            file.write_text(_data_yaml(data, places, report), encoding="utf-8")
            made.append(target.absolute() / file.name)
        (folder / GROUPS_FILE).write_text(groups_text(division.groups, data=data.file.name), encoding="utf-8")
        (folder / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return made


def _leak(division: Division) -> dict[str, float]:
    """Return the leak of each side; of folds, the largest of any."""
    found: dict[str, float] = {}
    for fold in division.folds or ("",):
        for side, share in division.groups.leaks(division.sides(fold)).items():
            found[side] = max(found.get(side, 0.0), round(share, 4))
    return found


def _listed(folder: Path, sides: Mapping[str, Sequence[str]], files: Mapping[str, Path], ending: str) -> dict[str, str]:
    """Write the list of each side and return what the data YAML says of it."""
    places = {side: f"{side}{ending}.txt" for side in sides}
    for side, names in sides.items():
        lines = [f"{files[name].absolute()}\n" for name in names]
        (folder / places[side]).write_text("".join(lines), encoding="utf-8")
    return places


def _copied(
    folder: Path,
    sides: Mapping[str, Sequence[str]],
    files: Mapping[str, Path],
    entries: Mapping[str, dict[str, Any]],
) -> dict[str, str]:
    """Copy pictures and labels of each side; return where the sides are, and note in its entry where each copy is."""
    work = [(side, name) for side, names in sides.items() for name in names]
    stems = [PurePosixPath(name).stem for _, name in work]
    placed: dict[Path, str] = {}
    alike = len(set(stems)) < len(stems)  # pictures of two folders, or of one name but for the ending: one label file
    for number, (side, name) in enumerate(progress(work, len(work), "copying pictures")):
        own = f"{number:06d}_{files[name].name}" if alike else files[name].name
        picture = folder / "images" / side / own
        label = label_file(picture)
        for place in (picture, label):
            place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[name], picture)
        if label_file(files[name]).is_file():
            shutil.copyfile(label_file(files[name]), label)
        placed[files[name]] = entries[name]["file"] = picture.relative_to(folder).as_posix()
    carry_record(folder, placed)
    return {side: f"images/{side}" for side in sides}


def _data_yaml(data: YoloSet, places: Mapping[str, str], report: Mapping[str, Any]) -> str:
    """Return the text of a data YAML: places, names, how the split was made, and what else the old one says."""
    further = {key: value for key, value in data.content.items() if key not in _REPLACED}
    made = {
        "protocol": report["protocol"],
        "split_seed": report["seed"],
        "group_sha256": report["group_sha256"],
        "split_sha256": report["split_sha256"],
        "leak": report["leak"],
    }
    head = "# Made by `lidd data split`: pictures that show the same thing are on one side. See split.json beside it.\n"
    return head + yaml.safe_dump(
        {**places, "names": dict(enumerate(data.names)), **further, **made}, sort_keys=False, allow_unicode=True
    )


def check_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that must not be written to.

    Raises:
        FileExistsError: If something is there and ``overwrite`` is off, or it is no data set that we made.
        OSError: If it cannot be made.
    """
    check_writable(target)
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not (target / REPORT).is_file():
        raise FileExistsError(
            f"{target} exists and is no data set made here (it has no {REPORT}); choose another target"
        )
    if not overwrite:
        raise FileExistsError(f"{target} already exists; use --overwrite to make it again, or choose another target")
