"""Which pictures are changed copies of one original: what the ``enlarged.json`` above them says, wherever they are.

Turned by any angle, a copy looks like another picture; only the record knows where it is from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from lidd_yolo.errors import InputError

_Family = tuple[Path, str]
"""Folder of an enlarged data set and place of the original in it."""


def family_links(pictures: Iterable[Path]) -> list[tuple[int, int]]:
    """Return the links that hold each original among some files and its copies together.

    Returns:
        Index of the original and of the copy, for every copy. Where the original is not among the pictures its first
        copy stands for it, and has no link of its own.

    Raises:
        InputError: If a record, in one of the folders above the files, is damaged.
    """
    records = _Records()
    first: dict[_Family, int] = {}
    copies: list[tuple[_Family, int]] = []
    for index, picture in enumerate(pictures):
        found = records.look_up(picture)
        if found is not None and found[1]:
            copies.append((found[0], index))
        elif found is not None:
            first[found[0]] = index
    links = [(first.setdefault(family, index), index) for family, index in copies]
    return [(one, other) for one, other in links if one != other]


def carry_record(folder: Path, placed: Mapping[Path, str]) -> None:
    """Write the ``enlarged.json`` of a data set made of another one's pictures; nothing if none of them is a copy.

    ``placed`` is the place in the new data set, with ``/`` between folders, by the file that a picture was made of.
    `InputError` if a record is damaged.
    """
    places = list(placed.values())
    pictures: dict[str, dict[str, dict[str, float]]] = {}
    for one, other in family_links(placed):
        pictures.setdefault(places[one], {})[places[other]] = {}  # how it was changed stands in the first record
    if pictures:
        content = {"originals": len(pictures), "copies": sum(map(len, pictures.values())), "pictures": pictures}
        (folder / ENLARGED).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


class _Records:
    """The records above pictures; every folder is looked at once."""

    def __init__(self) -> None:
        self._roots: dict[Path, Path | None] = {}
        self._families: dict[Path, dict[str, tuple[_Family, bool]]] = {}

    def look_up(self, picture: Path) -> tuple[_Family, bool] | None:
        """Return the family of a picture and whether it is a copy, or None if no record knows it."""
        for path in dict.fromkeys((picture.absolute(), picture.resolve())):  # the record may lie beside a link
            root = self._root(path.parent)
            if root is not None and (found := self._of(root).get(path.relative_to(root).as_posix())) is not None:
                return found
        return None

    def _root(self, folder: Path) -> Path | None:
        """Return the nearest folder with a record, this one or above it."""
        if folder not in self._roots:
            above = self._root(folder.parent) if folder != folder.parent else None
            self._roots[folder] = folder if (folder / ENLARGED).is_file() else above
        return self._roots[folder]

    def _of(self, root: Path) -> dict[str, tuple[_Family, bool]]:
        """Return family, and whether it is a copy, of every picture that a record names."""
        if root not in self._families:
            originals = read_originals(root)
            # Names of the same set by a link and by its own path are one family.
            of = {name: (root.resolve(), name) for name in originals.values()}
            found = {name: (family, False) for name, family in of.items()}
            self._families[root] = {**found, **{copy: (of[name], True) for copy, name in originals.items()}}
        return self._families[root]


ENLARGED = "enlarged.json"
"""File in an enlarged data set."""


def read_originals(root: Path) -> dict[str, str]:
    """Return the original of each copy of an enlarged data set, by their places in it; empty if it is none.

    Raises:
        InputError: If its ``enlarged.json`` is damaged.
    """
    file = root / ENLARGED
    if not file.is_file():
        return {}
    try:
        pictures = json.loads(file.read_text(encoding="utf-8"))["pictures"]
        return {str(copy): str(name) for name, copies in pictures.items() for copy in copies}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} is damaged ({error!r}); enlarge the data set again") from error
