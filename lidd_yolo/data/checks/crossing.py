"""Whether an outline crosses itself: every pair of its edges that come near each other is compared.

After the orientation test of computational geometry (de Berg et al., "Computational Geometry", chapter 2).
Edges that only touch, or that bridges walk there and back (`lidd_yolo.data.labels.bridges`), do not cross.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.labels.annotation import Polygon

Points = NDArray[np.float64]

MAX_PAIRS = 20_000_000
"""Pairs of edges that are compared; an outline of 4 000 corners stays below whatever its form."""

_BLOCK = 1_000_000


def crosses_itself(rings: Sequence[Polygon], tolerance: float) -> bool | None:
    """Return whether two edges of an outline cross, or None if there are too many to compare.

    Args:
        rings: Rings in pixels, each of at least three corners.
        tolerance: How far, in pixels, both ends of an edge must lie on either side of the other.
    """
    starts = np.concatenate([np.asarray(ring, dtype=np.float64) for ring in rings])
    ends = np.concatenate([np.roll(np.asarray(ring, dtype=np.float64), -1, axis=0) for ring in rings])
    order = np.argsort(np.minimum(starts[:, 0], ends[:, 0]), kind="stable")
    starts, ends = starts[order], ends[order]
    lefts, rights = np.minimum(starts[:, 0], ends[:, 0]), np.maximum(starts[:, 0], ends[:, 0])
    # Edge k can only meet those that begin, from left to right, before it ends.
    reach = np.searchsorted(lefts, rights, side="left") - np.arange(1, len(lefts) + 1)
    reach = np.maximum(reach, 0)
    total = np.cumsum(reach)
    if total[-1] > MAX_PAIRS:
        return None
    first = 0
    while first < len(lefts):
        done = total[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(total, done + _BLOCK, side="right")))
        if _any_crossing(starts, ends, first, reach[first:last], tolerance):
            return True
        first = last
    return False


def _any_crossing(starts: Points, ends: Points, first: int, reach: NDArray[np.int64], tolerance: float) -> bool:
    """Return whether one of the edges from ``first`` on crosses one of the ``reach`` edges that follow it."""
    one = np.repeat(np.arange(first, first + len(reach)), reach)
    offsets = np.arange(len(one)) - np.repeat(np.cumsum(reach) - reach, reach)
    two = one + 1 + offsets
    low = np.maximum(np.minimum(starts[one, 1], ends[one, 1]), np.minimum(starts[two, 1], ends[two, 1]))
    high = np.minimum(np.maximum(starts[one, 1], ends[one, 1]), np.maximum(starts[two, 1], ends[two, 1]))
    near = low <= high
    one, two = one[near], two[near]
    apart = _apart(starts[one], ends[one], starts[two], ends[two], tolerance)
    return bool((apart & _apart(starts[two], ends[two], starts[one], ends[one], tolerance)).any())


def _apart(a: Points, b: Points, c: Points, d: Points, tolerance: float) -> NDArray[np.bool_]:
    """Return for each edge ``a b`` whether ``c`` and ``d`` lie on different sides of its line."""
    along = b - a
    length = np.hypot(along[:, 0], along[:, 1])
    sides = [along[:, 0] * (p[:, 1] - a[:, 1]) - along[:, 1] * (p[:, 0] - a[:, 0]) for p in (c, d)]
    least = tolerance * length
    result: NDArray[np.bool_] = (np.minimum(*sides) < -least) & (np.maximum(*sides) > least)
    return result
