"""Equal fingerprints of different pictures, found without comparing all with all.

Method: inverted file, Sivic and Zisserman, "Video Google", 2003. Differs from it: the cells' centres are fingerprints
drawn at random instead of a learnt vocabulary, and inside a cell fingerprints are compared exactly. With N fingerprints
and a number of cells that grows as the root of N, the time grows as N to the power of 1.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.fingerprints import Fingerprints
from lidd_yolo.data.groups.texture import Floats
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
    """Yield the equal fingerprints of different pictures.

    Args:
        prints: Fingerprints of all pictures.
        cosine: Smallest cosine that counts as equal.

    Yields:
        Indices of fingerprints and of their equals in pictures that come before, each of shape ``(M,)``. All matches of
        a picture with those before it come at once, of very many equals those in the pictures just before.
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
    prints: Fingerprints, wanted: slice, cells: NDArray[np.int32], file: tuple[Indices, Indices], cosine: float
) -> tuple[Indices, Indices]:
    """Return the matches of the fingerprints ``wanted``, which look into ``cells``, with those before them."""
    home, starts = file
    asking = np.repeat(np.arange(wanted.start, wanted.stop), cells.shape[1])
    order = np.argsort(cells.ravel(), kind="stable")
    asked, first = np.unique(cells.ravel()[order], return_index=True)
    mine, theirs = [], []
    for cell, queries in zip(asked, np.split(asking[order], first[1:]), strict=True):
        members = home[starts[cell] : starts[cell + 1]]  # ordered by picture
        members = members[: np.searchsorted(members, wanted.stop)]
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
