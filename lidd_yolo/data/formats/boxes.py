"""Check of one box as a file states it: finite, not empty, inside the picture.

Own work; shared by the readers so that they agree on what is refused, what is clipped and how it is said.
"""

from __future__ import annotations

import math
from pathlib import Path

from lidd_yolo.data.annotation import Box
from lidd_yolo.data.problems import Problem


def check_box(box: Box, width: int, height: int, *, file: Path, where: str) -> tuple[Box | None, Problem | None]:
    """Return the usable part of a box, and what was wrong with it.

    Args:
        box: Box in pixels as read.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        file: File named in the problem.
        where: Place named in the problem.

    Returns:
        The box clipped to the picture, or None if nothing of it is usable; the problem, or None if there is none.
    """
    numbers = (box.x1, box.y1, box.x2, box.y2)
    if not all(map(math.isfinite, numbers)):
        return None, Problem(file, where, "the box holds a number that is not finite", "object left out")
    if box.width <= 0 or box.height <= 0:
        reason = f"the box is {box.width:g} pixels wide and {box.height:g} pixels high"
        return None, Problem(file, where, reason, "object left out; its corners may be swapped")
    clipped = box.clipped(width, height)
    if clipped.width <= 0 or clipped.height <= 0:
        return None, Problem(file, where, f"the box lies outside the {width}x{height} picture", "object left out")
    if clipped != box:
        reason = f"the box reaches over the edge of the {width}x{height} picture"
        return clipped, Problem(file, where, reason, "clipped to the picture", repaired=True)
    return box, None
