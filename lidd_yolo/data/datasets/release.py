"""Pictures of a VOC release paired with their annotations, by file name, and read.

Own work; the releases' file lists never quite match, so every picture or XML file without a partner is reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.annotation import Annotation
from lidd_yolo.data.formats.voc import read_voc
from lidd_yolo.data.problems import Problem

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Sample:
    """One picture with its annotation.

    Args:
        path: The picture's file.
        data: Its bytes.
        gray: Its grey values, shape ``(H, W)``.
        annotation: Its defects; ``image`` is the name of ``path``.
    """

    path: Path
    data: bytes
    gray: NDArray[np.uint8]
    annotation: Annotation


def read_release(
    folders: Iterable[tuple[Path, Path]], class_names: tuple[str, ...]
) -> tuple[list[Sample], list[Problem]]:
    """Read all pictures that have a usable annotation.

    Args:
        folders: Pairs of a folder of pictures and a folder of XML files; sub-folders are included.
        class_names: Classes that may occur; objects of others are left out.

    Returns:
        Samples in order of their file names, and everything that was wrong.
    """
    samples: dict[str, Sample] = {}
    problems: list[Problem] = []
    for image_folder, xml_folder in folders:
        images, doubled = _by_stem(image_folder, _PICTURES)
        xmls, doubled_xmls = _by_stem(xml_folder, {".xml"})
        problems += doubled + doubled_xmls
        for stem in sorted({*images, *xmls}):
            if stem in samples:
                again = images.get(stem) or xmls[stem]
                problems.append(Problem(again, "", "a picture of this name came before", "file left out"))
                continue
            sample, found = _read_pair(images.get(stem), xmls.get(stem), class_names)
            problems += found
            if sample is not None:
                samples[stem] = sample
    return [samples[stem] for stem in sorted(samples)], problems


def _by_stem(folder: Path, endings: set[str]) -> tuple[dict[str, Path], list[Problem]]:
    """Return the files with one of ``endings`` by their name without it, and those whose name occurs again."""
    files: dict[str, Path] = {}
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings and path.is_file())
    again = [path for path in paths if files.setdefault(path.stem, path) != path]
    return files, [Problem(p, "", f"another file of this name is {files[p.stem]}", "file left out") for p in again]


def _read_pair(
    picture: Path | None, xml: Path | None, class_names: tuple[str, ...]
) -> tuple[Sample | None, list[Problem]]:
    """Return one sample, or None, and what was wrong with its two files."""
    if picture is None:
        return None, [Problem(xml or Path(), "", "it has no picture", "file left out")]
    if xml is None:
        return None, [Problem(picture, "", "it has no XML file", "picture left out; nobody says what it shows")]
    data = picture.read_bytes()
    gray = _decode(data)
    if gray is None:
        return None, [Problem(picture, "", "it cannot be decoded as a picture", "picture left out; copy it again")]
    annotation, problems = read_voc(xml, (gray.shape[1], gray.shape[0]))
    if annotation is None:
        return None, problems
    cleaned, found = _clean(replace(annotation, image=picture.name), xml, class_names)
    problems += found
    if not cleaned.objects and any(not problem.repaired for problem in problems):
        # As a picture without defects it would teach the opposite of what its file says.
        return None, [*problems, Problem(picture, "", "none of its objects is usable", "picture left out")]
    return Sample(picture, data, gray, cleaned), problems


def _decode(data: bytes) -> NDArray[np.uint8] | None:
    """Return the grey values of an encoded picture, shape ``(H, W)``, or None if it cannot be decoded."""
    # OpenCV raises on an empty buffer, and gives None for one it does not understand.
    decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    return None if decoded is None else decoded.astype(np.uint8)


def _clean(annotation: Annotation, xml: Path, class_names: tuple[str, ...]) -> tuple[Annotation, list[Problem]]:
    """Return the annotation without objects of unknown class and without exact duplicates."""
    problems = []
    for unknown in sorted({o.class_name for o in annotation.objects} - set(class_names)):
        reason = f"class {unknown!r} is none of {', '.join(class_names)}"
        problems.append(Problem(xml, "", reason, "its objects left out"))
    known = replace(annotation, objects=tuple(o for o in annotation.objects if o.class_name in class_names))
    unique = known.without_duplicates()
    if twice := len(known.objects) - len(unique.objects):
        reason = f"{twice} object{'s' if twice > 1 else ''} with the same class and box as another"
        problems.append(Problem(xml, "", reason, "kept once", repaired=True))
    return unique, problems
