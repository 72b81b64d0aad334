"""What the objects of one picture show among themselves: marked twice, specks, outlines that cross themselves.

Crossings after the orientation test of computational geometry (de Berg et al., "Computational Geometry", chapter 2):
every pair of edges that come near each other is compared. Edges that only touch, or that bridges walk there and back
(`lidd_yolo.data.labels.bridges`), do not cross.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.labels.annotation import Annotation, DefectObject, Place, Polygon
from lidd_yolo.data.labels.problems import Kind, Problem

Points = NDArray[np.float64]

SPECK = 4.0
"""Largest area of a box, in square pixels, that is taken for a slip of the pen."""
MAX_PAIRS = 20_000_000
"""Pairs of edges that are compared; an outline of 4 000 corners stays below whatever its form."""

_BLOCK = 1_000_000


def check_objects(annotation: Annotation | None, file: Path) -> Iterator[Problem]:
    """Yield what is wrong with the objects of one picture beside one another."""
    places: dict[object, Place] = {}
    shapes: dict[object, DefectObject] = {}
    for item in annotation.objects if annotation is not None else ():
        shape = (item.box, item.polygons)
        if (first := places.setdefault((item.class_name, shape), item.place)) != item.place:
            reason = f"the same object ({item.class_name}) as {first}"
            yield Problem(file, Kind.DUPLICATE, reason, place=item.place)
        elif (other := shapes.setdefault(shape, item)).class_name != item.class_name:
            reason = f"{item.class_name!r}, but {other.place} calls the same shape {other.class_name!r}"
            yield Problem(file, Kind.TWO_CLASSES, reason, place=item.place)
        if item.box.width * item.box.height <= SPECK:
            reason = f"it is {item.box.width:.3g}x{item.box.height:.3g} pixels"
            yield Problem(file, Kind.SPECK, reason, place=item.place)
        corners = sum(len(ring) for ring in item.polygons)
        if annotation is None or corners < 4:  # a triangle cannot cross itself
            continue
        # Six decimals of the picture's width are what files usually hold.
        crosses = crosses_itself(item.polygons, 2e-6 * max(annotation.width, annotation.height))
        if crosses is None:
            yield Problem(file, Kind.LONG_OUTLINE, f"the outline has {corners} corners", place=item.place)
        elif crosses:
            reason = f"the outline of {corners} corners crosses itself"
            yield Problem(file, Kind.SELF_CROSSING, reason, place=item.place)


def crosses_itself(rings: Sequence[Polygon], tolerance: float) -> bool | None:
    """Return whether two edges of an outline cross, or None if there are too many to compare.

    Both ends of an edge must lie more than ``tolerance`` pixels on either side of the other.
    """
    starts = np.concatenate([np.asarray(ring, dtype=np.float64) for ring in rings])
    ends = np.concatenate([np.roll(np.asarray(ring, dtype=np.float64), -1, axis=0) for ring in rings])
    order = np.argsort(np.minimum(starts[:, 0], ends[:, 0]), kind="stable")
    starts, ends = starts[order], ends[order]
    lefts, rights = np.minimum(starts[:, 0], ends[:, 0]), np.maximum(starts[:, 0], ends[:, 0])
    # Edge k can only meet those that begin, from left to right, before it ends.
    reach = np.maximum(np.searchsorted(lefts, rights, side="left") - np.arange(1, len(lefts) + 1), 0)
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
    least = tolerance * np.hypot(along[:, 0], along[:, 1])
    sides = [along[:, 0] * (p[:, 1] - a[:, 1]) - along[:, 1] * (p[:, 0] - a[:, 0]) for p in (c, d)]
    result: NDArray[np.bool_] = (np.minimum(*sides) < -least) & (np.maximum(*sides) > least)
    return result
