"""FoundDefects of a picture that a network sees in tiles: what a tile's border cuts becomes one detection again.

Tiles overlap. Two detections of one class from two tiles are the same object if they agree in the strip that both tiles
show: their parts inside it overlap by at least half of their union, or, where a border has cut one of them, by at least
half of the smaller part. Of the two parts of an oblique line the boxes share little; see `_is_one_line`. Libraries for
tiles compare whole boxes instead; the two halves of a long scratch then overlap by little and stay two, see
docs/decisions/0031-tiles.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.tiles import Tiling, read_tiling
from lidd_yolo.errors import InputError
from lidd_yolo.inspection.detections import FoundDefects, join_regions
from lidd_yolo.inspection.pictures import Flags, Floats

AGREEMENT = 0.5
"""Least overlap, in the strip that two tiles share, of two detections of one object."""
EXTENDS = 0.5
"""Share of the highest confidence from which on a part makes the object larger; below, it is only left out."""
_NEAR = 0.01  # of a tile's side: how near to a border an edge has to be to count as cut, at least 2 pixels
_AT_ONCE = 8

Detect = Callable[[Sequence[NDArray[np.uint8]]], Sequence[FoundDefects]]


def read_joinable(text: str | int) -> Tiling:
    """Return the tiles that ``SIDE`` or ``SIDE:OVERLAP`` asks for, if the parts that they cut can be joined.

    Raises:
        InputError: As `read_tiling`, or if they do not overlap.
        ImportError: If sahi is missing, which is said before anything is done.
    """
    tiling = read_tiling(text)
    if not tiling.overlap:
        raise InputError("tile: without an overlap nothing tells which parts are one defect; give SIDE:OVERLAP")
    tiling.positions(1, 1)
    return tiling


def detect_in_tiles(detect: Detect, image: NDArray[np.uint8], tiling: Tiling, at_once: int = _AT_ONCE) -> FoundDefects:
    """Detect in the tiles of a picture and join what borders have cut.

    Which parts are joined depends on nothing that is less confident than `EXTENDS` times the object: with detections
    from ``EXTENDS * threshold`` on, the objects above a threshold are those of any lower limit.

    Args:
        detect: Returns the detections of each of some pictures, in pixels of these.
        image: ``(H, W, C)``.
        tiling: How to cut.
        at_once: Tiles that ``detect`` gets together.

    Returns:
        FoundDefects in pixels of the whole picture.

    Raises:
        ImportError: If the package that places the tiles is missing.
    """
    tiles = tiling.positions(image.shape[1], image.shape[0])
    parts: list[FoundDefects] = []
    for start in range(0, len(tiles), at_once):
        places = tiles[start : start + at_once]
        cut = [np.ascontiguousarray(image[top:bottom, left:right]) for left, top, right, bottom in places]
        parts += [_moved(found, *place[:2]) for found, place in zip(detect(cut), places, strict=True)]
    return join_tiles(parts, np.array(tiles, dtype=np.float64), (image.shape[1], image.shape[0]))


def join_tiles(parts: Sequence[FoundDefects], tiles: Floats, size: tuple[int, int]) -> FoundDefects:
    """Join the detections of the tiles ``(N, 4)`` of a picture of width and height, all in its pixels."""
    numbers = np.concatenate([part.numbers for part in parts])
    confidence = np.concatenate([part.confidence for part in parts])
    boxes = np.concatenate([part.boxes for part in parts])
    of_tile = np.repeat(np.arange(len(parts)), [len(part.numbers) for part in parts])
    outlines = any(part.regions is not None for part in parts)
    regions = tuple(region for part in parts for region in part.regions or ()) if outlines else None
    order = np.argsort(-confidence, kind="stable")
    everything = FoundDefects(numbers, confidence, boxes, regions).chosen(order)
    frames = tiles[of_tile[order]]
    free = np.ones(len(order), dtype=bool)
    cut = _cut_sides(everything.boxes, frames, size)
    joined = [_object(everything, frames, cut, free, seed) for seed in range(len(order)) if free[seed]]
    merged = [everything.boxes[members] for members in joined]
    hulls = [np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)]) for boxes in merged]
    seeds = np.array([members[0] for members in joined], dtype=np.int64)
    kept = everything.chosen(seeds)
    whole = None
    if everything.regions is not None:
        whole = tuple(join_regions([everything.regions[member] for member in members]) for members in joined)
    return FoundDefects(kept.numbers, kept.confidence, np.array(hulls).reshape(-1, 4), whole)


def _object(found: FoundDefects, frames: Floats, cut: Flags, free: Flags, seed: int) -> list[int]:
    """Return the parts of the object whose most confident part is ``seed``, and take them out of ``free``."""
    free[seed] = False
    members = [seed]
    for member in members:  # grows
        others = np.flatnonzero(free & (found.numbers == found.numbers[seed]))
        same = others[_agree(found, frames, cut, member, others)]
        free[same] = False
        members += [int(other) for other in same if found.confidence[other] >= EXTENDS * found.confidence[seed]]
    return members


def _agree(found: FoundDefects, frames: Floats, cut: Flags, one: int, others: NDArray[np.int64]) -> Flags:
    """Tell which of some detections of the same class show the same object as ``one``, in another tile."""
    strips = _shared(frames[[one]], frames[others])
    own, their = _shared(found.boxes[[one]], strips), _shared(found.boxes[others], strips)
    areas = np.stack([_area(own), _area(their)])
    both = _area(_shared(own, their))
    apart = (frames[others] != frames[one]).any(axis=1)
    # a side is cut where the other tile goes on
    beyond = np.stack([_goes_on(frames[[one]], frames[others]), _goes_on(frames[others], frames[[one]])])
    is_cut = (beyond[0] & cut[one]).any(axis=1) | (beyond[1] & cut[others]).any(axis=1)
    if found.regions is not None:
        for row in np.flatnonzero(apart & (both > 0)):
            left, top, right, bottom = (int(edge) for edge in strips[row])
            pixels = [found.regions[number].window(left, top, right, bottom) for number in (one, others[row])]
            areas[:, row] = [part.sum() for part in pixels]
            both[row] = (pixels[0] & pixels[1]).sum()
    union = areas.sum(axis=0) - both
    if found.regions is None:
        facing = beyond & np.stack([np.broadcast_to(cut[one], (len(others), 4)), cut[others]])
        crossed, is_line = _is_one_line(found.boxes[[one]], found.boxes[others], strips, facing)
        enough = is_line | (both >= AGREEMENT * np.where(is_cut & ~crossed, areas.min(axis=0), union))
    else:
        enough = both >= AGREEMENT * np.where(is_cut, areas.min(axis=0), union)
    same: Flags = apart & (both > 0) & enough
    return same


def _is_one_line(first: Floats, second: Floats, strips: Floats, facing: Flags) -> tuple[Flags, Flags]:
    """Tell which boxes both cross the whole strip, and which of them can be parts of one oblique line, each ``(N,)``.

    The boxes of the parts share little, but a known amount: what a line of their slope climbs inside the strip. Half of
    it to twice as much is taken for that; parallel lines that are further apart stay apart. ``facing`` are the sides of
    the first and second boxes that a border cuts where the other tile goes on, shape ``(2, N, 4)``.
    """
    crossed, is_line = np.zeros((2, len(second)), dtype=bool)
    sides, others, strip = first[:, 2:] - first[:, :2], second[:, 2:] - second[:, :2], strips[:, 2:] - strips[:, :2]
    shared = np.minimum(first[:, 2:], second[:, 2:]) - np.maximum(first[:, :2], second[:, :2])
    for axis, across in ((0, 1), (1, 0)):
        crosses = (facing[0, :, axis + 2] & facing[1, :, axis]) | (facing[0, :, axis] & facing[1, :, axis + 2])
        climb = sum(box[:, across] / np.maximum(box[:, axis], 1) for box in (sides, others)) / 2 * strip[:, axis]
        low, high = np.minimum(climb, shared[:, across]), np.maximum(climb, shared[:, across])
        crossed |= crosses
        is_line |= crosses & (low >= AGREEMENT * high)
    return crossed, is_line


def _cut_sides(boxes: Floats, frames: Floats, size: tuple[int, int]) -> Flags:
    """Tell which sides of each box lie at a border of its tile that is none of the picture, shape ``(D, 4)``."""
    near = np.maximum(2.0, _NEAR * np.maximum(frames[:, 2] - frames[:, 0], frames[:, 3] - frames[:, 1]))[:, None]
    inner = frames != np.array([0, 0, *size], dtype=np.float64)
    flags: Flags = inner & (np.abs(boxes - frames) <= near)
    return flags


def _goes_on(first: Floats, second: Floats) -> Flags:
    """Tell beyond which sides of the first tiles the second ones reach, shape ``(N, 4)``."""
    flags: Flags = np.concatenate([second[:, :2] < first[:, :2], second[:, 2:] > first[:, 2:]], axis=1)
    return flags


def _shared(first: Floats, second: Floats) -> Floats:
    """Return the intersections of boxes ``(N, 4)``, inverted where there is none."""
    return np.concatenate([np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])], axis=1)


def _area(boxes: Floats) -> Floats:
    area: Floats = (boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1)
    return area


def _moved(found: FoundDefects, left: int, top: int) -> FoundDefects:
    regions = None if found.regions is None else tuple(region.moved(left, top) for region in found.regions)
    boxes = found.boxes + np.array([left, top, left, top], dtype=np.float64)
    return FoundDefects(found.numbers, found.confidence, boxes, regions)
