"""One annotation format into another: a folder read, its classes put in order, a YOLO or COCO data set written.

The order of the classes decides their numbers and is never guessed from the order in which files mention
them: it is given, stated by the source's own data YAML, or alphabetical and said so.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.data.formats.coco import write_coco
from lidd_yolo.data.formats.yolo import write_yolo
from lidd_yolo.data.groups.families import carry_record
from lidd_yolo.data.labels.problems import NONE_USABLE, Kind, Problem
from lidd_yolo.data.labels.validity import clean_annotation
from lidd_yolo.data.readers.coco import read_coco_folder
from lidd_yolo.data.readers.data_yaml import SPLITS, label_file, read_class_names, read_yolo_set
from lidd_yolo.data.readers.folders import read_class_mask_folder, read_pairs, read_yolo_data
from lidd_yolo.data.readers.layout import Item
from lidd_yolo.data.readers.source import ReadRule, SourceFolder
from lidd_yolo.errors import InputError
from lidd_yolo.files import all_or_nothing, check_new
from lidd_yolo.progress import progress

REPORT = "convert.json"
"""File in the target that says what was made of what, and everything that was wrong."""
FORMATS = ("voc", "coco", "labelme", "mask", "class-masks", "yolo", "xyxy")
"""What can be read."""
REFUSED = {"dota": "its boxes are turned by an angle, which neither network predicts: export outlines or upright boxes"}
"""Formats that people ask for, and why they are not read."""
TARGETS = ("yolo", "coco")
"""What can be written."""


_NAMES_NEEDED = "give their names in order with --names a,b,c or --data YAML"


@dataclass(frozen=True, repr=False)
class Converted:
    """What a conversion has made.

    Args:
        target: Folder of the data set.
        class_names: Names in the order of their class numbers.
        order: Where that order is from.
        report: Content of ``convert.json``.
        problems: Everything that was wrong in the source.
    """

    target: Path
    class_names: tuple[str, ...]
    order: str
    report: dict[str, Any]
    problems: list[Problem]

    def __repr__(self) -> str:
        pictures = sum(self.report["images"].values())
        left_out = sum(not problem.repaired for problem in self.problems)
        classes = ", ".join(self.class_names)
        return f"Converted({self.target}: {pictures} pictures, classes {classes}; {left_out} left out)"


def convert(
    source: str | Path,
    target: str | Path,
    *,
    from_: str,
    to: str = "yolo",
    names: Sequence[str] | None = None,
    data: str | Path | None = None,
    rule: ReadRule | None = None,
) -> Converted:
    """Convert a data set; its pictures are copied unchanged.

    Args:
        source: Folder of the data set, or its data YAML (``yolo``) or JSON file (``coco``).
        target: Folder to make; it must not hold anything.
        from_: Format of the source, one of `FORMATS`.
        to: Format of the target, one of `TARGETS`.
        names: Classes in the order of their numbers; objects of others are left out. None takes those of the source's
            data YAML, or all that occur, in alphabetical order.
        data: Data YAML whose classes are taken in place of ``names``.
        rule: How files pair, what a picture without annotation means, and what a format does not say itself.

    Returns:
        Figures and problems; a file with a problem did not cost the others.

    Raises:
        InputError: If the source does not exist, the target holds something, a format is unknown, names are needed,
            fewer than half of the annotation files have a picture, or nothing is usable.
    """
    if names is not None and ("" in names or len(set(names)) < len(names)):
        raise InputError(f"--names {','.join(names)}: an empty name, or one twice")
    if from_ in REFUSED:
        raise InputError(f"{from_} is not read: {REFUSED[from_]}")
    if from_ not in FORMATS or to not in TARGETS:
        raise InputError(f"{from_} to {to}: known are {', '.join(FORMATS)} to {', '.join(TARGETS)}")
    try:
        class_names = names if data is None else read_class_names(data)
        if not Path(source).exists():
            raise InputError(f"{source} does not exist")
        check_new(Path(target))
        return _convert(Path(source), Path(target), from_, to, class_names, rule or ReadRule())
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        raise InputError(str(error)) from error


def _convert(
    source: Path, target: Path, kind: str, to: str, class_names: Sequence[str] | None, rule: ReadRule
) -> Converted:
    read, names, order = _read(source, kind, class_names, rule)
    items, wrong = _usable(read.items, names)
    problems = [*read.problems, *wrong]
    if not items:
        raise ValueError(f"{source}: no usable picture; first problem: {problems[0] if problems else 'no files'}")
    report = {
        "from": kind,
        "to": to,
        "names": list(names),
        "order": order,
        **_figures(items, names),
        "left_out": dict(Counter(SourceFolder(items, problems, read.labels).left_out().values()).most_common()),
        "problems": [problem.as_dict() for problem in problems],
    }
    with all_or_nothing(target) as folder:
        if to == "yolo":
            _write_yolo_set(folder, items, names, _channels(source, kind))
        else:
            _write_coco_set(folder, items, names)
        (folder / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        carry_record(folder, {item.picture: _place(item) for item in items})
    return Converted(target, names, order, report, problems)


def _read(
    source: Path, kind: str, class_names: Sequence[str] | None, rule: ReadRule
) -> tuple[SourceFolder, tuple[str, ...], str]:
    """Return what the source holds, the class names in order and where that order is from."""
    given = tuple(class_names or ())
    order = "as given" if given else "alphabetical"
    if rule.pair and kind in ("coco", "class-masks"):
        raise ValueError(f"--pair is for formats of one file for each picture, not {kind}")
    if kind == "coco":
        return _named(read_coco_folder(source, rule), given, order)
    if kind == "class-masks":
        return *read_class_mask_folder(source, given or None, rule), order
    if kind == "yolo" and not rule.pair and (file := _data_yaml(source)) is not None:
        read, stated = read_yolo_data(file, rule)
        return read, given or stated, "as given" if given else f"of {file.name}"
    by_name = kind in ("voc", "labelme", "xyxy") or (kind == "mask" and rule.class_from == "folder")
    if not given and (not by_name or (kind == "xyxy" and "class" not in rule.columns)):
        several = kind == "yolo" and _yaml_files(source)
        hint = "there are several data YAMLs; give one of them in place of the folder" if several else _NAMES_NEEDED
        raise ValueError(f"{source} states classes by number: {hint}")
    if kind == "mask" and not by_name and rule.mask_threshold is not None and len(given) > 1:
        raise ValueError("--mask-threshold leaves one class: give one name, or --class-from folder")
    read, names, order = _named(read_pairs(source, kind, given, rule), given, order)
    if kind == "xyxy" and not given and any(map(_is_number, names)):
        raise ValueError(f"{source} states classes by number ({', '.join(names[:5])}): {_NAMES_NEEDED}")
    return read, names, order


def _named(read: SourceFolder, given: tuple[str, ...], order: str) -> tuple[SourceFolder, tuple[str, ...], str]:
    occurring = {thing.class_name for item in read.items for thing in item.annotation.objects}
    return read, given or tuple(sorted(occurring)), order


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _data_yaml(source: Path) -> Path | None:
    """Return the data YAML of a YOLO data set: the source itself, or the one in its folder."""
    if source.is_file():
        return source
    files = _yaml_files(source)
    named = [path for path in files if path.stem == "data"]
    return named[0] if named else files[0] if len(files) == 1 else None


def _yaml_files(folder: Path) -> list[Path]:
    return sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))


def _channels(source: Path, kind: str) -> int:
    """Return how many channels the source says that its pictures are trained with."""
    file = _data_yaml(source) if kind == "yolo" else None
    return read_yolo_set(file).channels if file is not None else 3


def _usable(items: Sequence[Item], names: tuple[str, ...]) -> tuple[list[Item], list[Problem]]:
    """Return the pictures whose objects, if they had any, are not all of unknown class, each with its own label."""
    kept: dict[tuple[str, str], Item] = {}
    problems: list[Problem] = []
    for item in items:
        annotation, wrong = clean_annotation(item.annotation, item.source, names)
        problems += wrong
        place = (item.side, str(Path(item.name).with_suffix("")))
        if item.annotation.objects and not annotation.objects:
            problems.append(Problem(item.picture, Kind.NONE_USABLE, NONE_USABLE, "picture left out"))
        elif place in kept:
            reason = f"{kept[place].picture.name} would have the same label file"
            problems.append(Problem(item.picture, Kind.SHARED_LABEL, reason, "picture left out; rename it"))
        else:
            kept[place] = replace(item, annotation=annotation)
    return list(kept.values()), problems


def _figures(items: Sequence[Item], names: Sequence[str]) -> dict[str, Any]:
    """Return the number of pictures and objects on each side, and what kind of objects they are."""
    objects = [thing for item in items for thing in item.annotation.objects]
    images = Counter(item.side for item in items)
    sides = [side for side in SPLITS if images[side]]
    counts = Counter((item.side, thing.class_name) for item in items for thing in item.annotation.objects)
    return {
        "images": {side: images[side] for side in sides},
        "objects": {side: {name: counts[side, name] for name in names} for side in sides},
        "without_objects": sum(not item.annotation.objects for item in items),
        "unlabelled_good": sum(item.source == item.picture for item in items),
        "outlined": sum(bool(thing.polygons) for thing in objects),
        "boxes_only": sum(not thing.polygons for thing in objects),
        "difficult": sum(thing.difficult for thing in objects),
    }


def _write_yolo_set(folder: Path, items: Sequence[Item], names: Sequence[str], channels: int) -> None:
    """Write pictures, labels and ``data.yaml``; outlines for all objects if one has an outline."""
    segments = any(thing.polygons for item in items for thing in item.annotation.objects)
    for item in progress(items, len(items), "writing"):
        _copy(item, folder)
        label = label_file(folder / _place(item))  # a folder inside may be called images too
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(write_yolo(item.annotation, names, segments=segments), encoding="utf-8")
    used = {item.side for item in items}
    sides = {side: f"images/{side}" for side in SPLITS if side in used}
    trained = {} if channels == 3 else {"channels": channels}
    content = yaml.safe_dump({**sides, "names": dict(enumerate(names)), **trained}, sort_keys=False, allow_unicode=True)
    (folder / "data.yaml").write_text(content, encoding="utf-8")


def _write_coco_set(folder: Path, items: Sequence[Item], names: Sequence[str]) -> None:
    """Write pictures and one ``annotations/instances_SIDE.json`` for each side."""
    (folder / "annotations").mkdir()
    for side in sorted({item.side for item in items}):
        of_side = [item for item in items if item.side == side]
        for item in progress(of_side, len(of_side), f"writing {side}"):
            _copy(item, folder)
        text = write_coco([replace(item.annotation, image=item.name) for item in of_side], names)
        (folder / "annotations" / f"instances_{side}.json").write_text(text, encoding="utf-8")


def _place(item: Item) -> str:
    """Return where a picture goes, with ``/`` between folders."""
    return f"images/{item.side}/{item.name}"


def _copy(item: Item, folder: Path) -> None:
    picture = folder / _place(item)
    picture.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(item.picture, picture)
