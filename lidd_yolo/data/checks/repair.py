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

from lidd_yolo.data.checks.pairs import PairFacts
from lidd_yolo.data.checks.picture import decode
from lidd_yolo.data.checks.report import check_json
from lidd_yolo.data.checks.set_check import SetCheck
from lidd_yolo.data.checks.yolo_labels import check_yolo_labels, line_number, read_label_text
from lidd_yolo.data.formats.yolo import write_yolo
from lidd_yolo.data.groups.families import carry_record
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.files import all_or_nothing, check_new
from lidd_yolo.progress import progress

REPORT = "check.json"
"""What was found in the original."""

_SAVED_AGAIN = frozenset(
    {"picture-16-bit", "picture-alpha", "picture-cmyk", "picture-palette", "picture-rotated", "picture-animated"}
)
_ENDING_OF = {b"\xff\xd8": ".jpg", b"\x89P": ".png", b"BM": ".bmp", b"II": ".tif", b"MM": ".tif", b"RI": ".webp"}


def repair_set(data: YoloSet, done: SetCheck, target: Path) -> int:
    """Write the copy, complete or not at all.

    Args:
        data: The set.
        done: Its check.
        target: Folder to make, with ``data.yaml``, ``images``, ``labels`` and `REPORT`.

    Returns:
        Number of pictures left out.

    Raises:
        FileExistsError: If ``target`` holds something.
        ValueError: If ``target`` lies in the data set.
    """
    check_new(target)
    if target.resolve().is_relative_to(data.root.resolve()):
        raise ValueError(f"{target} lies in the data set itself ({data.root}); choose a folder outside of it")
    kept = _kept(done.facts, list(data.pictures))
    shift = max(0, max((one.peak for one in done.facts), default=0).bit_length() - 8)
    with all_or_nothing(target) as folder:
        taken: set[Path] = set()
        placed: dict[Path, str] = {}
        for one in progress(kept, len(kept), "writing"):
            place = _place(one, data, taken)
            placed[one.pair.picture or Path()] = f"images/{place.as_posix()}"
            picture = folder / "images" / place
            picture.parent.mkdir(parents=True, exist_ok=True)
            _write_picture(one, picture, shift)
            if one.pair.label is not None:
                label = (folder / "labels" / place).with_suffix(".txt")
                label.parent.mkdir(parents=True, exist_ok=True)
                text = repaired_labels(one.pair.label, data.names, one.size)
                label.write_text(text, encoding="utf-8", newline="\n")
        for split in data.pictures:
            (folder / "images" / split).mkdir(parents=True, exist_ok=True)
        (folder / "data.yaml").write_text(_data_yaml(data), encoding="utf-8")
        (folder / REPORT).write_text(json.dumps(check_json(done), indent=1) + "\n", encoding="utf-8")
        carry_record(folder, placed)
    return sum(map(len, data.pictures.values())) - len(kept)


def repaired_labels(file: Path, class_names: Sequence[str], size: tuple[int, int] | None) -> str:
    """Return a label file's text without what cannot be used, clipped to the picture, every object once.

    Args:
        file: The label file.
        class_names: Names in the order of their class numbers.
        size: Width and height of the picture in pixels.
    """
    facts = check_yolo_labels(file, class_names, size)
    if facts.annotation is None:
        return ""
    lines = read_label_text(file)[0].splitlines()
    again = {f.where for f in facts.findings if f.kind == "duplicate"}
    written_anew = {f.where for f in facts.findings if f.kind in ("over-edge", "mixed")}
    outlines = any(item.polygons for item in facts.annotation.objects)
    kept = []
    for item, place in zip(facts.annotation.objects, facts.places, strict=True):
        if place in again:
            continue
        one = Annotation("", facts.annotation.width, facts.annotation.height, (item,))
        line = lines[line_number(place) - 1].strip() + "\n"
        kept.append(write_yolo(one, class_names, segments=outlines) if place in written_anew else line)
    return "".join(kept)


def _kept(facts: Sequence[PairFacts], splits: list[str]) -> list[PairFacts]:
    """Return the pictures to copy, one that is in several splits only in the last of them."""
    good = [one for one in facts if one.usable and not _all_labels_lost(one)]
    last: dict[bytes, str] = {}
    for one in good:
        last[one.digest] = max(last.get(one.digest, one.pair.split), one.pair.split, key=splits.index)
    return [one for one in good if last[one.digest] == one.pair.split]


def _all_labels_lost(one: PairFacts) -> bool:
    """Return whether a picture has labels of which none is usable; alone it would teach that it has no defect."""
    return not one.objects and any(finding.file == one.pair.label for finding in one.findings)


def _place(one: PairFacts, data: YoloSet, taken: set[Path]) -> Path:
    """Return where a picture goes below ``images``; two pictures never share a label file."""
    path = one.pair.picture or Path()
    below = data.root / "images" / one.pair.split
    inner = path.relative_to(below) if path.is_relative_to(below) else Path(path.name)
    ending = ".png" if _to_save_again(one) else _ending(path)
    place = Path(one.pair.split) / inner.with_suffix(ending)
    number = 1
    while place.with_suffix("") in taken:
        number += 1
        place = (Path(one.pair.split) / inner).with_name(f"{inner.stem}_{number}{ending}")
    taken.add(place.with_suffix(""))
    return place


def _ending(path: Path) -> str:
    """Return the ending that a picture's first bytes call for; its own if they are of another kind."""
    with path.open("rb") as file:
        known = _ENDING_OF.get(file.read(2), path.suffix)
    same = {".jpeg": ".jpg", ".mpo": ".jpg", ".tiff": ".tif", ".dng": ".tif"}
    return path.suffix if same.get(path.suffix.lower(), path.suffix.lower()) == known else known


def _to_save_again(one: PairFacts) -> bool:
    return any(finding.kind in _SAVED_AGAIN for finding in one.findings)


def _write_picture(one: PairFacts, target: Path, shift: int) -> None:
    """Copy a picture, or save it again as PNG in the form that training sees."""
    data = (one.pair.picture or Path()).read_bytes()
    if _to_save_again(one):
        # Deep pictures keep their depth until they are scaled.
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH if one.peak else cv2.IMREAD_COLOR
        image = decode(data, flags)
        if image is None:
            raise ValueError(f"{one.pair.picture} has changed while it was copied")
        image = (image >> shift).astype(np.uint8) if image.dtype == np.uint16 else image
        data = cv2.imencode(".png", image)[1].tobytes()
    target.write_bytes(data)


def _data_yaml(data: YoloSet) -> str:
    """Return the data YAML of the copy: as it was, with its own places."""
    other: Mapping[str, Any] = {k: v for k, v in data.content.items() if k not in {"path", "download", *data.pictures}}
    return yaml.safe_dump({**{split: f"images/{split}" for split in data.pictures}, **other}, sort_keys=False)
