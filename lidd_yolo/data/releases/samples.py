"""Pictures of a release paired with their annotations, by file name, and read.

The releases' file lists never quite match, so every picture or XML file without a partner is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.enlarge.change import decode_picture
from lidd_yolo.data.enlarge.copies import make_copies
from lidd_yolo.data.enlarge.data_set import Copies, describe_enlargement
from lidd_yolo.data.formats.voc import read_voc
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import NONE_USABLE, Kind, Problem
from lidd_yolo.data.labels.validity import clean_annotation
from lidd_yolo.data.pictures.decoding import decode_within
from lidd_yolo.errors import InputError
from lidd_yolo.progress import progress

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}


class Part(NamedTuple):
    """One pair of folders of a release, sub-folders included; the annotations have the names of their pictures.

    ``prefix`` is put in front of the pictures' names, where different pictures of two parts have the same.
    """

    images: Path
    annotations: Path
    prefix: str = ""


class AnnotationKind(NamedTuple):
    """How a release states its annotations: what a file is called in messages, its ending with the dot, and its reader.

    The reader takes a file and the picture's width and height; it returns the annotation or None, and what was wrong.
    """

    name: str
    ending: str
    read: Callable[[Path, tuple[int, int]], tuple[Annotation | None, list[Problem]]]


VOC = AnnotationKind("XML file", ".xml", read_voc)


@dataclass(frozen=True)
class Sample:
    """One picture: file, bytes, grey values ``(H, W)`` and annotation, which has the name it gets in the data set."""

    path: Path
    data: bytes
    gray: NDArray[np.uint8]
    annotation: Annotation
    source: Path

    @property
    def name(self) -> str:
        """File name in the data set, unique there."""
        return self.annotation.image


def release_parts(source: Path, release: str, folders: Iterable[tuple[str, str, str]]) -> list[Part]:
    """Return the parts of a release that exist; `InputError` if the first does not.

    ``folders`` are, for each part, the folders of the pictures and of the annotations below ``source``, and the prefix.
    """
    parts = [Part(source / images, source / annotations, prefix) for images, annotations, prefix in folders]
    missing = [str(folder) for folder in parts[0][:2] if not folder.is_dir()]
    if missing:
        raise InputError(f"{source} is not the {release} release: there is no folder {' and no folder '.join(missing)}")
    return [part for part in parts if part.images.is_dir() and part.annotations.is_dir()]


def read_release(
    parts: Iterable[Part], class_names: tuple[str, ...], kind: AnnotationKind
) -> tuple[list[Sample], list[Problem]]:
    """Read all pictures that have a usable annotation of this kind; objects of other classes than these are left out.

    Samples in order of their names, and everything that was wrong; `InputError` if there is no sample.
    """
    samples: dict[str, Sample] = {}
    problems: list[Problem] = []
    parts = list(parts)
    for part in parts:
        images, doubled = _by_stem(part.images, _PICTURES)
        sources, doubled_sources = _by_stem(part.annotations, {kind.ending})
        problems += doubled + doubled_sources
        stems = sorted({*images, *sources})
        for stem in progress(stems, len(stems), f"reading {part.images.name}"):
            name = part.prefix + stem
            if name in samples:
                again = images.get(stem) or sources[stem]
                problems.append(Problem(again, Kind.OTHER, "a picture of this name came before", "file left out"))
                continue
            sample, wrong = _read_pair(images.get(stem), sources.get(stem), part.prefix, class_names, kind)
            problems += wrong
            if sample is not None:
                samples[name] = sample
    if not samples:
        folders = ", ".join(str(part.images) for part in parts)
        raise InputError(f"{folders}: no usable picture; first problem: {problems[0] if problems else 'no files'}")
    return [samples[name] for name in sorted(samples)], problems


def _by_stem(folder: Path, endings: set[str]) -> tuple[dict[str, Path], list[Problem]]:
    """Return the files with one of ``endings`` by their name without it, and those whose name occurs again."""
    files: dict[str, Path] = {}
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings and path.is_file())
    again = [path for path in paths if files.setdefault(path.stem, path) != path]
    reason = "another file of this name is {}"
    return files, [Problem(p, Kind.OTHER, reason.format(files[p.stem]), "file left out") for p in again]


def _read_pair(
    picture: Path | None, source: Path | None, prefix: str, class_names: tuple[str, ...], kind: AnnotationKind
) -> tuple[Sample | None, list[Problem]]:
    """Return one sample, or None, and what was wrong with its two files."""
    if picture is None:
        return None, [Problem(source or Path(), Kind.NO_PICTURE, "it has no picture", "file left out")]
    if source is None:
        reason = f"it has no {kind.name}"
        return None, [Problem(picture, Kind.NO_LABEL, reason, "picture left out; nobody says what it shows")]
    data = picture.read_bytes()
    gray, reason = decode_within(data, cv2.IMREAD_GRAYSCALE)
    if gray is None:
        return None, [Problem(picture, Kind.PICTURE_UNREADABLE, reason, "picture left out; copy it again")]
    annotation, problems = kind.read(source, (gray.shape[1], gray.shape[0]))
    if annotation is None:
        return None, problems
    cleaned, wrong = clean_annotation(replace(annotation, image=prefix + picture.name), source, class_names)
    problems = problems + wrong
    if not cleaned.objects and any(not problem.repaired for problem in problems):
        # As a picture without defects it would teach the opposite of what its file says.
        return None, [*problems, Problem(picture, Kind.NONE_USABLE, NONE_USABLE, "picture left out")]
    return Sample(picture, data, gray.astype(np.uint8), cleaned, source), problems


def enlarge_samples(
    samples: Sequence[Sample], groups: Sequence[int], times: int, seed: int
) -> tuple[list[Sample], list[int], Copies]:
    """Return the samples and ``times - 1`` copies of each, in order of their names, and the group of each.

    Raises:
        InputError: If a picture has a kind of values that cannot be changed, or a copy the name of an original.
    """
    names = {sample.name for sample in samples}
    everything = list(zip(samples, groups, strict=True))
    copies: Copies = {}
    for sample, group in progress(list(everything), len(samples), "enlarging"):
        image = decode_picture(sample.data)
        if image is None:
            raise InputError(f"{sample.path}: only pictures of 8 or 16 bits can be enlarged")
        copies[sample.name] = []
        for copy in make_copies(sample.name, image, sample.annotation, times, seed):
            if copy.name in names:
                raise InputError(f"{sample.path}: its copy would be called {copy.name}, which is a picture already")
            gray = copy.image if copy.image.ndim == 2 else cv2.cvtColor(copy.image, cv2.COLOR_BGR2GRAY)
            of_copy = Sample(sample.path, copy.data, np.asarray(gray), copy.annotation, sample.source)
            everything.append((of_copy, group))
            copies[sample.name].append((copy.name, copy.facts()))
    everything.sort(key=lambda entry: entry[0].name)
    return [sample for sample, _ in everything], [group for _, group in everything], copies


def place_copies(copies: Copies, sides: Mapping[str, Sequence[str]], times: int, seed: int) -> dict[str, Any]:
    """Return the content of ``enlarged.json`` for the names of originals and copies on each side."""
    places = {name: f"images/{side}/{name}" for side, names in sides.items() for name in names}
    placed = {places[name]: [(places[copy], facts) for copy, facts in of_one] for name, of_one in copies.items()}
    return describe_enlargement(times, seed, list(sides), placed)
