"""A network in place of one: every connected area of one grey is an object, its grey the class, its score by its size.

What it says of an object depends on the object alone, so that tiles can be set beside the whole picture.
"""

import cv2
import numpy as np

from lidd_yolo.inspection.detections import FoundDefects, Region

GREYS = (100, 200)


def detect_blobs(images):
    """Return the objects of each picture ``(H, W, 3)``."""
    return [_detect(image[..., 0]) for image in images]


def _detect(grey):
    rows = []
    for number, shade in enumerate(GREYS):
        count, labels, stats, _ = cv2.connectedComponentsWithStats((grey == shade).astype(np.uint8))
        for index in range(1, count):
            x, y, w, h, area = (int(value) for value in stats[index])
            region = Region(x, y, labels[y : y + h, x : x + w] == index)
            rows.append((number, 0.5 + 0.5 * area / (area + 1000), (x, y, x + w, y + h), region))
    rows.sort(key=lambda row: -row[1])
    numbers, scores, boxes, regions = zip(*rows, strict=True) if rows else ((), (), (), ())
    found = np.array(boxes, dtype=float).reshape(-1, 4)
    return FoundDefects(np.array(numbers, dtype=int), np.array(scores, dtype=float), found, tuple(regions))


def without_regions(detect):
    """Return the same network without outlines."""
    return lambda images: [FoundDefects(d.numbers, d.confidence, d.boxes) for d in detect(images)]


def as_set(found):
    """Return detections as a set: class, box and, if there are outlines, their pixels in the picture."""
    pixels = [None] * len(found.numbers)
    if found.regions is not None:
        pixels = [_places(region) for region in found.regions]
    boxes = [tuple(box) for box in found.boxes.tolist()]
    return set(zip(found.numbers.tolist(), boxes, pixels, strict=True))


def _places(region):
    rows, columns = np.nonzero(region.pixels)
    return frozenset(zip((columns + region.left).tolist(), (rows + region.top).tolist(), strict=True))
