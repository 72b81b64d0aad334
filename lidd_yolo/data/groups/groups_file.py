"""Groups of pictures as a JSON file: written by ``lidd data groups``, read by ``lidd data split``.

Users may edit ``pictures`` or write the file themselves; nothing else of it is needed to read it. The
``split.json`` of a data set made here is read as well: it states groups that no look at the pictures may find.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from lidd_yolo.data.groups.picture_groups import PictureGroups, picture_name
from lidd_yolo.data.readers.data_yaml import YoloSet

GROUPS_FILE = "groups.json"

_KINDS = ("equal", "same", "overlap", "burst", "enlarged")


def describe_groups(groups: PictureGroups) -> dict[str, Any]:
    """Return the figures of a grouping: number and sizes of the groups, pairs of each kind, rule and hash."""
    kinds = [pair["kind"] for pair in groups.pairs]
    sizes = groups.sizes()
    return {
        "images": len(groups.names),
        "groups": {"count": sum(sizes.values()), "largest": max(sizes, default=0), "sizes": sizes},
        "pairs": {kind: kinds.count(kind) for kind in _KINDS if kind in kinds},
        "rule": dict(groups.rule),
        "group_sha256": groups.sha256,
        "problems": [problem.as_dict() for problem in groups.problems],
    }


def groups_text(groups: PictureGroups, **facts: Any) -> str:
    """Return the file's text.

    Args:
        groups: What belongs together.
        facts: Further entries.
    """
    pictures = dict(zip(groups.names, groups.numbers, strict=True))
    found = {**describe_groups(groups), **facts, "pictures": pictures}
    return json.dumps({**found, "links": list(groups.pairs)}, indent=1) + "\n"


def read_groups(file: Path, names: Iterable[str]) -> PictureGroups:
    """Read the groups of some pictures.

    Args:
        file: File with ``pictures``: name -> group, a number or a text; or a ``split.json``. A name without folders
            stands for the picture of that name, in whatever folder.
        names: Pictures that need a group; the file may have more.

    Returns:
        Their groups, numbered anew.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or lacks a picture; names the file and the picture.
    """
    content = _content(file)
    stated = _stated(file, content)
    wanted = tuple(names)
    bare = Counter(PurePosixPath(name).name for name in wanted)
    for name in wanted:
        last = PurePosixPath(name).name
        if name not in stated and last in stated and bare[last] == 1:
            stated[name] = stated[last]
    if missing := [name for name in wanted if name not in stated]:
        raise ValueError(
            f"{file} has no group for {missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
        )
    numbers: dict[str, int] = {}
    found = tuple(numbers.setdefault(stated[name], len(numbers)) for name in wanted)
    links = content.get("links")
    kept = set(wanted)
    pairs = [p for p in links if {p["first"], p["second"]} <= kept] if isinstance(links, list) else []
    return PictureGroups(wanted, found, tuple(pairs), content.get("rule") or {})


def groups_by_file(file: Path) -> dict[str, str] | None:
    """Return the group of every picture by the place of its file; None if there is no such file or it states no groups.

    A picture is where its name says, unless the entry has a ``file``, as that of a copy in a new split has.

    Raises:
        ValueError: If the file is damaged; names it.
    """
    if not file.is_file():
        return None
    content = _content(file)
    if "pictures" not in content:
        return None
    stated = _stated(file, content)
    places = {name: entry["file"] for name, entry in content["pictures"].items() if "file" in _fields(entry)}
    return {str(places.get(name, name)): group for name, group in stated.items()}


def _content(file: Path) -> dict[str, Any]:
    """Return what a groups file holds.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{file}: no such file; make one with lidd data groups") from error
    except ValueError as error:
        raise _damaged(file, error) from error
    if not isinstance(content, dict):
        raise _damaged(file, TypeError(f"not a JSON object but {type(content).__name__}"))
    return content


def _stated(file: Path, content: Mapping[str, Any]) -> dict[str, str]:
    """Return the group of every picture by its name.

    Raises:
        ValueError: If they are not stated, or not as they should be.
    """
    try:
        return {str(name): _group(group) for name, group in content["pictures"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> ValueError:
    return ValueError(f"{file} is no groups file: {error!r}; make one with lidd data groups")


def _fields(entry: Any) -> Mapping[str, Any]:
    return entry if isinstance(entry, dict) else {}


def _group(stated: Any) -> str:
    """Return a group as text.

    Raises:
        TypeError: If it is neither a number nor a text.
    """
    stated = stated.get("group") if isinstance(stated, dict) else stated  # as in a ``split.json``
    if not isinstance(stated, (str, int)):
        raise TypeError(f"a group is a number or a text, not {stated!r}")
    return str(stated)


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
            found = [_stated_group(picture, stated) for picture in pictures]
            numbers: dict[str | None, int] = {}
            return None if None in found else tuple(numbers.setdefault(group, len(numbers)) for group in found)
    return None


def _stated_group(picture: Path, stated: Mapping[str, str]) -> str | None:
    """Return the group under the longest end of a picture's path."""
    parts = picture.parts
    ends = [picture.as_posix(), *("/".join(parts[place:]) for place in range(1, len(parts)))]
    return next((stated[end] for end in ends if end in stated), None)


_SPLIT = "split.json"


def read_known_groups(data: YoloSet, places: Mapping[str, Path]) -> tuple[dict[str, int], dict[str, Any] | None] | None:
    """Return the group of each picture and the content of ``split.json``, None if there is none; None without groups.

    Args:
        data: The data set.
        places: File of each picture, by any name.
    """
    folders = (data.file.parent, data.root)
    split = next((found for folder in folders if (found := _read(folder / _SPLIT)) is not None), None)
    for file in (folder / GROUPS_FILE for folder in folders):
        if file.is_file():
            names = _stated_names((_read(file) or {}).get("pictures"), data, places)
            stated = read_groups(file, list(names.values()))
            by_name = dict(zip(stated.names, stated.numbers, strict=True))
            return {place: by_name[name] for place, name in names.items()}, split
    pictures = (split or {}).get("pictures")
    names = _stated_names(pictures, data, places)
    groups = {place: _numbered_group(pictures, name) for place, name in names.items()}
    known = {place: group for place, group in groups.items() if group is not None}
    return (known, split) if len(known) == len(places) else None


def _stated_names(stated: Any, data: YoloSet, places: Mapping[str, Path]) -> dict[str, str]:
    """Return the name that a file states for each picture: its place below a folder, or without any folder.

    The data YAML may lie elsewhere than it did when the file was written, so any end of a picture's path will do.
    """
    known = frozenset(stated) if isinstance(stated, dict) else frozenset()
    names = {}
    for place, picture in places.items():
        parts = picture.resolve().parts
        ends = ("/".join(parts[start:]) for start in range(1, len(parts)))
        names[place] = next((end for end in ends if end in known), picture_name(picture, data.root))
    return names


def _numbered_group(pictures: Any, name: str) -> int | None:
    """Return the group that ``split.json`` states for a picture, or None if it does not."""
    entry = pictures.get(name) if isinstance(pictures, dict) else None
    group = entry.get("group") if isinstance(entry, dict) else None
    return group if isinstance(group, int) else None


def _read(file: Path) -> dict[str, Any] | None:
    """Return the content of a JSON file, or None if there is none that can be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


REPORT = "split.json"
"""File that marks a folder as a data set of ours and describes its split."""
