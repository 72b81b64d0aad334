"""Groups of pictures that a data set states itself, found by where the pictures lie on disk.

Own work. Nothing is looked for in the pictures: what ``lidd data`` or the user wrote beside the data YAML counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lidd_yolo.data.datasets.writer import REPORT
from lidd_yolo.data.groups_file import GROUPS_FILE, groups_by_file


def stated_groups(folder: Path, pictures: Sequence[Path]) -> tuple[int, ...] | None:
    """Return the group of each picture, numbered from 0 in the order of their first pictures.

    Args:
        folder: Folder of the data set; its ``split.json`` is read, or else its ``groups.json``.
        pictures: Files, wherever they are: a stated name is that of every file whose path ends with it.

    Returns:
        None if neither file states groups, or one of the pictures has none.

    Raises:
        ValueError: If the file is damaged; names it.
    """
    for file in (folder / REPORT, folder / GROUPS_FILE):
        if stated := groups_by_file(file):
            found = [_group(picture, stated) for picture in pictures]
            numbers: dict[str | None, int] = {}
            return None if None in found else tuple(numbers.setdefault(group, len(numbers)) for group in found)
    return None


def _group(picture: Path, stated: Mapping[str, str]) -> str | None:
    """Return the group under the longest end of a picture's path."""
    parts = picture.parts
    ends = [picture.as_posix(), *("/".join(parts[place:]) for place in range(1, len(parts)))]
    return next((stated[end] for end in ends if end in stated), None)
