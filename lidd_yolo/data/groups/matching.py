"""Likely pairs of pictures: those whose equal fingerprints agree on how one lies over the other.

Equal fingerprints: inverted file, Sivic and Zisserman, "Video Google", 2003. Differs from it: the cells' centres are
fingerprints drawn at random instead of a learnt vocabulary, and inside a cell fingerprints are compared exactly. With N
fingerprints and a number of cells that grows as the root of N, the time grows as N to the power of 1.5.

Pairs: Hough voting as in Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", 2004. Differs from it: only
one of eight orientations and a shift are voted on, and the shift's bins overlap so that no vote falls between two.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.fingerprints import Fingerprints, Floats
from lidd_yolo.data.groups.placement import ORIENTATIONS, THEN_UNDOING, moved
from lidd_yolo.progress import progress

Indices = NDArray[np.int64]

_FEW = 4096  # fingerprints that are all compared with all
_CELLS = 2.0  # times the root of the number of fingerprints
_LOOKED_INTO = 8  # cells, for each fingerprint: its equal may lie on the other side of a border
_AT_ONCE = 128  # fingerprints assigned to cells at once: their cosines stay in a core's cache
_PICTURES = 250  # whose matches are held at once: memory
_PRODUCTS = 1 << 18  # cosines held at once: as many as stay in a core's cache
_MOST = 32  # matches of one fingerprint in one cell; of a thousand pictures of one spot the nearest are linked
_SEED = 0


def matches(prints: Fingerprints, cosine: float) -> Iterator[tuple[Indices, Indices]]:
    """Yield indices of fingerprints and of their equals in pictures that come before, each of shape ``(M,)``.

    Equal is a cosine of at least ``cosine``. All matches of a picture with those before it come at once, of very many
    equals those in the pictures just before.
    """
    cells = _nearest_cells(prints.vector)
    home = np.argsort(cells[:, 0], kind="stable")
    starts = np.searchsorted(cells[home, 0], np.arange(int(cells.max(initial=0)) + 2))
    last = int(prints.picture.max(initial=-1)) + 1
    steps = range(0, last, _PICTURES)
    for picture in progress(steps, len(steps), "comparing fingerprints"):
        low, high = np.searchsorted(prints.picture, [picture, picture + _PICTURES])
        if low < high:
            yield _matches_of(prints, slice(low, high), cells[low:high], (home, starts), cosine)


def _nearest_cells(vectors: Floats) -> NDArray[np.int32]:
    """Return the cells nearest to each vector, the nearest first, shape ``(N, 8)`` or, with few vectors, ``(N, 1)``."""
    count = len(vectors)
    if count <= _FEW:
        return np.zeros((count, 1), dtype=np.int32)
    drawn = np.random.default_rng(_SEED).choice(count, round(_CELLS * count**0.5), replace=False)
    centres = vectors[drawn].T.copy()
    cells = np.empty((count, _LOOKED_INTO), dtype=np.int32)
    steps = range(0, count, _AT_ONCE)
    for start in progress(steps, len(steps), "sorting fingerprints"):
        cosines = vectors[start : start + _AT_ONCE] @ centres
        rows = np.arange(len(cosines))
        for column in range(_LOOKED_INTO):  # these passes are faster than sorting a part
            nearest = cosines.argmax(axis=1)
            cells[start : start + _AT_ONCE, column] = nearest
            cosines[rows, nearest] = -2
    return cells


def _matches_of(
    prints: Fingerprints, rows: slice, cells: NDArray[np.int32], file: tuple[Indices, Indices], cosine: float
) -> tuple[Indices, Indices]:
    """Return the matches of the fingerprints in ``rows``, which look into ``cells``, with those before them."""
    home, starts = file
    query_of = np.repeat(np.arange(rows.start, rows.stop), cells.shape[1])
    order = np.argsort(cells.ravel(), kind="stable")
    looked_into, first = np.unique(cells.ravel()[order], return_index=True)
    mine, theirs = [], []
    for cell, queries in zip(looked_into, np.split(query_of[order], first[1:]), strict=True):
        members = home[starts[cell] : starts[cell + 1]]  # ordered by picture
        members = members[: np.searchsorted(members, rows.stop)]
        step = max(1, _PRODUCTS // max(1, len(members)))
        for start in range(0, len(queries), step):
            one, other = _in_a_cell(prints, queries[start : start + step], members, cosine)
            mine.append(one)
            theirs.append(other)
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *mine]), np.concatenate([empty, *theirs])


def _in_a_cell(prints: Fingerprints, queries: Indices, members: Indices, cosine: float) -> tuple[Indices, Indices]:
    """Return the matches of some fingerprints with those members of one cell that lie in earlier pictures."""
    equal = prints.vector[queries] @ prints.vector[members].T >= cosine
    rows, columns = np.divmod(np.flatnonzero(equal), max(1, len(members)))  # much faster than np.nonzero
    before = prints.picture[members[columns]] < prints.picture[queries[rows]]
    rows, columns = rows[before], columns[before]
    # Rows come in order and members by picture, so the last matches of a row are those in the pictures just before.
    to_the_end = np.searchsorted(rows, rows, side="right") - np.arange(len(rows))
    kept = to_the_end <= _MOST
    return queries[rows[kept]], members[columns[kept]]


Candidates = NDArray[np.int64]
"""Columns first, second, orientation, dx, dy and votes: the second picture, turned by the orientation, shows the first
one's spots dx pixels further right and dy further down; shape ``(N, 6)``."""

MIN_VOTES = 2
"""One says nothing: every patch has a look-alike somewhere."""

_BIN = 6  # pixels; twice as far as two dots of equal patches lie apart
_BINS = 128  # along each axis: working pictures are shifted by less than 256 pixels


def candidates(prints: Fingerprints, later: Indices, earlier: Indices, sizes: NDArray[np.int64]) -> Candidates:
    """Return the likely pairs among the pictures of some matches, at most one for each orientation of a pair.

    Those with `MIN_VOTES` or more, in order of pictures and orientation. ``later`` and ``earlier`` are what `matches`
    yields, each of shape ``(M,)``; ``sizes`` is width and height of every picture, shape ``(P, 2)``.
    """
    first, second = prints.picture[earlier].astype(np.int64), prints.picture[later].astype(np.int64)
    orientation = THEN_UNDOING[prints.orientation[later], prints.orientation[earlier]]
    shift = moved(prints.position[later], orientation, sizes[second]) - prints.position[earlier]
    pair = (first * len(sizes) + second) * ORIENTATIONS + orientation
    bins = np.concatenate([_counted(pair, shift, (x, y)) for x in (0, _BIN // 2) for y in (0, _BIN // 2)])
    bins = bins[np.lexsort((-bins[:, 3], bins[:, 0]))]
    bins = bins[np.unique(bins[:, 0], return_index=True)[1]]
    pictures, turns = np.divmod(bins[:, 0], ORIENTATIONS)
    return np.column_stack([*np.divmod(pictures, len(sizes)), turns, bins[:, 1:]])


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
