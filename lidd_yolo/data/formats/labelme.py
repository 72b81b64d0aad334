"""labelme annotation: one JSON file per picture, polygons, rectangles and lines.

Format: Wada, labelme, versions 3 to 5. Shapes of one class with the same ``group_id`` are one object, which covers what
any of them covers. Lines, which have no area, get the width that labelme itself draws them with.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from lidd_yolo.data.labels.annotation import MAX_PIXELS, Annotation, Box, DefectObject, Place, Polygon, Size
from lidd_yolo.data.labels.outline import outline_object, unite
from lidd_yolo.data.labels.problems import Kind, Problems, Reading, UnusableError
from lidd_yolo.data.labels.validity import check_outline, read_json

LINE_WIDTH = 10
"""Width in pixels that a line is given, labelme's own."""


def read_labelme(path: Path, image_size: Size | None = None, *, line_width: int = LINE_WIDTH) -> Reading:
    """Read one file.

    Args:
        path: The JSON file.
        image_size: Width and height of the picture in pixels; without it the file's own statement is believed.
        line_width: Width in pixels that lines get; one less if it is even, as a line runs through its middle pixels.
    """
    problems = Problems(path)
    with problems.collect():
        content = read_json(path)
        if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
            raise UnusableError(Kind.WRONG_FORMAT, "it has no list of shapes", "file left out; it is no labelme file")
        size = _size((content.get("imageWidth"), content.get("imageHeight")), image_size, problems)
        objects = _read_shapes(content["shapes"], size, problems, line_width)
        name = PurePosixPath(str(content.get("imagePath") or path.stem).replace("\\", "/")).name
        return Annotation(name, *size, objects), problems
    return None, problems


def _size(stated: tuple[Any, Any], image_size: Size | None, problems: Problems) -> Size:
    """Return the picture's own size if it is known, else the one that the file states."""
    known = all(type(n) is int and n > 0 for n in stated)
    size = image_size or (stated if known else None)
    if size is None or size[0] * size[1] > MAX_PIXELS:
        says = "x".join(str(n) for n in stated if n is not None) or "none at all"
        remedy = "file left out; its picture is needed for it"
        raise UnusableError(Kind.NO_STATED_SIZE, f"it states no usable size ({says})", remedy)
    if not known:
        remedy = f"the picture's own size {size[0]}x{size[1]} is used"
        problems.note(Kind.NO_STATED_SIZE, "it states no usable imageWidth and imageHeight", remedy, repaired=True)
    elif size != stated:
        remedy = f"its own size {size[0]}x{size[1]} is used"
        problems.note(Kind.WRONG_SIZE, f"it says the picture is {stated[0]}x{stated[1]}", remedy, repaired=True)
    return size


def _read_shapes(shapes: list[Any], size: Size, problems: Problems, line_width: int) -> tuple[DefectObject, ...]:
    """Return the objects, shapes of one group put together."""
    objects: dict[Hashable, DefectObject] = {}
    for number, shape in enumerate(shapes, start=1):
        with problems.collect_entry(Place("shape", number), "shape left out"):
            name, group = _label(shape["label"]), shape.get("group_id")
            box, rings = _read_shape(shape, size, problems, line_width)
            key = (name, None, number) if group is None else (name, str(group), 0)
            if (before := objects.get(key)) is not None:
                box = Box.around((*box.corners, *before.box.corners))
                rings = unite([before.polygons, rings], *size)
            place = objects[key].place if key in objects else problems.place
            objects[key] = DefectObject(name, box, rings, place=place)
    return tuple(objects.values())


def _label(stated: Any) -> str:
    """Return a class name; raises `ValueError` if there is none."""
    if isinstance(stated, bool) or not isinstance(stated, (int, str)) or not str(stated).strip():
        raise ValueError(f"{stated!r} is no label")
    return str(stated)


def _read_shape(
    shape: dict[str, Any], size: Size, problems: Problems, line_width: int
) -> tuple[Box, tuple[Polygon, ...]]:
    corners = [(float(x), float(y)) for x, y in shape["points"]]
    kind = shape.get("shape_type") or "polygon"
    if kind == "polygon":
        return check_outline(corners, size, problems)
    if kind == "rectangle":
        box, rings = check_outline(Box.around(corners).corners, size, problems)
        # Alone it says no more than its box; in a group it is a part of the outline.
        return box, rings if shape.get("group_id") is not None else ()
    if kind in ("line", "linestrip"):
        return _read_line(corners, size, problems, line_width)
    raise UnusableError(Kind.SHAPE_TYPE, f"shape_type {kind!r} has no area that is known here", "shape left out")


def _read_line(
    corners: list[tuple[float, float]], size: Size, problems: Problems, line_width: int
) -> tuple[Box, tuple[Polygon, ...]]:
    """Return box and rings of a line of some width."""
    if not all(math.isfinite(number) for corner in corners for number in corner):
        raise UnusableError(Kind.NOT_A_NUMBER, "the line holds a number that is not finite", "shape left out")
    b = Box.around(corners)
    if b.x2 < 0 or b.y2 < 0 or b.x1 > size[0] or b.y1 > size[1]:
        raise UnusableError(Kind.OUTSIDE, "the line lies outside the picture", "shape left out")
    inside = np.clip(corners, 0, np.array(size) - 1)
    if b != b.clipped(*size):
        reason = "the line reaches over the picture's edge"
        problems.note(Kind.OVER_EDGE, reason, "its corners moved to the edge", repaired=True)
    thin = np.ones((size[1], size[0]), dtype=np.uint8)
    cv2.polylines(thin, [np.floor(inside).astype(np.int32)], False, 0)
    # Widened by distance, as OpenCV's own thick lines differ from release to release.
    distance = cv2.distanceTransform(thin, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    box, rings = outline_object((distance < line_width / 2).astype(np.uint8))
    if box is None:
        raise UnusableError(Kind.NO_SIZE, f"a line of width {line_width} covers no pixel", "shape left out")
    return box, rings
