"""Check of one outline as a file states it: finite, at least three corners, not empty, inside the picture.

Own work; shared by the readers, as `lidd_yolo.data.formats.boxes` is for boxes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.data.annotation import Box, Polygon
from lidd_yolo.data.formats.boxes import check_box
from lidd_yolo.data.formats.bridges import split_rings
from lidd_yolo.data.problems import Problem


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
