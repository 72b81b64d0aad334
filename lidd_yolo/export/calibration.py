"""Training pictures on which the number ranges of an int8 file are measured, spread over groups of one thing.

What a file is judged on must not have shaped it, so a training picture is left out if it, or another of its
group, is also in ``val`` or ``test``.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.digest import digest
from lidd_yolo.data.groups.picture_groups import known_groups, picture_name
from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.errors import InputError
from lidd_yolo.export.formats import InputShape
from lidd_yolo.export.reference import read_input


@dataclass(frozen=True)
class Calibration:
    """The pictures, and how they were chosen.

    Args:
        files: The pictures.
        seed: Of the choice.
        groups: Number of groups that they come from; None if the data set states no groups.
        left_out: Training pictures that could not be chosen, as their group is on another side too.
        sha256: Hash of names and contents, in order.
    """

    files: tuple[Path, ...]
    seed: int
    groups: int | None
    left_out: int
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        """Return what the certificate says about the choice."""
        counts = {"pictures": len(self.files), "groups": self.groups, "left_out": self.left_out}
        return {"split": "train", **counts, "seed": self.seed, "sha256": self.sha256}


@dataclass(frozen=True)
class CalibrationBatches:
    """The pictures as inputs of a network, read anew in each pass: hundreds of large ones need not fit into memory.

    The last batch of the shape is filled up with the first pictures.
    """

    files: Sequence[Path]
    shape: InputShape
    channels: int

    def __len__(self) -> int:
        """Return the number of batches."""
        return ceil(len(self.files) / self.shape.batch)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield batches ``(B, C, H, W)``, RGB 0-1."""
        size = self.shape.batch
        for first in range(0, len(self.files), size):
            files = [self.files[i % len(self.files)] for i in range(first, first + size)]
            yield read_input(files, self.shape.side, self.channels).numpy()


def choose_calibration(data: YoloSet, count: int, seed: int) -> Calibration:
    """Choose training pictures: one of each group in random order, then a second of each, until there are enough.

    Groups are those of the data set's ``groups.json`` or ``split.json``, if any; there may be less than ``count``.

    Raises:
        InputError: If there are no training pictures, all are on another side too, or less than one is requested.
    """
    if count < 1:
        raise InputError(f"--calibration must be 1 or more, got {count}")
    train = data.pictures.get("train", ())
    if not train:
        raise InputError(f"{data.file}: no pictures in train; an int8 file is calibrated on training pictures only")
    group_of = _groups(data)
    elsewhere = {group_of[p] for split, files in data.pictures.items() if split != "train" for p in files}
    usable = [file for file in train if group_of[file] not in elsewhere]
    if not usable:
        raise InputError(
            f"{data.file}: every training picture, or one of its group, is in another split too: nothing is left to "
            "calibrate on; divide the data set with `lidd data split`"
        )
    chosen = _in_turn(usable, group_of, seed)[:count]
    stated = len({group_of[file] for file in chosen}) if any(group_of[p] != p for p in chosen) else None
    names = [picture_name(file, data.root) for file in chosen]
    hashed = digest(part for name, file in zip(names, chosen, strict=True) for part in (name, file.read_bytes()))
    return Calibration(tuple(chosen), seed, stated, len(train) - len(usable), hashed)


def _groups(data: YoloSet) -> dict[Path, Hashable]:
    """Return the group of each picture; a picture of a data set without groups is its own."""
    pictures = list(dict.fromkeys(file for files in data.pictures.values() for file in files))
    return dict(zip(pictures, known_groups(data, pictures) or pictures, strict=True))


def _in_turn(files: Sequence[Path], group_of: Mapping[Path, Hashable], seed: int) -> list[Path]:
    """Return pictures in an order of which every beginning is spread over groups."""
    members: dict[Hashable, list[Path]] = {}
    for file in files:
        members.setdefault(group_of[file], []).append(file)
    draw = random.Random(seed)
    groups = list(members.values())
    draw.shuffle(groups)
    for group in groups:
        draw.shuffle(group)
    return [file for turn in zip_longest(*groups) for file in turn if file is not None]
