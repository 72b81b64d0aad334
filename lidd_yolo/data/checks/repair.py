"""A repaired copy of a YOLO set: what can be put right without a person is, the rest stays as it was.

Good lines are copied as they stand. Pictures are written as training sees them: turned as EXIF asks, without
transparency, first frame, 8 bits; those of 16 bits all with one scale, so that brightness stays comparable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from lidd_yolo.data.checks.label_files import check_yolo_labels, read_label_text
from lidd_yolo.data.checks.pairs import Pair
from lidd_yolo.data.checks.picture import ENDINGS
from lidd_yolo.data.formats.yolo import write_yolo
from lidd_yolo.data.groups.families import carry_record
from lidd_yolo.data.labels.annotation import Annotation, Size
from lidd_yolo.data.labels.problems import Kind
from lidd_yolo.data.pictures.decoding import decode, decode_as_training
from lidd_yolo.data.pictures.header import picture_format
from lidd_yolo.data.readers.data_yaml import YoloSet, check_own_names, label_file
from lidd_yolo.files import all_or_nothing, check_new
from lidd_yolo.progress import progress

REPORT = "check.json"
"""What was found in the original."""

_SAVED_AGAIN = {
    Kind.PICTURE_16_BIT,
    Kind.PICTURE_ALPHA,
    Kind.PICTURE_CMYK,
    Kind.PICTURE_PALETTE,
    Kind.PICTURE_ROTATED,
    Kind.PICTURE_ANIMATED,
}


def repair_set(data: YoloSet, pairs: Sequence[Pair], report: Mapping[str, Any], target: Path) -> int:
    """Write the copy of a set, its pairs as checked, complete or not at all; return how many pictures are left out.

    Raises:
        FileExistsError: If ``target`` holds something.
        ValueError: If ``target`` lies in the data set, or two classes have one name.
    """
    check_new(target)
    if target.resolve().is_relative_to(data.root.resolve()):
        raise ValueError(f"{target} lies in the data set itself ({data.root}); choose a folder outside of it")
    check_own_names(data)
    kept = _kept(pairs, list(data.pictures))
    shift = max(0, max((one.peak for one in pairs), default=0).bit_length() - 8)
    with all_or_nothing(target) as folder:
        taken: set[Path] = set()
        placed: dict[Path, str] = {}
        lost: list[str] = []
        for one in progress(kept, len(kept), "writing"):
            place = _place(one, data, taken)
            picture = folder / "images" / place
            label = label_file(picture)  # a folder inside may be called images too
            picture.parent.mkdir(parents=True, exist_ok=True)
            if not _write_picture(one, picture, shift, data.channels):
                lost.append(str(one.picture))
                continue
            placed[one.picture or Path()] = f"images/{place.as_posix()}"
            if one.label is not None:
                label.parent.mkdir(parents=True, exist_ok=True)
                text = repaired_labels(one.label, data.names, one.size)
                label.write_text(text, encoding="utf-8", newline="\n")
        for split in data.pictures:
            (folder / "images" / split).mkdir(parents=True, exist_ok=True)
        (folder / "data.yaml").write_text(_data_yaml(data), encoding="utf-8")
        content = {**report, "cannot be saved again": lost} if lost else report
        (folder / REPORT).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        carry_record(folder, placed)
    return sum(map(len, data.pictures.values())) - len(placed)


def repaired_labels(file: Path, class_names: Sequence[str], size: Size | None) -> str:
    """Return a label file's text without what cannot be used, clipped to the picture, every object once."""
    annotation, problems = check_yolo_labels(file, class_names, size)
    if annotation is None:
        return ""
    lines = read_label_text(file)[0].splitlines()
    again = {problem.place for problem in problems if problem.kind == Kind.DUPLICATE}
    written_anew = {problem.place for problem in problems if problem.kind in (Kind.OVER_EDGE, Kind.MIXED)}
    outlines = any(item.polygons for item in annotation.objects)
    kept = []
    for item in annotation.objects:
        if item.place in again:
            continue
        one = Annotation("", annotation.width, annotation.height, (item,))
        line = lines[item.place.number - 1].strip() + "\n"
        kept.append(write_yolo(one, class_names, segments=outlines) if item.place in written_anew else line)
    return "".join(kept)


def _kept(pairs: Sequence[Pair], splits: list[str]) -> list[Pair]:
    """Return the pictures to copy, one that is in several splits only in the last of them."""
    good = [one for one in pairs if one.usable and not _all_labels_lost(one)]
    last = {one.digest: one.split for one in sorted(good, key=lambda one: splits.index(one.split))}
    return [one for one in good if last[one.digest] == one.split]


def _all_labels_lost(one: Pair) -> bool:
    """Return whether a picture has labels of which none is usable; alone it would teach that it has no defect."""
    return not one.objects and any(problem.file == one.label for problem in one.problems)


def _place(one: Pair, data: YoloSet, taken: set[Path]) -> Path:
    """Return where a picture goes below ``images``; two pictures never share a label file."""
    path = one.picture or Path()
    below = data.root.resolve() / "images" / one.split
    inner = path.relative_to(below) if path.is_relative_to(below) else Path(path.name)
    ending = ".png" if _to_save_again(one, data.channels) else _ending(path)
    place = Path(one.split) / inner.with_suffix(ending)
    number = 1
    while place.with_suffix("") in taken:
        number += 1
        place = (Path(one.split) / inner).with_name(f"{inner.stem}_{number}{ending}")
    taken.add(place.with_suffix(""))
    return place


def _ending(path: Path) -> str:
    """Return a picture's ending if its first bytes are of that format, else the usual one of theirs."""
    with path.open("rb") as file:
        endings = ENDINGS.get(picture_format(file.read(32)), (path.suffix,))
    return path.suffix if path.suffix.lower() in endings else endings[0]


def _to_save_again(one: Pair, channels: int) -> bool:
    """Return whether a picture is written anew; one with more channels than PNG has stays as it is."""
    return channels in (1, 3, 4) and any(problem.kind in _SAVED_AGAIN for problem in one.problems)


def _write_picture(one: Pair, target: Path, shift: int, channels: int) -> bool:
    """Copy a picture, or save it again as PNG in the form that training sees; return whether it can be decoded."""
    data = (one.picture or Path()).read_bytes()
    if _to_save_again(one, channels):
        # Deep pictures keep their depth until they are scaled.
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH if one.peak else cv2.IMREAD_COLOR
        ending = (one.picture or Path()).suffix
        image = decode(data, flags) if channels < 4 else decode_as_training(data, ending, channels, deep=True)[0]
        if image is None:
            return False
        image = (image >> shift).astype(np.uint8) if image.dtype == np.uint16 else image
        data = cv2.imencode(".png", image)[1].tobytes()
    target.write_bytes(data)
    return True


def _data_yaml(data: YoloSet) -> str:
    """Return the data YAML of the copy: as it was, with its own places."""
    other: Mapping[str, Any] = {k: v for k, v in data.content.items() if k not in {"path", "download", *data.pictures}}
    return yaml.safe_dump({**{split: f"images/{split}" for split in data.pictures}, **other}, sort_keys=False)
