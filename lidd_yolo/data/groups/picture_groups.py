"""Which pictures belong together: the groups as a type, as ``groups.json``, and as any file that states them.

``lidd data groups`` writes ``groups.json`` and ``lidd data split`` reads it. Users may edit ``pictures`` or write the
file themselves; nothing else of it is needed to read it. The ``split.json`` of a data set made here states groups too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from lidd_yolo.data.groups.digest import group_digest
from lidd_yolo.data.groups.links import leak_share
from lidd_yolo.data.labels.problems import Problem
from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.errors import InputError

GROUPS_FILE = "groups.json"
SPLIT_FILE = "split.json"
"""File that marks a folder as a data set of ours and describes its split, see `lidd_yolo.data.splits.report`."""

_KINDS = ("equal", "same", "overlap", "burst", "enlarged")


@dataclass(frozen=True)
class PictureGroups:
    """Which pictures belong together.

    Args:
        names: Pictures, by `picture_name`.
        numbers: Group of each, numbered from 0 in the order of their first pictures.
        pairs: Why: ``first``, ``second``, ``kind`` and, if what they show tells (``equal``, ``same``, ``overlap``),
            ``orientation``, ``shift``, ``area``, ``similarity`` and ``sharpness`` as in
            `lidd_yolo.data.groups.overlap`, the shift in pixels of the files. The other kinds are ``burst``
            and ``enlarged``, an original and its copy.
        rule: Thresholds and file-name rule.
        problems: Pictures that could not be read; each is a group of its own.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    pairs: tuple[Mapping[str, Any], ...] = ()
    rule: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of the grouping, to quote with a split."""
        return group_digest(self.names, self.numbers)

    def leaks(self, splits: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """Return for each split but ``train`` the share of its pictures whose group is in ``train`` too.

        Rounded to four digits; nothing without ``train``.
        """
        if "train" not in splits:
            return {}
        index = {name: place for place, name in enumerate(self.names)}
        sides = {split: [index[name] for name in names] for split, names in splits.items()}
        return {split: round(leak_share(sides, self.numbers, split), 4) for split in splits if split != "train"}

    def count(self) -> dict[str, Any]:
        """Return number, largest and sizes of the groups, as ``groups.json`` and ``split.json`` hold them."""
        sizes = dict(sorted(Counter(Counter(self.numbers).values()).items()))
        return {"count": sum(sizes.values()), "largest": max(sizes, default=0), "sizes": sizes}

    def figures(self) -> dict[str, Any]:
        """Return what ``groups.json`` says of the whole: groups, pairs of each kind, rule and hash."""
        kinds = [pair["kind"] for pair in self.pairs]
        return {
            "images": len(self.names),
            "groups": self.count(),
            "pairs": {kind: kinds.count(kind) for kind in _KINDS if kind in kinds},
            "rule": dict(self.rule),
            "group_sha256": self.sha256,
            "problems": [problem.as_dict() for problem in self.problems],
        }

    def write(self, folder: Path, **facts: Any) -> None:
        """Write ``groups.json``, with ``facts`` as further entries."""
        pictures = dict(zip(self.names, self.numbers, strict=True))
        content = {**self.figures(), **facts, "pictures": pictures, "links": list(self.pairs)}
        (folder / GROUPS_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def picture_name(path: Path, root: Path) -> str:
    """Return the name of a picture in lists and hashes: its place below the data set's folder, or its whole path."""
    for base in (root, root.resolve()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.as_posix()


def split_names(data: YoloSet) -> dict[str, list[str]]:
    """Return the names of the pictures of each split of a data set."""
    return {split: [picture_name(path, data.root) for path in paths] for split, paths in data.pictures.items()}


def all_pictures(data: YoloSet) -> dict[str, Path]:
    """Return every picture of a data set by its name, once if several splits have it.

    They come in order of their file names, whatever split they are in: the search for overlaps may miss another pair in
    another order, and a new split of the same pictures should find the same groups.
    """
    pictures = {picture_name(path, data.root): path for paths in data.pictures.values() for path in paths}
    return dict(sorted(pictures.items(), key=lambda entry: (entry[1].stem, entry[0])))


def read_groups(file: Path, names: Iterable[str]) -> PictureGroups:
    """Read the groups of some pictures and number them anew.

    Args:
        file: File with ``pictures``: name -> group, a number or a text; or a ``split.json``. A name stands for the
            picture of that name, or for the one picture whose name ends with it, in whatever folder.
        names: Pictures that need a group; the file may have more.

    Raises:
        InputError: If there is no such file, it is damaged or lacks a picture; names the file and the picture.
    """
    stated, names = _Stated(file), tuple(names)
    ends = {name: _longest_end(PurePosixPath(name), stated.names) for name in names}
    pictures_of = Counter(ends.values())
    stated.check(name for name in names if ends[name] is None or (ends[name] != name and pictures_of[ends[name]] > 1))
    links = stated.content.get("links")
    known = set(names)
    pairs = [p for p in links if {p["first"], p["second"]} <= known] if isinstance(links, list) else []
    numbers = _numbered(stated.names[str(ends[name])] for name in names)
    return PictureGroups(names, numbers, tuple(pairs), stated.content.get("rule") or {})


def stated_groups(folder: Path, pictures: Sequence[Path]) -> tuple[int, ...] | None:
    """Return the group of each picture, numbered from 0 in the order of their first pictures.

    The ``split.json`` of the folder is read, or else its ``groups.json``. A stated name is that of every file whose
    path ends with it, wherever it lies. None if neither states groups, or one of the pictures has none; `InputError`
    if the file is damaged.
    """
    for file in (folder / SPLIT_FILE, folder / GROUPS_FILE):
        if file.is_file() and _content(file).get("pictures"):
            groups = _Stated(file).of(pictures)
            return None if None in groups else _numbered(groups)
    return None


def known_groups(data: YoloSet, pictures: Sequence[Path]) -> tuple[int, ...] | None:
    """Return the group of each picture of a data set: of its ``groups.json``, or else as its ``split.json`` numbers it.

    Both lie beside the YAML or in the data set's folder. The YAML may lie elsewhere than when the groups were written:
    any end of a path will do. None if no groups are stated, or a ``split.json`` lacks a picture or is damaged.

    Raises:
        InputError: If a ``groups.json`` is damaged, or lacks a picture and there is no ``split.json`` that has all.
    """
    folders = (data.file.parent, data.root)
    own, split = (
        next((folder / name for folder in folders if (folder / name).is_file()), None)
        for name in (GROUPS_FILE, SPLIT_FILE)
    )
    stated = _Stated(own) if own else None
    groups = stated.of(pictures) if stated else [None]
    if None not in groups:
        return _numbered(groups)
    if split:
        with suppress(ValueError):
            return tuple(int(str(group)) for group in _Stated(split).of(pictures))
    if stated:
        stated.check(picture_name(p, data.root) for p, group in zip(pictures, groups, strict=True) if group is None)
    return None


class _Stated:
    """What a ``groups.json`` or a ``split.json`` states: the group of each picture, as text."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.content = _content(file)
        try:
            pictures = self.content["pictures"].items()
            entries = {str(name): entry if isinstance(entry, dict) else {"group": entry} for name, entry in pictures}
            self.names = {name: _group(entry.get("group")) for name, entry in entries.items()}
            # A copy in a new split lies where its entry says, every other picture where its name says.
            self.places = {str(entry.get("file", name)): self.names[name] for name, entry in entries.items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise _damaged(file, error) from error

    def of(self, pictures: Sequence[Path]) -> list[str | None]:
        """Return the group of each picture, under the longest end of its path that is stated, or None."""
        ends = [stated_name(picture, self.places) for picture in pictures]
        return [None if end is None else self.places[end] for end in ends]

    def check(self, missing: Iterable[str]) -> None:
        """Refuse pictures that have no group."""
        names = list(missing)
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise InputError(f"{self.file} has no group for {names[0]}{more}")


def stated_name(picture: Path, known: Container[str]) -> str | None:
    """Return the known name of a picture: the longest end of its path, as it is or resolved; None if there is none."""
    return _longest_end(picture, known) or _longest_end(picture.resolve(), known)


def _longest_end(path: PurePath, known: Container[str]) -> str | None:
    """Return the longest end of a path that is known: the whole path, or what is left without its first folders."""
    ends = (path.as_posix(), *("/".join(path.parts[start:]) for start in range(1, len(path.parts))))
    return next((end for end in ends if end in known), None)


def _numbered(groups: Iterable[str | None]) -> tuple[int, ...]:
    numbers: dict[str | None, int] = {}
    return tuple(numbers.setdefault(group, len(numbers)) for group in groups)


def _content(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{file}: no such file; make one with lidd data groups") from error
    except ValueError as error:
        raise _damaged(file, error) from error
    if not isinstance(content, dict):
        raise _damaged(file, TypeError(f"not a JSON object but {type(content).__name__}"))
    return content


def _damaged(file: Path, error: Exception) -> InputError:
    return InputError(f"{file} is no groups file: {error!r}; make one with lidd data groups")


def _group(group: Any) -> str:
    if not isinstance(group, (str, int)):
        raise TypeError(f"a group is a number or a text, not {group!r}")
    return str(group)
