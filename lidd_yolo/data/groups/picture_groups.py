"""Groups of the pictures of a YOLO data set: what shows the same thing must stay on one side of a split.

Pictures are linked by `lidd_yolo.data.groups.overlap`, by the record of an enlargement and, if asked, by a rule on
their file names.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lidd_yolo.data.groups.digest import group_digest
from lidd_yolo.data.groups.families import family_links
from lidd_yolo.data.groups.links import burst_links, group_numbers, leak_share
from lidd_yolo.data.groups.overlap import LIMITS, Overlap, find_overlaps
from lidd_yolo.data.groups.pictures import GrayPictures, load_gray
from lidd_yolo.data.labels.problems import Problem
from lidd_yolo.data.readers.data_yaml import YoloSet

_WHOLE = 0.95  # shared area from which a pair is one picture saved again and not two crops


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

    def sizes(self) -> dict[int, int]:
        """Return how many groups there are of each size."""
        return dict(sorted(Counter(Counter(self.numbers).values()).items()))

    def leaks(self, splits: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """Return for each split but ``train`` the share of its pictures whose group is in ``train`` too.

        Args:
            splits: Names of the pictures of each; without ``train`` nothing can leak and nothing is returned.
        """
        if "train" not in splits:
            return {}
        index = {name: place for place, name in enumerate(self.names)}
        sides = {split: [index[name] for name in names] for split, names in splits.items()}
        return {split: leak_share(sides, self.numbers, split) for split in splits if split != "train"}


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
    found = {picture_name(path, data.root): path for paths in data.pictures.values() for path in paths}
    return dict(sorted(found.items(), key=lambda entry: (entry[1].stem, entry[0])))


def find_groups(
    pictures: Mapping[str, Path], burst: str | None = None
) -> tuple[PictureGroups, GrayPictures, list[Overlap]]:
    """Group pictures by what they show.

    Args:
        pictures: File of each, by its name.
        burst: Rule on the file names that joins pictures, see `lidd_yolo.data.groups.links`; none if None.

    Returns:
        The groups; the pictures and the pairs found among them, for drawing.

    Raises:
        ValueError: If there is no picture, none can be read, the rule is wrong or the record of an enlargement damaged.
    """
    names = tuple(pictures)
    bursts = burst_links(names, burst) if burst is not None else []
    families = family_links(pictures.values())
    loaded = load_gray(list(pictures.values()))
    if not loaded.images:
        raise ValueError(f"none of {len(names)} pictures can be read; first: {next(iter(loaded.problems), 'no file')}")
    overlaps = find_overlaps(loaded.images)
    pairs = [_pair(names, loaded, overlap) for overlap in overlaps]
    pairs += [*_told(names, bursts, "burst"), *_told(names, families, "enlarged")]
    links = [(loaded.places[overlap.first], loaded.places[overlap.second]) for overlap in overlaps]
    rule = {**LIMITS, "burst": burst}
    numbers = tuple(group_numbers(len(names), [*links, *bursts, *families]))
    return PictureGroups(names, numbers, tuple(pairs), rule, tuple(loaded.problems)), loaded, overlaps


def join_families(groups: PictureGroups, pictures: Mapping[str, Path]) -> PictureGroups:
    """Return groups that keep originals and their copies together, whatever the groups were made of.

    Args:
        groups: Groups of the pictures.
        pictures: File of each, by its name, in the order of ``groups.names``.

    Raises:
        ValueError: If the record of an enlargement is damaged.
    """
    known = groups.numbers
    families = [pair for pair in family_links(pictures.values()) if known[pair[0]] != known[pair[1]]]
    if not families:
        return groups
    members: dict[int, int] = {}
    links = [(members.setdefault(number, place), place) for place, number in enumerate(known)]
    numbers = tuple(group_numbers(len(known), [*links, *families]))
    return replace(groups, numbers=numbers, pairs=(*groups.pairs, *_told(groups.names, families, "enlarged")))


def _told(names: Sequence[str], links: Sequence[tuple[int, int]], kind: str) -> list[dict[str, Any]]:
    """Return pairs that are known without a look at them, as they are written to files."""
    return [{"first": names[one], "second": names[other], "kind": kind} for one, other in links]


def _pair(names: Sequence[str], loaded: GrayPictures, overlap: Overlap) -> dict[str, Any]:
    """Return one pair as it is written to files."""
    equal = math.isinf(overlap.sharpness)
    return {
        "first": names[loaded.places[overlap.first]],
        "second": names[loaded.places[overlap.second]],
        "kind": "equal" if equal else "same" if overlap.area >= _WHOLE else "overlap",
        "orientation": overlap.orientation,
        "shift": [overlap.dx * loaded.shrunk, overlap.dy * loaded.shrunk],
        "area": round(overlap.area, 4),
        "similarity": round(overlap.similarity, 4),
        "sharpness": None if equal else round(overlap.sharpness, 2),
    }
