"""Which label file belongs to which picture, and which of the two are alone.

YOLO sets as Ultralytics pairs them, other folders by `lidd_yolo.data.readers.layout`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lidd_yolo.data.checks.label import Finding, LabelFacts
from lidd_yolo.data.checks.picture import PictureFacts, check_picture
from lidd_yolo.data.readers.data_yaml import PICTURES, YoloSet, label_file
from lidd_yolo.data.readers.layout import Pictures, key_of, list_pictures

_OF_TOOLS = frozenset({"classes.txt"})
"""Texts that tools of annotation leave among the labels."""


@dataclass(frozen=True)
class Pair:
    """One picture and its label file.

    Args:
        split: Split or folder that they are in.
        picture: The picture's file, None if there is none.
        label: The label file, None if there is none.
    """

    split: str
    picture: Path | None
    label: Path | None


def yolo_pairs(data: YoloSet) -> tuple[list[Pair], list[Finding]]:
    """Return every picture of a YOLO set with its label file, and what is alone or shared.

    A split without a single label is one finding; so is every picture without one elsewhere.
    """
    pairs: list[Pair] = []
    findings: list[Finding] = []
    owner: dict[Path, Path] = {}
    for split, pictures in data.pictures.items():
        files = {picture: label_file(picture) for picture in pictures}
        labelled = {picture for picture, file in files.items() if file.is_file()}
        pairs += [Pair(split, picture, file if picture in labelled else None) for picture, file in files.items()]
        if pictures and not labelled:
            reason = f"none of the {len(pictures)} pictures of {split} has a label file; looked for {label_of(files)}"
            findings.append(Finding("no-label", data.file, split, reason))
        else:
            findings += [_no_label(p, f"no file {files[p]}") for p in pictures if p not in labelled and p.is_file()]
        for picture in pictures:
            if (first := owner.setdefault(files[picture], picture)) != picture and picture in labelled:
                findings.append(Finding("shared-label", picture, "", f"{first.name} has the same label file"))
    stray = sorted(_label_files(data, owner) - set(owner))
    alone = [file for file in stray if file.name not in _OF_TOOLS and not _has_picture(file)]
    pairs += [Pair("", None, file) for file in alone]
    return pairs, findings + [Finding("no-picture", file, "", "no picture has its name") for file in alone]


def folder_pairs(source: Path, labels: Iterable[Path]) -> tuple[list[Pair], list[Finding]]:
    """Return every picture below a folder with its annotation file, and what is alone.

    Args:
        source: The folder.
        labels: The annotation files below it.
    """
    files = sorted(labels)
    pictures = Pictures(source, [path for path in list_pictures(source) if path not in set(files)])
    label: dict[Path, Path] = {}
    findings: list[Finding] = []
    alone: list[Path] = []
    for file in sorted(files, key=lambda file: key_of(file, source) not in pictures.exact):
        found = [path for path in pictures.find(key_of(file, source)) if path not in label]
        if len(found) == 1:
            label[found[0]] = file
            continue
        reason = f"{len(found)} pictures have its name" if found else "no picture has its name"
        findings.append(Finding("no-picture", file, "", reason))
        alone.append(file)
    findings += [_no_label(path, "no annotation has its name") for path in pictures.keys if path not in label]
    pairs = [Pair(str(path.parent.relative_to(source)), path, label.get(path)) for path in pictures.keys]
    return pairs + [Pair("", None, file) for file in alone], findings


def label_of(files: dict[Path, Path]) -> Path:
    """Return the first of the label files that were looked for, as an example."""
    return next(iter(files.values()))


def _no_label(picture: Path, reason: str) -> Finding:
    return Finding("no-label", picture, "", reason)


def _label_files(data: YoloSet, expected: Iterable[Path]) -> set[Path]:
    """Return the texts in the folders where labels are looked for."""
    found: set[Path] = set()
    for places in (data.content[split] for split in data.pictures):
        for word in places if isinstance(places, list) else [places]:
            if (data.root / str(word)).is_dir():
                found |= set(label_file(data.root / str(word) / "any.jpg").parent.rglob("*.txt"))
    for folder in {file.parent for file in expected}:
        found |= set(folder.glob("*.txt"))
    return found


def _has_picture(label: Path) -> bool:
    """Return whether a picture of a label file's name exists where Ultralytics would look, in the lists or not."""
    return any(label_side.with_suffix(ending).is_file() for label_side in _picture_side(label) for ending in _endings())


def _picture_side(label: Path) -> Iterator[Path]:
    yield label
    head, found, tail = str(label).rpartition(f"{os.sep}labels{os.sep}")
    if found:
        yield Path(f"{head}{os.sep}images{os.sep}{tail}")


def _endings() -> list[str]:
    return [spelt for ending in sorted(PICTURES) for spelt in (ending, ending.upper())]


_CHUNK = 32


class Marked(NamedTuple):
    """One object: its place in the label file, class, width and height in pixels, and whether it is difficult."""

    place: str
    class_name: str
    width: float
    height: float
    difficult: bool


@dataclass(frozen=True)
class PairFacts:
    """What is known about one picture and its labels.

    Args:
        pair: Their files.
        size: Width and height of the picture in pixels, None if unknown.
        digest: Hash of the picture's bytes; empty if it was not read.
        peak: Largest value of a picture of 16 bits, else 0.
        usable: Whether the picture can be trained on.
        objects: Its usable objects.
        findings: What is wrong with either.
    """

    pair: Pair
    size: tuple[int, int] | None
    digest: bytes
    peak: int
    usable: bool
    objects: tuple[Marked, ...]
    findings: tuple[Finding, ...]


def check_pair(
    pair: Pair, check_label: Callable[[Path, PictureFacts | None], LabelFacts], max_pixels: int
) -> PairFacts:
    """Check one picture and its labels.

    Args:
        pair: Their files.
        check_label: Checks the label file.
        max_pixels: Largest number of pixels that the picture may have.
    """
    picture = check_picture(pair.picture, max_pixels) if pair.picture is not None else None
    label = check_label(pair.label, picture) if pair.label is not None else None
    objects: tuple[Marked, ...] = ()
    if label is not None and label.annotation is not None:
        objects = tuple(
            Marked(place, o.class_name, o.box.width, o.box.height, o.difficult)
            for o, place in zip(label.annotation.objects, label.places, strict=True)
        )
    findings = (*(picture.findings if picture else ()), *(label.findings if label else ()))
    if picture is None:
        return PairFacts(pair, None, b"", 0, False, objects, findings)
    return PairFacts(pair, picture.size, picture.digest, picture.peak, picture.usable, objects, findings)


def check_pairs(
    pairs: Sequence[Pair],
    check_label: Callable[[Path, PictureFacts | None], LabelFacts],
    *,
    max_pixels: int,
    workers: int,
) -> Iterator[PairFacts]:
    """Yield the facts of each pair, in order.

    Args:
        pairs: What to check.
        check_label: Checks a label file; must be safe to call from several threads.
        max_pixels: Largest number of pixels that a picture may have.
        workers: Number of threads: decoding and hashing, most of the work, run outside of Python's lock.
    """
    chunks = [pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK)]
    with ThreadPoolExecutor(workers) as pool:
        for facts in pool.map(lambda chunk: [check_pair(pair, check_label, max_pixels) for pair in chunk], chunks):
            yield from facts
