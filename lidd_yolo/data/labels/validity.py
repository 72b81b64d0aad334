"""What of a file, a box, an outline or an annotation as it is stated is usable: the same for all formats."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Polygon, Size
from lidd_yolo.data.labels.bridges import split_rings
from lidd_yolo.data.labels.problems import Kind, Problem, Problems, UnusableError

_OUT = "object left out"


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; raises `UnusableError` if there is none, or a key stands for two values."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_unambiguous)
    except (OSError, ValueError, RecursionError) as error:
        raise UnusableError(Kind.LABEL_UNREADABLE, f"it cannot be read as JSON ({error})", "file left out") from error


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of a JSON file; raises `ValueError` if a key stands there twice, with different values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next((key for key, value in pairs if found[key] != value), None)
        if twice is not None:
            raise ValueError(f"the key {twice!r} stands twice in one object, with different values")
    return found


def check_box(box: Box, size: Size, problems: Problems) -> Box:
    """Return the part of a box that lies in a picture of some size; raises `UnusableError` if there is none."""
    if not all(map(math.isfinite, (box.x1, box.y1, box.x2, box.y2))):
        raise UnusableError(Kind.NOT_A_NUMBER, "the box holds a number that is not finite", _OUT)
    if box.width <= 0 or box.height <= 0:
        reason = f"the box is {box.width:g} pixels wide and {box.height:g} pixels high"
        raise UnusableError(Kind.NO_SIZE, reason, f"{_OUT}; its corners may be swapped")
    clipped = box.clipped(*size)
    if clipped.width <= 0 or clipped.height <= 0:
        raise UnusableError(Kind.OUTSIDE, f"the box lies outside the {size[0]}x{size[1]} picture", _OUT)
    if clipped != box:
        reason = f"the box reaches over the edge of the {size[0]}x{size[1]} picture"
        problems.note(Kind.OVER_EDGE, reason, "clipped to the picture", repaired=True)
    return clipped


def check_outline(
    corners: Sequence[tuple[float, float]], size: Size, problems: Problems
) -> tuple[Box, tuple[Polygon, ...]]:
    """Return box and rings of an outline in pixels, corners outside the picture moved to its edge, bridges taken apart.

    Raises:
        UnusableError: If nothing of it is usable.
    """
    if len(corners) < 3:
        raise UnusableError(Kind.TWO_CORNERS, f"an outline of {len(corners)} corners", _OUT)
    if not all(math.isfinite(number) for corner in corners for number in corner):
        raise UnusableError(Kind.NOT_A_NUMBER, "the outline holds a number that is not finite", _OUT)
    box = check_box(Box.around(corners), size, problems)
    width, height = map(float, size)
    return box, split_rings(tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in corners))


def clean_annotation(
    annotation: Annotation, source: Path, class_names: tuple[str, ...]
) -> tuple[Annotation, list[Problem]]:
    """Return the annotation without objects of unknown class and all but the first of equal ones, and what is wrong."""
    problems = Problems(source)
    for unknown in sorted({o.class_name for o in annotation.objects} - set(class_names)):
        reason = f"class {unknown!r} is none of {', '.join(class_names)}"
        problems.note(Kind.CLASS_NAME, reason, "its objects left out")
    known = [o for o in annotation.objects if o.class_name in class_names]
    unique: dict[object, DefectObject] = {}
    for item in known:
        unique.setdefault((item.class_name, item.box, item.polygons), item)
    if twice := len(known) - len(unique):
        reason = f"{twice} object{'s' if twice > 1 else ''} with the same class and box as another"
        problems.note(Kind.DUPLICATE, reason, "kept once", repaired=True)
    return replace(annotation, objects=tuple(unique.values())), problems
