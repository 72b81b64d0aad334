"""Outline in a YOLO label line: ``class x1 y1 x2 y2 ...``, one polygon, as fractions of the picture.

Format: Ultralytics, "Instance Segmentation Datasets Overview". A line holds one polygon, so the parts and holes of an
object are joined by bridges without area and taken apart again, see `lidd_yolo.data.formats.bridges`.

Coordinates are continuous: 0 is the outer edge of the first pixel, 1 that of the last. Ultralytics multiplies them by
the size it trains at and cuts them to whole pixels, so outlines traced from masks run a quarter of a pixel inside the
pixels' edges (`lidd_yolo.data.outline.trace_exactly` says why). They are written as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.data.annotation import Annotation, Box, DefectObject, Polygon
from lidd_yolo.data.formats.bridges import join_rings
from lidd_yolo.data.formats.outlines import check_outline
from lidd_yolo.data.problems import Problem


def write_outline(item: DefectObject, annotation: Annotation) -> str:
    """Return the coordinates of an object's line; the four corners of its box if it has no outline.

    Args:
        item: One object of ``annotation``.
        annotation: Gives the picture's size.
    """
    b = item.box
    polygon = join_rings(item.polygons or (((b.x1, b.y1), (b.x2, b.y1), (b.x2, b.y2), (b.x1, b.y2)),))
    return " ".join(f"{x / annotation.width:.6f} {y / annotation.height:.6f}" for x, y in polygon)


def read_outline(
    values: Sequence[float], size: tuple[int, int], *, file: Path, where: str
) -> tuple[Box | None, tuple[Polygon, ...], list[Problem]]:
    """Return the outline that the coordinates of a line stand for.

    Args:
        values: x and y in turn as fractions of the picture, at least three of each.
        size: Width and height of the picture in pixels.
        file: File named in the problem.
        where: Place named in the problem.

    Returns:
        Box, rings and problems, see `lidd_yolo.data.formats.outlines.check_outline`.
    """
    corners = [(x * size[0], y * size[1]) for x, y in zip(values[::2], values[1::2], strict=True)]
    return check_outline(corners, *size, file=file, where=where)
