"""COCO data set: one or several JSON files, and pictures that are looked for by the names these give.

The format itself is in `lidd_yolo.data.formats.coco`. Only files below the source folder are ever taken,
whatever path a JSON file names.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lidd_yolo.data.formats.coco import CocoFile, read_coco
from lidd_yolo.data.labels.annotation import Annotation, Place
from lidd_yolo.data.labels.problems import NONE_USABLE, Kind, Problems, UnusableError
from lidd_yolo.data.readers.layout import (
    Item,
    key_of,
    list_files,
    list_pictures,
    passed_over,
    picture_size,
    side_and_name,
    side_named,
    side_of,
)
from lidd_yolo.data.readers.source import ReadRule, SourceFolder, is_good
from lidd_yolo.progress import progress


class PairedFile(NamedTuple):
    """One JSON file; each of its annotations with the pictures that it may mean: one, none or several."""

    path: Path
    content: CocoFile
    pictures: list[tuple[Annotation, list[Path]]]


class CocoFolder(NamedTuple):
    """The JSON files of a folder with their pictures, and the pictures below the root that no file names."""

    root: Path
    files: list[PairedFile]
    unnamed: list[Path]


def pair_coco_folder(source: Path) -> CocoFolder:
    """Read the JSON files of a folder, or one JSON file, and find the pictures that they name, beside and below.

    Raises:
        FileNotFoundError: If there is no JSON file.
    """
    root, files = (source.parent, [source]) if source.is_file() else (source, list_files(source, {".json"}))
    if not files:
        raise FileNotFoundError(f"{source}: no JSON file")
    named: dict[str, list[Path]] = {}
    for path in list_pictures(root):
        named.setdefault(path.name, []).append(path)
    paired = []
    for file in files:
        content = read_coco(file)
        pictures = [(one, _matching(PurePosixPath(one.image), file, root, named)) for one in content.annotations or []]
        paired.append(PairedFile(file, content, pictures))
    taken = {matching[0] for file in paired for _, matching in file.pictures if len(matching) == 1}
    return CocoFolder(root, paired, [path for paths in named.values() for path in paths if path not in taken])


def read_coco_folder(source: Path, rule: ReadRule | None = None) -> SourceFolder:
    """Read a COCO data set, see `pair_coco_folder`.

    Where a picture's folders do not name its side, the JSON file's name does (``instances_val2017.json``).

    Raises:
        FileNotFoundError: If there is no JSON file.
        ValueError: If fewer than half of the pictures that the files name are there.
    """
    rule = rule or ReadRule()
    folder = pair_coco_folder(source)
    named = [(file, one, matching) for file, _, pictures in folder.files for one, matching in pictures]
    lost = [(file, one) for file, one, matching in named if len(matching) != 1]
    if 2 * len(lost) > len(named):
        raise ValueError(
            f"{lost[0][0]}: {len(lost)} of {len(named)} pictures that it names are not below {folder.root}, or there "
            f"more than once, such as {lost[0][1].image}; nothing is written"
        )
    items: dict[Path, Item] = {}
    problems = Problems(source)
    problems += passed_over(folder.root)
    for file, content, pictures in folder.files:
        problems += content.problems
        for index, (annotation, matching) in enumerate(progress(pictures, len(pictures), f"reading {file.name}")):
            with problems.collect(Place(annotation.image), file):
                if len(matching) != 1:
                    reason = f"{len(matching)} pictures have this name" if matching else "there is no such picture"
                    remedy = f"left out; it is looked for below {folder.root}"
                    raise UnusableError(Kind.PICTURE_MISSING, reason, remedy)
                [picture] = matching
                if picture in items:
                    raise UnusableError(Kind.PICTURE_MISSING, "the picture came before", "left out here")
                with problems.collect(file=picture):
                    item = _read_one(annotation, picture, file, folder.root)
                    if index in content.emptied:
                        raise UnusableError(Kind.NONE_USABLE, NONE_USABLE, "picture left out")
                    items[picture] = item
    labels: dict[Path, Path | None] = {matching[0]: file for file, _, matching in named if len(matching) == 1}
    doubtful = frozenset(PurePosixPath(one.image).stem for _, one in lost)
    for picture in folder.unnamed:
        labels[picture] = None
        if is_good(picture, rule, doubtful, "no JSON file names it", problems):
            with problems.collect(file=picture):
                nothing = Annotation(picture.name, *picture_size(picture))
                items[picture] = Item(picture, *side_and_name(picture, folder.root), nothing, picture)
    return SourceFolder(list(items.values()), problems, labels)


def _read_one(annotation: Annotation, picture: Path, file: Path, root: Path) -> Item:
    """Return a picture that a JSON file names; raises `UnusableError` if it is of another size or not to be decoded."""
    size = picture_size(picture)
    if size != (annotation.width, annotation.height):
        reason = f"it is {size[0]}x{size[1]}, {file.name} says {annotation.width}x{annotation.height}"
        raise UnusableError(Kind.WRONG_SIZE, reason, "picture left out; its objects would lie elsewhere")
    side_name = side_and_name(picture, root, _side(file) or "train")
    return Item(picture, *side_name, replace(annotation, image=picture.name), file)


def _matching(stated: PurePosixPath, file: Path, root: Path, named: dict[str, list[Path]]) -> list[Path]:
    """Return the pictures that a stated path may mean: by the whole path, then by the side, then by the name."""
    same_name = named.get(stated.name, [])
    whole = [path for path in same_name if path.relative_to(root).parts[-len(stated.parts) :] == stated.parts]
    side = _side(file)
    of_side = [path for path in whole or same_name if side and side_of(key_of(path, root))[0] == side]
    return whole if len(whole) == 1 else of_side or whole or same_name


def _side(file: Path) -> str | None:
    """Return the side that a word of a JSON file's name means, or None."""
    words = file.stem.replace("-", "_").replace(".", "_").split("_")
    return next((side for word in words if (side := side_named(word)) is not None), None)
