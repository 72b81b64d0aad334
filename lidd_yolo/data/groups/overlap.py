"""Which pictures of a data set show the same spot: equal ones, turned and mirrored ones, overlapping crops.

From published parts, named in the modules beside: fingerprints of small patches vote for likely
pairs, and each of these is then laid over and checked. A second round looks at pairs with fewer votes, but only between
groups that are still apart: one missed pair there would put one spot on two sides of a split. Time grows less than with
the square of the number of pictures: no more than 24 pairs per picture are looked at closely in either round.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.fingerprints import Gray, Scale, Texture, fingerprints, shrink_factor, texture
from lidd_yolo.data.groups.links import group_numbers
from lidd_yolo.data.groups.matching import (
    Candidates,
    best_of_each_picture,
    best_of_later_pictures,
    candidates,
    matches,
)
from lidd_yolo.data.groups.placement import ORIENTATIONS, Placement, place, turned
from lidd_yolo.progress import progress

MIN_AREA = 0.05
"""Smallest shared area, as a fraction of the smaller picture, that counts as showing the same spot."""
MIN_SIMILARITY = 0.55
"""Smallest correlation of the shared area. Parallel scratches reach more, the same spot in other light only 0.6."""
MIN_SHARPNESS = 14.0
"""Smallest height of the phase correlation, in standard deviations of what unrelated textures give. On NEU-DET parallel
scratches stay below 11.5 and the same spot in other light lies above 14; among 20 000 generated pictures 15.8 was the
highest of a wrong pair."""

LIMITS = {"min_area": MIN_AREA, "min_similarity": MIN_SIMILARITY, "min_sharpness": MIN_SHARPNESS}
"""The three as they are written beside groups."""

_SCALES = (Scale(blur=2.8, step=4, cosine=0.9), Scale(blur=0.7, step=2, cosine=0.95))
# The coarse scale survives noise and compression, the fine one fits into narrow shared strips.
_CANDIDATES = 24  # pairs looked at closely in a round, for each picture those with most votes
_REMEMBERED = 64  # likely pairs of a picture with those before it: memory
_SURE_VOTES = 3  # of a pair looked at in the first round; two may agree by chance in a large data set


@dataclass(frozen=True)
class Overlap:
    """Two pictures that show the same spot, by their indices, the smaller first.

    ``orientation`` is how ``second`` must be turned to lie like ``first``, see `lidd_yolo.data.groups.placement`. All
    else is as in `Placement`; the sharpness is infinite for pictures equal in every pixel.
    """

    first: int
    second: int
    dx: int
    dy: int
    area: float
    similarity: float
    orientation: int = 0
    sharpness: float = math.inf


def find_overlaps(images: Sequence[Gray]) -> list[Overlap]:
    """Return the pairs of grey pictures ``(H, W)`` of any sizes that show the same spot, in order of their indices.

    Of pictures equal in every pixel each is paired with the first of its kind, and only that one with other pictures.
    """
    repeated = equal_pictures(images)
    best = {(first, index): Overlap(first, index, 0, 0, 1.0, 1.0, turn) for index, (first, turn) in repeated.items()}
    unique = [index for index in range(len(images)) if index not in repeated]
    for pair in _placed(images, unique):
        known = best.setdefault((pair.first, pair.second), pair)
        if pair.similarity > known.similarity:
            best[pair.first, pair.second] = pair
    return [pair for _, pair in sorted(best.items())]


_Agreement: TypeAlias = tuple[list[int], Placement]  # a row of the candidates and how its pictures agree


def _placed(images: Sequence[Gray], unique: Sequence[int]) -> Iterator[Overlap]:
    """Yield the pairs of the pictures ``unique`` as they agree best, a pair perhaps more than once."""
    if len(unique) < 2:
        return
    factor = shrink_factor(images)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        textures = list(pool.map(lambda index: texture(images[index], factor), unique))
        for row, placement in _in_two_rounds(textures, pool):
            # Shifts of shrunk pictures go back to pixels of their own.
            dx, dy = round(placement.dx / factor), round(placement.dy / factor)
            pair = (unique[row[0]], unique[row[1]])
            yield Overlap(*pair, dx, dy, placement.area, placement.similarity, row[2], placement.sharpness)


def _in_two_rounds(textures: Sequence[Texture], pool: ThreadPoolExecutor) -> Iterator[_Agreement]:
    """Yield what the likely pairs give, first those with most votes, then those between groups still apart."""
    rows = _likely(textures)
    likely = best_of_each_picture(rows[rows[:, 5] >= _SURE_VOTES], _CANDIDATES)
    first_round = list(_looked_at(textures, likely, pool, "checking likely pairs"))
    yield from first_round
    groups = np.array(group_numbers(len(textures), [(row[0], row[1]) for row, _ in first_round]))
    apart = rows[groups[rows[:, 0]] != groups[rows[:, 1]]]
    new = ~_among(apart, likely)
    less_likely = best_of_each_picture(apart[new], _CANDIDATES)
    yield from _looked_at(textures, less_likely, pool, "checking pairs between groups")


def _likely(textures: Sequence[Texture]) -> Candidates:
    """Return the likely pairs of both scales, for each picture those with the most votes."""
    sizes = np.array([texture.shape[::-1] for texture in textures])
    likely = [np.empty((0, 6), dtype=np.int64)]
    for scale in _SCALES:
        prints = fingerprints(textures, scale)
        every = (candidates(prints, *equals, sizes) for equals in matches(prints, scale.cosine))
        likely += [best_of_later_pictures(rows, _REMEMBERED) for rows in every]
    return np.concatenate(likely)


def _among(rows: Candidates, others: Candidates) -> NDArray[np.bool_]:
    """Return which rows are among others, votes aside, shape ``(N,)``."""
    known = {tuple(row) for row in others[:, :5].tolist()}
    return np.fromiter((tuple(row) in known for row in rows[:, :5].tolist()), dtype=np.bool_, count=len(rows))


def _looked_at(
    textures: Sequence[Texture], likely: Candidates, pool: ThreadPoolExecutor, what: str
) -> Iterator[_Agreement]:
    """Yield the likely pairs that agree well enough, with how they agree."""
    rows = likely.tolist()

    def lay_over(row: list[int]) -> Placement | None:
        first, second, orientation, dx, dy, _ = row
        return place(textures[first], turned(textures[second], orientation), (dx, dy), min_area=MIN_AREA)

    work = pool.map(lay_over, rows)
    for row, placement in zip(rows, progress(work, len(rows), what), strict=True):
        if placement and placement.similarity >= MIN_SIMILARITY and placement.sharpness >= MIN_SHARPNESS:
            yield row, placement


def equal_pictures(images: Sequence[Gray]) -> dict[int, tuple[int, int]]:
    """Return which grey pictures ``(H, W)`` repeat an earlier one.

    For each of them, the index of the first of its kind and the orientation that makes it equal to that.
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
    return next((o for o in range(ORIENTATIONS) if np.array_equal(first, turned(second, o))), None)
