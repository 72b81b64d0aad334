"""Several rings as one polygon and back: parts and holes are tied on by bridges that are walked there and back.

After the keyhole of polygon triangulation (Held, "FIST", Algorithmica 30, 2001). A bridge has no area, so the
even-odd rule fills the joined polygon as it fills the rings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.labels.annotation import Polygon

Points = NDArray[np.float64]


def join_rings(rings: Sequence[Polygon]) -> Polygon:
    """Return one polygon that encloses the same area as the rings by the even-odd rule.

    A hole is tied to the ring straight above its highest corner, so that its bridge lies in what is filled anyway and
    stays there when the polygon is drawn. A separate part is tied on where its corners come nearest; drawn, that bridge
    is a line one pixel wide, the least that a label of one polygon an object can say.

    Raises:
        ValueError: If there is no ring.
    """
    if not rings:
        raise ValueError("no ring to make a polygon of")
    ordered = sorted((_from_the_top(ring) for ring in rings), key=lambda ring: ring[0][::-1])
    if len(ordered) == 1:
        return tuple(corner for corner, _ in groupby(ordered[0]))
    starts, ends, bounds = _all_edges(ordered)
    path = np.array(ordered[0], dtype=np.float64)
    for number, corners in enumerate(ordered[1:], start=1):
        ring = np.array(corners, dtype=np.float64)
        # Rings further down cannot lie above this one's highest corner: an odd number of borders above means a hole.
        before = bounds[number]
        is_hole = np.isfinite(_heights_above(starts[:before], ends[:before], *corners[0])).sum() % 2 == 1
        path = _tie_above(path, ring) if is_hole else _tie_nearest(path, ring)
    return tuple((x, y) for (x, y), _ in groupby(path.tolist()))


def split_rings(polygon: Polygon) -> tuple[Polygon, ...]:
    """Return the rings that bridges join in a polygon of three corners or more; itself if it has no bridge.

    Every edge that is walked in both directions is taken for a bridge, as Ultralytics' conversion of COCO makes them
    too. Rings that only touch in a corner come apart, which changes nothing about the area.
    """
    left: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for a, b in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if a == b:
            continue
        if a in left.get(b, []):
            left[b].remove(a)
        else:
            left.setdefault(a, []).append(b)
    rings = []
    for start in polygon:
        while left.get(start):
            ring = _walk(left, start)
            rings += [ring] if len(ring) > 2 else []
    return tuple(rings) or (polygon,)


def join_parts(rings: Sequence[Polygon]) -> tuple[Polygon, ...]:
    """Return one polygon for each separate part, its holes tied on, for formats of several polygons an object."""
    around = containers(rings)
    parts = {number: [ring] for number, ring in enumerate(rings) if len(around[number]) % 2 == 0}
    for number, ring in enumerate(rings):
        if number not in parts:
            parts[max(around[number], key=lambda k: len(around[k]))].append(ring)
    return tuple(join_rings(part) for part in parts.values())


def containers(rings: Sequence[Polygon]) -> list[list[int]]:
    """Return for each ring, of some that do not cross, the indices of those around it; an odd number means a hole."""
    if len(rings) < 2:
        return [[] for _ in rings]
    starts, ends, bounds = _all_edges(rings)
    owner = np.repeat(np.arange(len(rings)), np.diff(bounds))
    around = []
    for number, ring in enumerate(rings):
        above = np.isfinite(_heights_above(starts, ends, *_from_the_top(ring)[0]))
        odd = np.flatnonzero(np.bincount(owner[above], minlength=len(rings)) % 2)
        around.append([int(k) for k in odd if k != number])
    return around


def _walk(left: dict[tuple[float, float], list[tuple[float, float]]], start: tuple[float, float]) -> Polygon:
    """Return the corners from ``start`` until it is met again, and take their edges out of ``left``."""
    ring = [start]
    here = left[start].pop(0)
    while here != start:
        ring.append(here)
        here = left[here].pop(0)
    return tuple(ring)


def _from_the_top(ring: Polygon) -> list[tuple[float, float]]:
    """Return the ring's corners, beginning with its highest, the leftmost of several."""
    first = min(range(len(ring)), key=lambda k: ring[k][::-1])
    return [*ring[first:], *ring[:first]]


def _all_edges(rings: Sequence[Sequence[tuple[float, float]]]) -> tuple[Points, Points, NDArray[np.int64]]:
    """Return where the edges of all rings start and end, shape ``(N, 2)``, and the first edge of each ring and N."""
    starts = np.concatenate([np.array(ring, dtype=np.float64) for ring in rings])
    ends = np.concatenate([np.roll(np.array(ring, dtype=np.float64), -1, axis=0) for ring in rings])
    return starts, ends, np.cumsum([0, *map(len, rings)])


def _heights_above(starts: Points, ends: Points, x: float, y: float) -> NDArray[np.float64]:
    """Return the y at which each edge passes straight above a point, shape ``(N,)``; minus infinity if it does not."""
    # Half open: an upright line through a corner passes one of the corner's two edges, not both.
    passed = np.flatnonzero((np.minimum(starts[:, 0], ends[:, 0]) <= x) & (x < np.maximum(starts[:, 0], ends[:, 0])))
    heights = np.full(len(starts), -np.inf)
    heights[passed] = _height(starts[passed], ends[passed], x)
    heights[heights >= y] = -np.inf
    return heights


def _height(a: Points, b: Points, x: float) -> Points:
    """Return the y at which the edges from ``a`` to ``b``, shape ``(N, 2)``, none upright, meet the column ``x``."""
    height: Points = a[:, 1] + (x - a[:, 0]) * (b[:, 1] - a[:, 1]) / (b[:, 0] - a[:, 0])
    return height


def _tie_above(path: Points, ring: Points) -> Points:
    """Return the path with the ring, shape ``(N, 2)``, tied to its edge straight above the ring's first corner."""
    x, y = ring[0]
    edge = int(np.argmax(_heights_above(path, np.roll(path, -1, axis=0), x, y)))
    ends = path[[edge, (edge + 1) % len(path)]]
    foot = np.array([[x, _height(ends[:1], ends[1:], x)[0]]])
    return np.concatenate([path[: edge + 1], foot, ring, ring[:1], foot, path[edge + 1 :]])


def _tie_nearest(path: Points, ring: Points) -> Points:
    """Return the path with the ring tied on where a corner of each come nearest."""
    distances = np.square(path[:, None] - ring[None]).sum(axis=2)
    here, there = divmod(int(np.argmin(distances)), len(ring))
    return np.concatenate([path[: here + 1], ring[there:], ring[: there + 1], path[here:]])
