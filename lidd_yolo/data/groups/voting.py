"""Likely pairs of pictures: those in which several equal fingerprints agree on how one lies over the other.

Method: Hough voting as in Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", 2004. Differs from it:
only one of eight orientations and a shift are voted on, and the shift's bins overlap so that no vote falls between two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.fingerprints import Fingerprints
from lidd_yolo.data.groups.matching import Indices
from lidd_yolo.data.groups.orientation import COUNT, THEN_UNDOING, moved

Candidates = NDArray[np.int64]
"""Columns first, second, orientation, dx, dy and votes: the second picture, turned by the orientation, shows the first
one's spots dx pixels further right and dy further down; shape ``(N, 6)``."""

MIN_VOTES = 2
"""One says nothing: every patch has a look-alike somewhere."""

_BIN = 6  # pixels; twice as far as two dots of equal patches lie apart
_BINS = 128  # along each axis: working pictures are shifted by less than 256 pixels


def candidates(prints: Fingerprints, later: Indices, earlier: Indices, sizes: NDArray[np.int64]) -> Candidates:
    """Return the likely pairs among the pictures of some matches, at most one for each orientation of a pair.

    Args:
        prints: Fingerprints of all pictures.
        later: Indices of matching fingerprints, shape ``(M,)``.
        earlier: Indices of their equals, which are in earlier pictures, shape ``(M,)``.
        sizes: Width and height of every picture, shape ``(P, 2)``.

    Returns:
        Pairs with `MIN_VOTES` or more, in order of pictures and orientation.
    """
    first, second = prints.picture[earlier].astype(np.int64), prints.picture[later].astype(np.int64)
    orientation = THEN_UNDOING[prints.orientation[later], prints.orientation[earlier]]
    shift = moved(prints.position[later], orientation, sizes[second]) - prints.position[earlier]
    pair = (first * len(sizes) + second) * COUNT + orientation
    found = np.concatenate([_counted(pair, shift, (x, y)) for x in (0, _BIN // 2) for y in (0, _BIN // 2)])
    found = found[np.lexsort((-found[:, 3], found[:, 0]))]
    found = found[np.unique(found[:, 0], return_index=True)[1]]
    pictures, turns = np.divmod(found[:, 0], COUNT)
    return np.column_stack([*np.divmod(pictures, len(sizes)), turns, found[:, 1:]])


def best_of_each_picture(rows: Candidates, count: int) -> Candidates:
    """Return the likely pairs that are among the ``count`` with the most votes of either picture, most votes first."""
    rows = rows[np.argsort(-rows[:, 5], kind="stable")]
    return rows[(_rank(rows[:, :2].ravel()).reshape(-1, 2) < count).any(axis=1)]


def best_of_later_pictures(rows: Candidates, count: int) -> Candidates:
    """Return the likely pairs that are among the ``count`` with the most votes of the second, most votes first."""
    rows = rows[np.argsort(-rows[:, 5], kind="stable")]
    return rows[_rank(rows[:, 1]) < count]


def _rank(pictures: Indices) -> Indices:
    """Return how many equal entries come before each, shape kept."""
    order = np.argsort(pictures, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order)) - np.searchsorted(pictures[order], pictures[order])
    return rank


def _counted(pair: Indices, shift: Indices, offset: tuple[int, int]) -> Indices:
    """Return the bins with enough votes, columns pair, mean dx, mean dy and votes, shape ``(N, 4)``."""
    bins = (shift + offset) // _BIN + _BINS // 2
    key = (pair * _BINS + bins[:, 0]) * _BINS + bins[:, 1]
    bin_key, inverse, votes = np.unique(key, return_inverse=True, return_counts=True)
    means = [np.bincount(inverse, shift[:, axis], len(votes)) / votes for axis in (0, 1)]
    columns = [bin_key // _BINS**2, *(np.round(mean).astype(np.int64) for mean in means), votes]
    return np.stack(columns, axis=1)[votes >= MIN_VOTES]
