"""Which pictures of a data set show the same spot: equal ones, turned and mirrored ones, overlapping crops.

Own work from published parts, which ``lidd_yolo.data.grouping`` names: fingerprints of small patches vote for likely
pairs, and each of these is then laid over and checked. Time grows less than with the square of their number:
no more than 24 pairs per picture are looked at closely.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lidd_yolo.data.grouping.equal import equal_pictures
from lidd_yolo.data.grouping.fingerprints import Scale, fingerprints
from lidd_yolo.data.grouping.groups import group_numbers
from lidd_yolo.data.grouping.matching import matches
from lidd_yolo.data.grouping.orientation import turned
from lidd_yolo.data.grouping.placement import Placement, place
from lidd_yolo.data.grouping.texture import Gray, Texture, shrink_factor, texture
from lidd_yolo.data.grouping.voting import Candidates, best_of_each_picture, candidates
from lidd_yolo.data.progress import progress

MIN_AREA = 0.05
"""Smallest shared area, as a fraction of the smaller picture, that counts as showing the same spot."""
MIN_SIMILARITY = 0.55
"""Smallest correlation of the shared area. Parallel scratches reach more, the same spot in other light only 0.6."""
MIN_SHARPNESS = 14.0
"""Smallest height of the phase correlation, in standard deviations of what unrelated textures give. On NEU-DET parallel
scratches stay below 11.5 and the same spot in other light lies above 14; among 20 000 generated pictures 15.8 was the
highest of a wrong pair."""

_SCALES = (Scale(blur=2.8, step=4, cosine=0.9), Scale(blur=0.7, step=2, cosine=0.95))
# The coarse scale survives noise and compression, the fine one fits into narrow shared strips.
_CANDIDATES = 24  # pairs looked at closely, for each picture those with most votes


@dataclass(frozen=True)
class Overlap:
    """Two pictures that show the same spot.

    Args:
        first: Index of the one picture.
        second: Index of the other, larger than ``first``.
        dx: Columns by which the spot lies further right in ``second``, once that is turned by ``orientation``.
        dy: Rows by which the spot then lies further down in ``second``.
        area: Shared area as a fraction of the smaller picture.
        similarity: Normalised cross-correlation of the shared area, at most 1.
        orientation: How ``second`` must be turned to lie like ``first``, a number of ``grouping.orientation``; 0 for
            not at all.
        sharpness: Height of the phase correlation there, in standard deviations of what unrelated textures give;
            infinite for pictures equal in every pixel.
    """

    first: int
    second: int
    dx: int
    dy: int
    area: float
    similarity: float
    orientation: int = 0
    sharpness: float = math.inf


def find_overlaps(
    images: Sequence[Gray],
    *,
    min_area: float = MIN_AREA,
    min_similarity: float = MIN_SIMILARITY,
    min_sharpness: float = MIN_SHARPNESS,
) -> list[Overlap]:
    """Return the pairs of pictures that show the same spot.

    Args:
        images: Grey pictures, each of shape ``(H, W)``; sizes may differ.
        min_area: Smallest shared area that counts, as a fraction of the smaller picture.
        min_similarity: Smallest normalised cross-correlation of the shared area that counts.
        min_sharpness: Smallest height of the phase correlation that counts, in standard deviations.

    Returns:
        Pairs in order of their indices. Of pictures equal in every pixel each is paired with the first of its kind, and
        only that one with other pictures.
    """
    repeated = equal_pictures(images)
    best = {(first, index): Overlap(first, index, 0, 0, 1.0, 1.0, turn) for index, (first, turn) in repeated.items()}
    unique = [index for index in range(len(images)) if index not in repeated]
    for pair in _placed(images, unique, min_area):
        if pair.similarity >= min_similarity and pair.sharpness >= min_sharpness:
            known = best.setdefault((pair.first, pair.second), pair)
            if pair.similarity > known.similarity:
                best[pair.first, pair.second] = pair
    return [pair for _, pair in sorted(best.items())]


def group_overlaps(count: int, overlaps: Sequence[Overlap]) -> list[int]:
    """Return a group number for each of ``count`` pictures; pictures linked by a chain of overlaps share theirs.

    Groups are numbered from 0 in the order of their first picture.
    """
    return group_numbers(count, ((pair.first, pair.second) for pair in overlaps))


def _placed(images: Sequence[Gray], unique: Sequence[int], min_area: float) -> Iterator[Overlap]:
    """Yield likely pairs of the pictures ``unique`` as they agree best, a pair perhaps more than once."""
    if len(unique) < 2:
        return
    factor = shrink_factor(images)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        textures = list(pool.map(lambda index: texture(images[index], factor), unique))
        rows = _likely(textures).tolist()
        work = pool.map(lambda row: _laid_over(textures, row, min_area), rows)
        for row, found in zip(rows, progress(work, len(rows), "checking likely pairs"), strict=True):
            if found is not None:
                # Shifts of shrunk pictures go back to pixels of their own.
                dx, dy = round(found.dx / factor), round(found.dy / factor)
                pair = (unique[row[0]], unique[row[1]])
                yield Overlap(*pair, dx, dy, found.area, found.similarity, row[2], found.sharpness)


def _likely(textures: Sequence[Texture]) -> Candidates:
    """Return the likely pairs, for each picture those with the most votes."""
    sizes = np.array([texture.shape[::-1] for texture in textures])
    found = [np.empty((0, 6), dtype=np.int64)]
    for scale in _SCALES:
        prints = fingerprints(textures, scale)
        found += [candidates(prints, *equals, sizes) for equals in matches(prints, scale.cosine)]
    return best_of_each_picture(np.concatenate(found), _CANDIDATES)


def _laid_over(textures: Sequence[Texture], row: list[int], min_area: float) -> Placement | None:
    """Return how a likely pair agrees, or None if it does not."""
    first, second, orientation, dx, dy, _ = row
    return place(textures[first], turned(textures[second], orientation), (dx, dy), min_area=min_area)
