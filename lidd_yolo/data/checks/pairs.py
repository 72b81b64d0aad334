"""Pictures and their label files, side by side: which of the two are alone, and each pair checked.

YOLO sets are paired as Ultralytics pairs them, other folders by `lidd_yolo.data.readers.layout`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from lidd_yolo.data.checks.picture import PictureFacts, check_picture
from lidd_yolo.data.labels.annotation import DefectObject, Place, Size
from lidd_yolo.data.labels.problems import Kind, Problem, Reading
from lidd_yolo.data.readers.data_yaml import PICTURES, YoloSet, label_file
from lidd_yolo.data.readers.layout import pair_files, passed_over, why_alone

Check = Callable[[Path, PictureFacts | None], Reading]
"""Reads and checks a label file, given what is known about its picture."""

_CHUNK = 32


@dataclass(frozen=True)
class Pair:
    """One picture and its label file, None where there is none, and what is known about them once they are checked.

    Args:
        split: Split or folder that they are in.
        picture: The picture's file.
        label: The label file.
        size: Width and height of the picture in pixels as it is shown, None if unknown.
        digest: Hash of the picture's bytes; empty if it was not read.
        peak: Largest value of a picture of 16 bits, else 0.
        usable: Whether the picture can be trained on.
        objects: Its usable objects, without their outlines.
        problems: What is wrong with either.
    """

    split: str
    picture: Path | None
    label: Path | None
    size: Size | None = None
    digest: bytes = b""
    peak: int = 0
    usable: bool = False
    objects: tuple[DefectObject, ...] = ()
    problems: tuple[Problem, ...] = ()


def yolo_pairs(data: YoloSet) -> tuple[list[Pair], list[Problem]]:
    """Return every picture of a YOLO set with its label file, and what is alone or shared.

    A split without a single label is one problem; so is every picture without one elsewhere.
    """
    pairs: list[Pair] = []
    problems = list(data.problems)
    owner: dict[Path, Path] = {}
    for split, pictures in data.pictures.items():
        files = {picture: label_file(picture) for picture in pictures}
        labelled = {picture for picture, file in files.items() if file.is_file()}
        pairs += [Pair(split, picture, file if picture in labelled else None) for picture, file in files.items()]
        if pictures and not labelled:
            example = files[pictures[0]]
            reason = f"none of the {len(pictures)} pictures of {split} has a label file; looked for {example}"
            problems.append(Problem(data.file, Kind.NO_LABEL, reason, place=Place(split)))
        else:
            bare = [picture for picture in pictures if picture not in labelled and picture.is_file()]
            problems += [Problem(picture, Kind.NO_LABEL, f"no file {files[picture]}") for picture in bare]
        for picture in pictures:
            if (first := owner.setdefault(files[picture], picture)) != picture and picture in labelled:
                problems.append(Problem(picture, Kind.SHARED_LABEL, f"{first.name} has the same label file"))
    stray = sorted(_label_files(data, owner) - set(owner))
    alone = [file for file in stray if file.name != "classes.txt" and not _has_picture(file)]  # tools leave that one
    pairs += [Pair("", None, file) for file in alone]
    return pairs, problems + [Problem(file, Kind.NO_PICTURE, "no picture has its name") for file in alone]


def folder_pairs(source: Path, files: Sequence[Path]) -> tuple[list[Pair], list[Problem]]:
    """Return every picture below a folder with its annotation file, and what is alone."""
    pairing = pair_files(source, files)
    pairs = [Pair(str(path.parent.relative_to(source)), path, label) for path, label in pairing.labels.items()]
    reasons = {file: why_alone(named) if named else "no picture has its name" for file, named in pairing.alone.items()}
    problems = passed_over(source)
    problems += [Problem(file, Kind.NO_PICTURE, reason) for file, reason in reasons.items()]
    bare = [path for path, label in pairing.labels.items() if label is None]
    problems += [Problem(path, Kind.NO_LABEL, "no annotation has its name") for path in bare]
    return pairs + [Pair("", None, file) for file in pairing.alone], problems


def check_pairs(
    pairs: Sequence[Pair], check_label: Check, *, max_pixels: int, workers: int, channels: int = 3
) -> Iterator[Pair]:
    """Yield each pair with what is known about it, in order, ``check_label`` called from a number of threads.

    ``channels`` are those that pictures are trained with.

    Decoding and hashing, most of the work, run outside of Python's lock.
    """
    chunks = [pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK)]

    def check_chunk(chunk: Sequence[Pair]) -> list[Pair]:
        return [_check_pair(pair, check_label, max_pixels, channels) for pair in chunk]

    with ThreadPoolExecutor(workers) as pool:
        for checked in pool.map(check_chunk, chunks):
            yield from checked


def _check_pair(pair: Pair, check_label: Check, max_pixels: int, channels: int) -> Pair:
    picture = check_picture(pair.picture, max_pixels, channels) if pair.picture is not None else None
    annotation, problems = check_label(pair.label, picture) if pair.label is not None else (None, [])
    objects = tuple(replace(item, polygons=()) for item in annotation.objects) if annotation is not None else ()
    if picture is None:
        return replace(pair, objects=objects, problems=tuple(problems))
    return replace(
        pair,
        size=picture.size,
        digest=picture.digest,
        peak=picture.peak,
        usable=picture.usable,
        objects=objects,
        problems=(*picture.problems, *problems),
    )


def _label_files(data: YoloSet, expected: Iterable[Path]) -> set[Path]:
    """Return the texts in the folders where labels are looked for."""
    texts = {file for folder in {file.parent for file in expected} for file in folder.glob("*.txt")}
    for place in (place for places in data.places.values() for place in places):
        if place.is_dir():
            texts |= set(label_file(place / "any.jpg").parent.rglob("*.txt"))
    return texts


def _has_picture(label: Path) -> bool:
    """Return whether a picture of a label file's name exists where Ultralytics would look, in the lists or not."""
    head, match, tail = str(label).rpartition(f"{os.sep}labels{os.sep}")
    places = [label, *([Path(f"{head}{os.sep}images{os.sep}{tail}")] if match else [])]
    endings = [spelt for ending in PICTURES for spelt in (ending, ending.upper())]
    return any(place.with_suffix(ending).is_file() for place in places for ending in endings)
