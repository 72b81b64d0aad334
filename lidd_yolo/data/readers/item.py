"""One picture of a source with its annotation, its size and its place in a split.

What every way of laying out a data set comes down to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import NONE_USABLE, Problem
from lidd_yolo.data.pictures.decoding import NO_PICTURE, decode_within
from lidd_yolo.data.readers.layout import Key, side_of

Size = tuple[int, int]
"""Width and height in pixels."""


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
    folders = {picture.parent for picture in pictures}
    shared = next(iter(folders), Path())
    while not all(folder.is_relative_to(shared) for folder in folders):
        shared = shared.parent
    return lambda picture: picture.relative_to(shared).as_posix()


def picture_size(picture: Path) -> tuple[Size | None, list[Problem]]:
    """Return width and height of a picture as it is shown, or None and why it cannot be used."""
    try:
        data = picture.read_bytes()
    except OSError as error:
        return None, [Problem(picture, "", f"it cannot be read ({error.strerror})", "picture left out")]
    image, reason = decode_within(data, cv2.IMREAD_GRAYSCALE)
    if image is None:
        remedy = "copy it again" if reason == NO_PICTURE else "cut it into tiles"
        return None, [Problem(picture, "", reason, f"picture left out; {remedy}")]
    return (image.shape[1], image.shape[0]), []


def kept_item(item: Item, problems: list[Problem]) -> tuple[Item | None, list[Problem]]:
    """Return an item and its problems; no item, and one problem more, if all objects that its file states are unusable.

    Args:
        item: The item, perhaps without objects.
        problems: What its file's reader reported.
    """
    if item.annotation.objects or all(problem.repaired for problem in problems):
        return item, problems
    return None, [*problems, Problem(item.picture, "", NONE_USABLE, "picture left out")]


def item_of(picture: Path, key: Key, annotation: Annotation, source: Path) -> Item:
    """Return the item of a picture whose side and name its key tells."""
    side, (*folders, _) = side_of(key)
    name = "/".join((*folders, picture.name))
    return Item(picture, side, name, replace(annotation, image=picture.name), source)
