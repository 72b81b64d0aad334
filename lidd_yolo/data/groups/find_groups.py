"""The pictures of a YOLO data set grouped: what shows the same thing must stay on one side of a split.

Pictures are linked by `lidd_yolo.data.groups.overlap`, by the record of an enlargement and, if asked, by a rule on
their file names. All are shrunk by the same power of two first, so that photographs of any size fit into memory: what
overlaps must be compared at one scale.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lidd_yolo.data.groups.families import family_links
from lidd_yolo.data.groups.fingerprints import Gray
from lidd_yolo.data.groups.links import burst_links, group_numbers
from lidd_yolo.data.groups.overlap import LIMITS, Overlap, find_overlaps
from lidd_yolo.data.groups.pair_sheet import pair_sheet, pairs_to_draw
from lidd_yolo.data.groups.picture_groups import GROUPS_FILE, PictureGroups, all_pictures, split_names
from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.pictures.decoding import decode_within
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.errors import InputError
from lidd_yolo.files import all_or_nothing, check_writable, is_free
from lidd_yolo.progress import progress

PAIRS_SHEET = "pairs.jpg"
LONGEST_SIDE = 512
"""Pixels; twice the side that overlaps are searched at, so that halving loses nothing."""
_WHOLE = 0.95  # shared area from which a pair is one picture saved again and not two crops


@dataclass(frozen=True, repr=False)
class Grouping:
    """What `groups` has found and written.

    Args:
        file: The ``groups.json``.
        groups: Which pictures belong together, and why.
        leak: For each split but ``train`` the share of its pictures whose group is in ``train`` too.
        sheet: Sheet of pairs side by side; None if there is no pair.
        drawn: Number of pairs on it.
        pairs: Number of pairs found by their looks.
    """

    file: Path
    groups: PictureGroups
    leak: dict[str, float]
    sheet: Path | None
    drawn: int
    pairs: int

    def __repr__(self) -> str:
        """Return size, groups, leak and file."""
        size = f"{len(self.groups.names)} pictures in {self.groups.count()['count']} groups"
        return f"Grouping({size}, leak={self.leak}, file={str(self.file)!r})"


def groups(
    data: str | Path, *, out: str | Path | None = None, burst: str | None = None, overwrite: bool = False
) -> Grouping:
    """Find which pictures of a data set show the same thing, and what its split leaks by that.

    Args:
        data: Its data YAML, or the name of a packaged one.
        out: Folder to make, for ``groups.json`` and a sheet of pairs; None makes ``NAME-groups`` here.
        burst: Regular expression with a group: joins pictures whose file names agree in it.
        overwrite: Whether to replace a folder made before.

    Raises:
        InputError: If the data set is not there or damaged, no picture can be read, or ``out`` or ``burst`` is no good.
        OSError: If the folder cannot be written.
    """
    try:
        source = read_yolo_set(data)
        target = Path(out or f"{source.root.name}-groups")
        _check_out(target, overwrite=overwrite)
        grouped, loaded, overlaps = find_groups(all_pictures(source), burst)
        leak = grouped.leaks(split_names(source))
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        raise InputError(str(error)) from error
    drawn = pairs_to_draw(overlaps)
    with all_or_nothing(target) as folder:
        grouped.write(folder, data=source.file.name, leak=leak)
        if drawn:
            sheet = pair_sheet(loaded.images, drawn, [grouped.names[place] for place in loaded.places])
            (folder / PAIRS_SHEET).write_bytes(cv2.imencode(".jpg", sheet)[1].tobytes())
    sheet_file = target / PAIRS_SHEET if drawn else None
    return Grouping(target / GROUPS_FILE, grouped, leak, sheet_file, len(drawn), len(overlaps))


def _check_out(target: Path, *, overwrite: bool) -> None:
    """Refuse a folder that cannot be made, was not made here, or is there while ``overwrite`` is off."""
    check_writable(target)
    if is_free(target):
        return
    if not target.is_dir() or {entry.name for entry in target.iterdir()} - {GROUPS_FILE, PAIRS_SHEET}:
        raise InputError(f"{target} exists and holds other files; name another folder with --out")
    if not overwrite:
        raise InputError(f"{target} already exists; use --overwrite to make it again, or --out for another folder")


def find_groups(
    pictures: Mapping[str, Path], burst: str | None = None
) -> tuple[PictureGroups, GrayPictures, list[Overlap]]:
    """Return the groups of pictures by what they show; for drawing, the pictures and the pairs found among them.

    ``pictures`` are the files by their names, ``burst`` is a rule for `lidd_yolo.data.groups.links.burst_links`.

    Raises:
        InputError: If there is no picture, none can be read, the rule is wrong or the record of an enlargement damaged.
    """
    names = tuple(pictures)
    bursts = burst_links(names, burst) if burst is not None else []
    families = family_links(pictures.values())
    loaded = load_gray(list(pictures.values()))
    if not loaded.images:
        raise InputError(f"none of {len(names)} pictures can be read; first: {next(iter(loaded.problems), 'no file')}")
    overlaps = find_overlaps(loaded.images)
    pairs = [_pair(names, loaded, overlap) for overlap in overlaps]
    pairs += [*_by_record(names, bursts, "burst"), *_by_record(names, families, "enlarged")]
    links = [(loaded.places[overlap.first], loaded.places[overlap.second]) for overlap in overlaps]
    rule = {**LIMITS, "burst": burst}
    numbers = tuple(group_numbers(len(names), [*links, *bursts, *families]))
    return PictureGroups(names, numbers, tuple(pairs), rule, tuple(loaded.problems)), loaded, overlaps


def join_families(groups: PictureGroups, pictures: Mapping[str, Path]) -> PictureGroups:
    """Return groups that keep originals and their copies together, whatever the groups were made of.

    ``pictures`` are in the order of ``groups.names``. `InputError` if the record of an enlargement is damaged.
    """
    known = groups.numbers
    families = [pair for pair in family_links(pictures.values()) if known[pair[0]] != known[pair[1]]]
    if not families:
        return groups
    members: dict[int, int] = {}
    links = [(members.setdefault(number, place), place) for place, number in enumerate(known)]
    numbers = tuple(group_numbers(len(known), [*links, *families]))
    return replace(groups, numbers=numbers, pairs=(*groups.pairs, *_by_record(groups.names, families, "enlarged")))


def _by_record(names: Sequence[str], links: Sequence[tuple[int, int]], kind: str) -> list[dict[str, Any]]:
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


@dataclass(frozen=True)
class GrayPictures:
    """Grey values ``(H, W)`` of pictures, and the place of each in the list that was read, unreadable ones left out.

    ``shrunk`` is what all sides were divided by: 1, 2, 4 ...
    """

    images: list[Gray]
    places: list[int]
    shrunk: int
    problems: list[Problem]


def load_gray(paths: Sequence[Path]) -> GrayPictures:
    """Read pictures as grey values, of each at most 512 x 512 pixels, and say which could not be read."""
    images: list[Gray] = []
    places: list[int] = []
    problems: list[Problem] = []
    shrunk = 1
    for index, path in enumerate(progress(paths, len(paths), "reading pictures")):
        try:
            pixels, reason = decode_within(path.read_bytes(), cv2.IMREAD_GRAYSCALE)
        except OSError as error:
            pixels, reason = None, f"it cannot be read ({error.strerror})"
        if pixels is None:
            problems.append(Problem(path, Kind.PICTURE_UNREADABLE, reason, "it gets a group of its own; copy it again"))
            continue
        image = _shrunk(pixels.astype(np.uint8), shrunk)
        while max(image.shape) > LONGEST_SIDE:
            images, image, shrunk = [_shrunk(one, 2) for one in images], _shrunk(image, 2), 2 * shrunk
        images.append(image)
        places.append(index)
    return GrayPictures(images, places, shrunk, problems)


def _shrunk(image: Gray, factor: int) -> Gray:
    """Return a picture with its sides divided by a whole number."""
    if factor == 1:
        return image
    size = (max(1, image.shape[1] // factor), max(1, image.shape[0] // factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
