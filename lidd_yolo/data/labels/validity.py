"""Check of one box as a file states it: finite, not empty, inside the picture.

Shared by the readers so that they agree on what is refused, what is clipped and how it is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.data.labels.annotation import Box, Polygon
from lidd_yolo.data.labels.bridges import split_rings
from lidd_yolo.data.labels.problems import Problem


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


def check_outline(
    corners: Sequence[tuple[float, float]], width: int, height: int, *, file: Path, where: str
) -> tuple[Box | None, tuple[Polygon, ...], list[Problem]]:
    """Return the usable part of an outline, and what was wrong with it.

    Args:
        corners: Corners in pixels as read, of one polygon, whose parts and holes bridges may join.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        file: File named in the problem.
        where: Place named in the problem.

    Returns:
        Box and rings, corners outside the picture moved to its edge, the box None if nothing is usable; the problem, if
        there is one.
    """
    if len(corners) < 3:
        return None, (), [Problem(file, where, f"an outline of {len(corners)} corners", "object left out")]
    if not all(math.isfinite(number) for corner in corners for number in corner):
        return None, (), [Problem(file, where, "the outline holds a number that is not finite", "object left out")]
    box, problem = check_box(Box.around(corners), width, height, file=file, where=where)
    problems = [problem] if problem is not None else []
    if box is None:
        return None, (), problems
    inside = tuple((min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))) for x, y in corners)
    return box, split_rings(inside), problems
