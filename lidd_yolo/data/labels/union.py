"""Union of overlapping outlines of one object, as rings filled by the even-odd rule.

COCO and labelme take what several polygons of an object cover together, however they overlap; rings filled by
the even-odd rule would make a hole of every overlap.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lidd_yolo.data.labels.annotation import MAX_PIXELS, Box, Polygon
from lidd_yolo.data.labels.outline import fill_rings, outline_object


def unite(parts: Sequence[Sequence[Polygon]], width: int, height: int) -> tuple[Polygon, ...]:
    """Return rings that cover what any of the parts covers.

    Parts that do not overlap in whole pixels keep their corners. Others are drawn together and traced along the
    pixels, see `lidd_yolo.data.labels.outline.trace_exactly`, so that corners between pixels are lost.

    Args:
        parts: Rings of each part, inside the picture; a part's own rings are filled by the even-odd rule.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.

    Raises:
        ValueError: If the parts reach over more than `lidd_yolo.data.labels.annotation.MAX_PIXELS` pixels.
    """
    rings = tuple(ring for part in parts for ring in part)
    if len([part for part in parts if part]) < 2:
        return rings
    around = Box.around(corner for ring in rings for corner in ring)
    left, top = int(around.x1), int(around.y1)
    size = (min(int(around.x2) + 1, width) - left, min(int(around.y2) + 1, height) - top)
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f"its parts reach over {size[0]}x{size[1]} pixels, more than {MAX_PIXELS}")
    moved = [[tuple((x - left, y - top) for x, y in ring) for ring in part] for part in parts]
    together = np.zeros((size[1], size[0]), dtype=np.uint8)
    for part in moved:
        together |= fill_rings(part, *size)
    if np.array_equal(together, fill_rings([ring for part in moved for ring in part], *size)):
        return rings
    _, traced = outline_object(together)
    return tuple(tuple((x + left, y + top) for x, y in ring) for ring in traced)
