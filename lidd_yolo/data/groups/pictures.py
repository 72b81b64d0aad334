"""The grey values of many pictures, shrunk together so that photographs of any size fit into memory.

All are shrunk by the same power of two: what overlaps must be compared at one scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lidd_yolo.data.groups.texture import Gray
from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.pictures.decoding import decode_within
from lidd_yolo.progress import progress

LONGEST_SIDE = 512
"""Pixels; twice the side that overlaps are searched at, so that halving loses nothing."""


@dataclass(frozen=True)
class GrayPictures:
    """Pictures in memory.

    Args:
        images: Grey values, each of shape ``(H, W)``.
        places: Index of each in the list that was read; unreadable ones are left out.
        shrunk: What all sides were divided by: 1, 2, 4 ...
        problems: The unreadable pictures.
    """

    images: list[Gray]
    places: list[int]
    shrunk: int
    problems: list[Problem]


def load_gray(paths: Sequence[Path]) -> GrayPictures:
    """Read pictures as grey values; 512 x 512 pixels of each are kept at most.

    Args:
        paths: Their files.

    Returns:
        The pictures, and which could not be read.
    """
    images: list[Gray] = []
    places: list[int] = []
    problems: list[Problem] = []
    shrunk = 1
    for index, path in enumerate(progress(paths, len(paths), "reading pictures")):
        image, reason = _decoded(path)
        if image is None:
            problems.append(Problem(path, Kind.PICTURE_UNREADABLE, reason, "it gets a group of its own; copy it again"))
            continue
        image = _shrunk(image, shrunk)
        while max(image.shape) > LONGEST_SIDE:
            images, image, shrunk = [_shrunk(one, 2) for one in images], _shrunk(image, 2), 2 * shrunk
        images.append(image)
        places.append(index)
    return GrayPictures(images, places, shrunk, problems)


def _decoded(path: Path) -> tuple[Gray | None, str]:
    """Return the grey values of a picture, or None and why there are none."""
    try:
        image, reason = decode_within(path.read_bytes(), cv2.IMREAD_GRAYSCALE)
    except OSError as error:
        return None, f"it cannot be read ({error.strerror})"
    return (None, reason) if image is None else (image.astype(np.uint8), "")


def _shrunk(image: Gray, factor: int) -> Gray:
    """Return a picture with its sides divided by a whole number."""
    if factor == 1:
        return image
    size = (max(1, image.shape[1] // factor), max(1, image.shape[0] // factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
