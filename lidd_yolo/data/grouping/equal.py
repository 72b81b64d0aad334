"""Pictures that are equal in every pixel, perhaps turned or mirrored.

Own work; no paper. Grey levels are counted first: only pictures with the same counts can be equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from lidd_yolo.data.grouping.orientation import COUNT, turned
from lidd_yolo.data.grouping.texture import Gray


def equal_pictures(images: Sequence[Gray]) -> dict[int, tuple[int, int]]:
    """Return which pictures repeat an earlier one.

    Args:
        images: Grey pictures, each of shape ``(H, W)``.

    Returns:
        For every repeated picture the index of the first of its kind, and the orientation 0-7 that makes the repeated
        one equal to it.
    """
    kinds: dict[tuple[int, bytes], list[int]] = {}
    repeated = {}
    for index, image in enumerate(images):
        counts = cv2.calcHist([image], [0], None, [256], [0, 256])
        firsts = kinds.setdefault((image.size, counts.tobytes()), [])
        same = next(((f, o) for f in firsts if (o := _orientation(images[f], image)) is not None), None)
        if same is None:
            firsts.append(index)
        else:
            repeated[index] = same
    return repeated


def _orientation(first: Gray, second: Gray) -> int | None:
    """Return how the second picture must be turned to equal the first, or None."""
    return next((o for o in range(COUNT) if np.array_equal(first, turned(second, o))), None)
