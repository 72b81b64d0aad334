"""labelme annotation: one JSON file per picture, polygons, rectangles and lines.

Format: Wada, labelme, versions 3 to 5. Shapes of one class with the same ``group_id`` are one object, which covers what
any of them covers. Lines, which have no area, get the width that labelme itself draws them with.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from lidd_yolo.data.labels.annotation import MAX_PIXELS, Annotation, Box, DefectObject, Place, Polygon
from lidd_yolo.data.labels.outline import outline_object, unite
from lidd_yolo.data.labels.problems import Kind, Problem, Reading
from lidd_yolo.data.labels.validity import check_outline

LINE_WIDTH = 10
"""Width in pixels that a line is given, labelme's own."""


def read_labelme(path: Path, image_size: tuple[int, int] | None = None, *, line_width: int = LINE_WIDTH) -> Reading:
    """Read one file.

    Args:
        path: The JSON file.
        image_size: Width and height of the picture in pixels; without it the file's own statement is believed.
        line_width: Width in pixels that lines get; one less if it is even, as a line runs through its middle pixels.

    Returns:
        The annotation with the picture's name without folder, or None if the file as a whole is unusable; and every
        problem found.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        return None, [Problem(path, Kind.LABEL_UNREADABLE, f"it cannot be read as JSON ({error})", "file left out")]
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
        remedy = "file left out; it is no labelme file"
        return None, [Problem(path, Kind.WRONG_FORMAT, "it has no list of shapes", remedy)]
    stated = (content.get("imageWidth"), content.get("imageHeight"))
    size = image_size or _whole(stated)
    if size is None or size[0] * size[1] > MAX_PIXELS:
        reason = f"it states no usable size ({stated[0]}x{stated[1]})"
        return None, [Problem(path, Kind.NO_STATED_SIZE, reason, "file left out; its picture is needed for it")]
    problems = []
    if size != stated:
        reason = f"it says the picture is {stated[0]}x{stated[1]}"
        remedy = f"its own size {size[0]}x{size[1]} is used"
        problems.append(Problem(path, Kind.WRONG_SIZE, reason, remedy, repaired=True))
    objects, wrong = _read_shapes(content["shapes"], size, path, line_width)
    name = PurePosixPath(str(content.get("imagePath") or path.stem).replace("\\", "/")).name
    return Annotation(name, *size, objects), problems + wrong


def _whole(stated: tuple[Any, Any]) -> tuple[int, int] | None:
    """Return a stated size if it is one."""
    width, height = stated
    return (width, height) if all(type(n) is int and n > 0 for n in stated) else None


def _read_shapes(
    shapes: list[Any], size: tuple[int, int], path: Path, line_width: int
) -> tuple[tuple[DefectObject, ...], list[Problem]]:
    """Return the objects, shapes of one group put together, and what was wrong."""
    objects: dict[Hashable, DefectObject] = {}
    problems: list[Problem] = []
    for number, shape in enumerate(shapes, start=1):
        where = Place("shape", number)
        try:
            name, group = str(shape["label"]), shape.get("group_id")
            box, rings, wrong = _read_shape(shape, size, path, where, line_width)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            reason = f"it is damaged ({type(error).__name__}: {error})"
            box, rings, wrong = None, (), [Problem(path, Kind.OBJECT_DAMAGED, reason, "shape left out", where)]
        problems += wrong
        if box is None:
            continue
        key = (name, None, number) if group is None else (name, str(group), 0)
        before = objects.get(key)
        if before is not None:
            corners = ((b.x1, b.y1, b.x2, b.y2) for b in (box, before.box))
            box = Box.around(corner for x1, y1, x2, y2 in corners for corner in ((x1, y1), (x2, y2)))
            rings = unite([before.polygons, rings], *size)
        objects[key] = DefectObject(name, box, rings)
    numbered = enumerate(objects.values(), start=1)
    return tuple(replace(item, place=Place("object", number)) for number, item in numbered), problems


def _read_shape(
    shape: dict[str, Any], size: tuple[int, int], path: Path, where: Place, line_width: int
) -> tuple[Box | None, tuple[Polygon, ...], list[Problem]]:
    """Return box and rings of one shape, and what was wrong with it."""
    corners = [(float(x), float(y)) for x, y in shape["points"]]
    kind = shape.get("shape_type") or "polygon"
    if kind == "polygon":
        return check_outline(corners, *size, file=path, where=where)
    if kind == "rectangle":
        b = Box.around(corners)
        edge = [(b.x1, b.y1), (b.x2, b.y1), (b.x2, b.y2), (b.x1, b.y2)]
        box, rings, problems = check_outline(edge, *size, file=path, where=where)
        # Alone it says no more than its box; in a group it is a part of the outline.
        return box, rings if shape.get("group_id") is not None else (), problems
    if kind in ("line", "linestrip"):
        return _read_line(corners, size, path, where, line_width)
    reason = f"shape_type {kind!r} has no area that is known here"
    return None, (), [Problem(path, Kind.SHAPE_TYPE, reason, "shape left out", where)]


def _read_line(
    corners: list[tuple[float, float]], size: tuple[int, int], path: Path, where: Place, line_width: int
) -> tuple[Box | None, tuple[Polygon, ...], list[Problem]]:
    """Return box and rings of a line of some width, and what was wrong with it."""
    if not all(math.isfinite(number) for corner in corners for number in corner):
        reason = "the line holds a number that is not finite"
        return None, (), [Problem(path, Kind.NOT_A_NUMBER, reason, "shape left out", where)]
    b = Box.around(corners)
    if b.x2 < 0 or b.y2 < 0 or b.x1 > size[0] or b.y1 > size[1]:
        return None, (), [Problem(path, Kind.OUTSIDE, "the line lies outside the picture", "shape left out", where)]
    inside = np.clip(corners, 0, np.array(size) - 1)
    problems = []
    if b != b.clipped(*size):
        reason = "the line reaches over the picture's edge"
        problems.append(Problem(path, Kind.OVER_EDGE, reason, "its corners moved to the edge", where, repaired=True))
    thin = np.ones((size[1], size[0]), dtype=np.uint8)
    cv2.polylines(thin, [np.floor(inside).astype(np.int32)], False, 0)
    # Widened by distance, as OpenCV's own thick lines differ from release to release.
    distance = cv2.distanceTransform(thin, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return *outline_object((distance < line_width / 2).astype(np.uint8)), problems
