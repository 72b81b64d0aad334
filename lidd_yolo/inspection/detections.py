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

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Region:
    """Pixels of one outline: ``pixels[y, x]`` stands for pixel ``(left + x, top + y)`` of the picture."""

    left: int
    top: int
    pixels: Flags

    def moved(self, right: int, down: int) -> Region:
        """Return the same pixels, so many pixels further to the right and down."""
        return Region(self.left + right, self.top + down, self.pixels)

    def window(self, left: int, top: int, right: int, bottom: int) -> Flags:
        """Return the pixels of a window of the picture, shape ``(bottom - top, right - left)``."""
        cut = np.zeros((max(bottom - top, 0), max(right - left, 0)), dtype=bool)
        height, width = self.pixels.shape
        x1, y1 = max(left, self.left), max(top, self.top)
        x2, y2 = min(right, self.left + width), min(bottom, self.top + height)
        if x1 < x2 and y1 < y2:
            own = self.pixels[y1 - self.top : y2 - self.top, x1 - self.left : x2 - self.left]
            cut[y1 - top : y2 - top, x1 - left : x2 - left] = own
        return cut


def join_regions(regions: Sequence[Region]) -> Region:
    """Return the pixels that any of at least one region has."""
    left, top = min(r.left for r in regions), min(r.top for r in regions)
    right = max(r.left + r.pixels.shape[1] for r in regions)
    bottom = max(r.top + r.pixels.shape[0] for r in regions)
    return Region(left, top, np.logical_or.reduce([r.window(left, top, right, bottom) for r in regions]))


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
