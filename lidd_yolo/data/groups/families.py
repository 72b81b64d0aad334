"""Which pictures are changed copies of one original: what the ``enlarged.json`` above them says, wherever they are.

Turned by any angle, a copy looks like another picture; only the record knows where it is from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from lidd_yolo.errors import InputError

ENLARGED = "enlarged.json"
"""File in an enlarged data set."""


def family_links(pictures: Iterable[Path]) -> list[tuple[int, int]]:
    """Return the links that hold each original among some files and its copies together.

    Returns:
        Index of the original and of the copy, for every copy. Where the original is not among the pictures its first
        copy stands for it, and has no link of its own.

    Raises:
        InputError: If a record, in one of the folders above the files, is damaged.
    """
    record_above, families = cache(_record_above), cache(_families)  # every folder is looked at once
    first: dict[tuple[Path, str], int] = {}
    copies: list[tuple[tuple[Path, str], int]] = []
    for index, picture in enumerate(pictures):
        for path in dict.fromkeys((picture.absolute(), picture.resolve())):  # the record may lie beside a link
            root = record_above(path.parent)
            place = path.relative_to(root).as_posix() if root else ""
            if root is None or (original := families(root).get(place)) is None:
                continue
            family = (root.resolve(), original)  # the same by a link to the folder and by its own path
            if place == original:
                first[family] = index
            else:
                copies.append((family, index))
            break
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


def _record_above(folder: Path) -> Path | None:
    """Return the nearest folder with a record, this one or above it."""
    return next((place for place in (folder, *folder.parents) if (place / ENLARGED).is_file()), None)


def _families(root: Path) -> dict[str, str]:
    """Return the original of each copy and of each original, which is that itself."""
    originals = read_originals(root)
    return {**{name: name for name in originals.values()}, **originals}
