"""Which annotation file belongs to which picture, by folders and names, however a data set lays them out; both read.

Layouts differ in which folder comes first: ``images/train/a.jpg`` with ``labels/train/a.txt``,
``train/images/a.jpg`` with ``train/labels/a.txt``, ``JPEGImages/a.jpg`` with ``Annotations/a.xml``, or everything in
one folder. Without the folders that only say what kind of file they hold, all of these agree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2

from lidd_yolo.data.labels.annotation import Annotation, Size
from lidd_yolo.data.labels.problems import NONE_USABLE, Kind, Problem, Problems, Reading, UnusableError
from lidd_yolo.data.pictures.completeness import missing_part
from lidd_yolo.data.pictures.decoding import NO_PICTURE, NUMBERS, decode_as_training, decode_within
from lidd_yolo.data.pictures.header import read_header
from lidd_yolo.data.readers.data_yaml import NO_PICTURES, PICTURES

OF_PICTURES = frozenset({"images", "image", "jpegimages", "imgs", "img", "pictures"})
"""Folders, in small letters, that only say that they hold pictures."""
OF_ANNOTATIONS = frozenset(
    (
        "annotations",
        "annotation",
        "labels",
        "label",
        "masks",
        "mask",
        "json",
        "xml",
        "segmentationclass",
        "ground_truth",
    )
)
"""Folders, in small letters, that only say that they hold annotations or masks."""
REPORTS = frozenset({"convert.json", "split.json", "groups.json", "enlarged.json"})
"""Files of our own that are no annotations."""
_SIDES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}

Key = tuple[str, ...]
"""Folders that tell files apart, then the name without its ending."""


def list_files(source: Path, endings: Iterable[str]) -> list[Path]:
    """Return the files below a folder, our reports aside, with one of some endings (dot, small letters), in order."""
    known = frozenset(endings)
    files = (path for path in source.rglob("*") if path.suffix.lower() in known and path.is_file())
    return sorted(path for path in files if path.name not in REPORTS)


def list_pictures(source: Path) -> list[Path]:
    """Return the pictures below a folder; those in folders of annotations only if there are no others."""
    pictures = list_files(source, PICTURES)
    return [path for path in pictures if not in_annotations(path, source)] or pictures


def passed_over(source: Path) -> list[Problem]:
    """Return the pictures below a folder, those of annotations aside, whose format training does not take."""
    files = [path for path in list_files(source, NO_PICTURES) if not in_annotations(path, source)]
    reason = "training takes no {} for a picture"
    remedy = "left out; save it as PNG"
    return [Problem(path, Kind.PICTURE_PASSED_OVER, reason.format(path.suffix), remedy) for path in files]


def in_annotations(path: Path, source: Path) -> bool:
    """Return whether a file below ``source`` lies in a folder that is named as one of annotations."""
    return any(part.lower() in OF_ANNOTATIONS for part in path.relative_to(source).parts[:-1])


def key_of(path: Path, source: Path) -> Key:
    """Return the folders between ``source`` and a file that tell files apart, and its name without ending."""
    *folders, name = path.relative_to(source).parts
    kept = [part for part in folders if part.lower() not in OF_PICTURES | OF_ANNOTATIONS]
    return (*kept, Path(name).stem)


def side_of(key: Key) -> tuple[str | None, Key]:
    """Return the side of the split that a file's folders name, if one does, and the key without that folder."""
    for place, part in enumerate(key[:-1]):
        if (side := side_named(part)) is not None:
            return side, (*key[:place], *key[place + 1 :])
    return None, key


def side_named(word: str) -> str | None:
    """Return the side that a folder's name means, year numbers aside (``val2017``), or None."""
    return _SIDES.get(word.lower().rstrip("0123456789"))


class Pictures:
    """Pictures below a folder, to be found by the keys of their annotation files."""

    def __init__(self, source: Path, paths: Iterable[Path]) -> None:
        self.keys: dict[Path, Key] = {path: key_of(path, source) for path in paths}
        self._by_key: dict[Key, list[Path]] = {}
        for path, key in self.keys.items():
            for known in {key, ("", *side_of(key)[1]), ("", "", key[-1])}:
                self._by_key.setdefault(known, []).append(path)

    def find(self, *keys: Key) -> list[Path]:
        """Return the pictures of the first key that has any: whole keys first, then without side, then the names."""
        looser = [("", *side_of(key)[1]) for key in keys]
        for key in (*keys, *looser, *(("", "", key[-1]) for key in keys)):
            if key in self._by_key:
                return self._by_key[key]
        return []


class Pairing(NamedTuple):
    """Which annotation file belongs to which picture.

    Args:
        labels: Every picture and its annotation file, None if it has none.
        alone: Every annotation file without a picture of its own, and the pictures that have its name: none, several,
            or one to which another file belongs.
    """

    labels: dict[Path, Path | None]
    alone: dict[Path, list[Path]]


def pair_files(source: Path, files: Sequence[Path], suffix: str = "") -> Pairing:
    """Pair annotation files, of one for each picture, with the pictures below a folder.

    A ``suffix`` such as ``_mask.png`` is what follows the picture's name, without its ending, in an annotation file's.
    """
    annotated = frozenset(files)
    pictures = Pictures(source, [path for path in list_pictures(source) if path not in annotated])
    pairing = Pairing(dict.fromkeys(pictures.keys), {})
    keys = {file: key_of(file, source) for file in files}
    if suffix:
        keys = {file: (*key[:-1], file.name.removesuffix(suffix)) for file, key in keys.items()}
    exact = frozenset(pictures.keys.values())
    # The surest first: a file in the picture's own folder goes before one of the same name elsewhere.
    for file in sorted(files, key=lambda file: keys[file] not in exact):
        named = pictures.find(keys[file])
        if len(named) == 1 and pairing.labels[named[0]] is None:
            pairing.labels[named[0]] = file
        else:
            pairing.alone[file] = named
    return pairing


def why_alone(named: Sequence[Path]) -> str:
    """Return why an annotation file belongs to none of the pictures that have its name."""
    if len(named) == 1:
        return f"the annotation of {named[0].name} came before"
    return f"{len(named)} pictures have its name" if named else "it has no picture"


@dataclass(frozen=True)
class Item:
    """One picture with its annotation.

    Args:
        picture: The picture's file.
        side: ``train``, ``val`` or ``test``.
        name: Its place in that side, folders with ``/`` between them.
        annotation: Its defects.
        source: The file that they were read from; the picture's own where none says that it has none.
    """

    picture: Path
    side: str
    name: str
    annotation: Annotation
    source: Path


def name_below(pictures: Sequence[Path]) -> Callable[[Path], str]:
    """Return a function that names a picture by its place below the folder that all of ``pictures`` share."""
    shared = os.path.commonpath([picture.absolute().parent for picture in pictures]) if pictures else ""
    return lambda picture: picture.absolute().relative_to(shared).as_posix()


def picture_size(picture: Path) -> Size:
    """Return width and height of a picture as it is shown; `UnusableError` if it is damaged."""
    try:
        data = picture.read_bytes()
    except OSError as error:
        reason = f"it cannot be read ({error.strerror})"
        raise UnusableError(Kind.PICTURE_UNREADABLE, reason, "picture left out") from error
    image, reason = decode_within(data, cv2.IMREAD_GRAYSCALE)
    header = read_header(data)
    if image is not None and header is not None and (fault := missing_part(data, header)):
        raise UnusableError(Kind.PICTURE_TRUNCATED, fault, "picture left out; copy it again")
    if decode_as_training(data, picture.suffix, 3)[1] == NUMBERS:
        raise UnusableError(Kind.PICTURE_UNREADABLE, NUMBERS, "picture left out; save it with 8 bits")
    if image is not None:
        return image.shape[1], image.shape[0]
    if reason == NO_PICTURE:
        raise UnusableError(Kind.PICTURE_UNREADABLE, reason, "picture left out; copy it again")
    raise UnusableError(Kind.PICTURE_TOO_LARGE, reason, "picture left out; cut it into tiles")


def read_item(
    picture: Path, side: str, name: str, label: Path | None, read: Callable[[Path, Size], Reading], problems: Problems
) -> Item | None:
    """Return a picture with its annotation, which ``read`` reads from its label file; without one, it has no defects.

    None if either file is unusable or none of the objects that are stated is usable.
    """
    with problems.collect(file=picture):
        size = picture_size(picture)
        if label is None:
            return Item(picture, side, name, Annotation(picture.name, *size), picture)
        annotation, wrong = read(label, size)
        problems += wrong
        if annotation is None:
            return None
        if not annotation.objects and not all(problem.repaired for problem in wrong):
            raise UnusableError(Kind.NONE_USABLE, NONE_USABLE, "picture left out")
        return Item(picture, side, name, replace(annotation, image=picture.name), label)
    return None


def side_and_name(picture: Path, source: Path, default: str = "train") -> tuple[str, str]:
    """Return the side of a picture, by default if its folders name none, and its place there, folders before ``/``."""
    side, (*folders, _) = side_of(key_of(picture, source))
    return side or default, "/".join((*folders, picture.name))
