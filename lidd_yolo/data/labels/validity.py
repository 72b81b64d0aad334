"""What of a box, an outline or an annotation as a file states it is usable: the same for all formats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lidd_yolo.data.labels.annotation import Annotation, Box, Place, Polygon
from lidd_yolo.data.labels.bridges import split_rings
from lidd_yolo.data.labels.problems import Kind, Problem

_OUT = "object left out"


def check_box(box: Box, width: int, height: int, *, file: Path, where: Place) -> tuple[Box | None, list[Problem]]:
    """Return the usable part of a box in pixels, and what was wrong with it.

    Returns:
        The box clipped to the picture, or None if nothing of it is usable; the problem, if there is one.
    """
    numbers = (box.x1, box.y1, box.x2, box.y2)
    if not all(map(math.isfinite, numbers)):
        return None, [Problem(file, Kind.NOT_A_NUMBER, "the box holds a number that is not finite", _OUT, where)]
    if box.width <= 0 or box.height <= 0:
        reason = f"the box is {box.width:g} pixels wide and {box.height:g} pixels high"
        return None, [Problem(file, Kind.NO_SIZE, reason, f"{_OUT}; its corners may be swapped", where)]
    clipped = box.clipped(width, height)
    if clipped.width <= 0 or clipped.height <= 0:
        reason = f"the box lies outside the {width}x{height} picture"
        return None, [Problem(file, Kind.OUTSIDE, reason, _OUT, where)]
    if clipped != box:
        reason = f"the box reaches over the edge of the {width}x{height} picture"
        return clipped, [Problem(file, Kind.OVER_EDGE, reason, "clipped to the picture", where, repaired=True)]
    return box, []


def check_outline(
    corners: Sequence[tuple[float, float]], width: int, height: int, *, file: Path, where: Place
) -> tuple[Box | None, tuple[Polygon, ...], list[Problem]]:
    """Return the usable part of an outline in pixels, of parts and holes that bridges may join, and what was wrong.

    Returns:
        Box and rings, corners outside the picture moved to its edge, the box None if nothing is usable; the problem, if
        there is one.
    """
    if len(corners) < 3:
        return None, (), [Problem(file, Kind.TWO_CORNERS, f"an outline of {len(corners)} corners", _OUT, where)]
    if not all(math.isfinite(number) for corner in corners for number in corner):
        reason = "the outline holds a number that is not finite"
        return None, (), [Problem(file, Kind.NOT_A_NUMBER, reason, _OUT, where)]
    box, problems = check_box(Box.around(corners), width, height, file=file, where=where)
    if box is None:
        return None, (), problems
    inside = tuple((min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))) for x, y in corners)
    return box, split_rings(inside), problems


def clean_annotation(
    annotation: Annotation, source: Path, class_names: tuple[str, ...]
) -> tuple[Annotation, list[Problem]]:
    """Return the annotation without objects of unknown class and without exact duplicates, and what was taken out."""
    problems = []
    for unknown in sorted({o.class_name for o in annotation.objects} - set(class_names)):
        reason = f"class {unknown!r} is none of {', '.join(class_names)}"
        problems.append(Problem(source, Kind.CLASS_NAME, reason, "its objects left out"))
    known = replace(annotation, objects=tuple(o for o in annotation.objects if o.class_name in class_names))
    unique = known.without_duplicates()
    if twice := len(known.objects) - len(unique.objects):
        reason = f"{twice} object{'s' if twice > 1 else ''} with the same class and box as another"
        problems.append(Problem(source, Kind.DUPLICATE, reason, "kept once", repaired=True))
    return unique, problems
