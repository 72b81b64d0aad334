"""What a network found in one picture: classes, scores, boxes and the pixels of the outlines, in whole-picture pixels.

The pixels of an outline are kept in a window around it: a picture of 50 megapixels with a hundred outlines would fill
gigabytes otherwise. Ultralytics' polygons would lose holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.labels.outline import fill_rings
from lidd_yolo.inspection.pictures import Flags, Floats, box_overlaps


@dataclass(frozen=True, eq=False)
class Region:
    """Pixels of one outline: ``pixels[y, x]`` stands for pixel ``(left + x, top + y)`` of the picture."""

    left: int
    top: int
    pixels: Flags

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """Left, upper, right and lower edge of the window."""
        height, width = self.pixels.shape
        return self.left, self.top, self.left + width, self.top + height

    def moved(self, right: int, down: int) -> Region:
        """Return the same pixels, so many pixels further to the right and down."""
        return Region(self.left + right, self.top + down, self.pixels)

    def window(self, left: int, top: int, right: int, bottom: int) -> Flags:
        """Return the pixels of a window of the picture, shape ``(bottom - top, right - left)``."""
        cut = np.zeros((max(bottom - top, 0), max(right - left, 0)), dtype=bool)
        own_left, own_top, own_right, own_bottom = self.frame
        x1, y1, x2, y2 = max(left, own_left), max(top, own_top), min(right, own_right), min(bottom, own_bottom)
        if x1 < x2 and y1 < y2:
            own = self.pixels[y1 - self.top : y2 - self.top, x1 - self.left : x2 - self.left]
            cut[y1 - top : y2 - top, x1 - left : x2 - left] = own
        return cut


def join_regions(regions: Sequence[Region]) -> Region:
    """Return the pixels that any of at least one region has."""
    lefts, tops, rights, bottoms = zip(*(region.frame for region in regions), strict=True)
    around = min(lefts), min(tops), max(rights), max(bottoms)
    return Region(*around[:2], np.logical_or.reduce([region.window(*around) for region in regions]))


def outline_region(ring: Floats, width: int, height: int) -> Region:
    """Return what an outline ``(K, 2)`` covers of a picture, filled as Ultralytics does; all in pixels."""
    left, top = (
        max(min(int(least), side - 1), 0) for least, side in zip(ring.min(axis=0), (width, height), strict=True)
    )
    right, bottom = (min(int(most) + 1, side) for most, side in zip(ring.max(axis=0), (width, height), strict=True))
    return Region(left, top, fill_rings([(ring - (left, top)).tolist()], right - left, bottom - top).astype(bool))


def region_overlaps(first: Sequence[Region], second: Sequence[Region]) -> Floats:
    """Return the intersection over union of the pixels of ``N`` and ``M`` regions, shape ``(N, M)``."""
    frames, areas = [], []
    for regions in (first, second):
        frames.append(np.array([region.frame for region in regions]).reshape(-1, 4))
        areas.append([np.count_nonzero(region.pixels) for region in regions])
    overlaps = np.zeros((len(first), len(second)))
    for row, column in np.argwhere(box_overlaps(*frames) > 0):
        left, top, right, bottom = second[column].frame
        shared = np.count_nonzero(first[row].window(left, top, right, bottom) & second[column].pixels)
        overlaps[row, column] = shared and shared / (areas[0][row] + areas[1][column] - shared)
    return overlaps


@dataclass(frozen=True, eq=False)
class FoundDefects:
    """``D`` detections of one picture, in falling confidence.

    Args:
        numbers: ``(D,)`` class numbers.
        confidence: ``(D,)`` 0 to 1.
        boxes: ``(D, 4)`` left, upper, right and lower edge in pixels of the picture.
        regions: Pixels of each outline; None where the network gives boxes alone.
    """

    numbers: NDArray[np.int64]
    confidence: Floats
    boxes: Floats
    regions: tuple[Region, ...] | None = None

    def chosen(self, index: NDArray[Any]) -> FoundDefects:
        """Return the detections of an index, or of flags, shape ``(D,)``."""
        rows = np.arange(len(self.numbers))[index]
        regions = None if self.regions is None else tuple(self.regions[row] for row in rows)
        return FoundDefects(self.numbers[rows], self.confidence[rows], self.boxes[rows], regions)

    def above(self, thresholds: Floats) -> FoundDefects:
        """Return the detections above the threshold of their class, ``(C,)``."""
        return self.chosen(self.confidence > thresholds[self.numbers])


def found_in(results: Any) -> FoundDefects:
    """Return the detections of Ultralytics' ``Results`` of a detector or segmenter; none where it has no boxes."""
    if results.boxes is None:
        return FoundDefects(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, 4)))
    boxes = results.boxes.cpu().numpy()
    found = np.asarray(boxes.xyxy, dtype=np.float64).reshape(-1, 4)
    regions = None
    if results.masks is not None:
        masks = results.masks.data.cpu().numpy()
        regions = tuple(_region(mask, box, results.orig_shape) for mask, box in zip(masks, found, strict=True))
    order = np.argsort(-boxes.conf, kind="stable")
    return FoundDefects(boxes.cls.astype(np.int64), boxes.conf.astype(np.float64), found, regions).chosen(order)


def _region(mask: NDArray[Any], box: Floats, shape: tuple[int, int]) -> Region:
    """Return the pixels of a mask at the network's size, letterbox included, in its box of a picture ``(H, W)``."""
    height, width = shape
    left, top = (int(max(edge, 0)) for edge in np.floor(box[:2]))
    right, bottom = (int(min(edge, most)) for edge, most in zip(np.ceil(box[2:]), (width, height), strict=True))
    if right <= left or bottom <= top:
        return Region(left, top, np.zeros((0, 0), dtype=bool))
    gain = min(mask.shape[0] / height, mask.shape[1] / width)
    scale, offset = [], []
    for start, side, edge in ((left, mask.shape[1], width), (top, mask.shape[0], height)):
        inner = round(edge * gain)  # whole pixels, as in Ultralytics' letterbox, and half the rest before them
        scale.append(inner / edge)
        offset.append((start + 0.5) * inner / edge + round((side - inner) / 2 - 0.1) - 0.5)
    matrix = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (right - left, bottom - top)
    pixels = cv2.warpAffine(mask.astype(np.float32), matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return Region(left, top, np.asarray(pixels) > 0.5)
