"""Labels of a changed picture, worked out from the shapes: never the box around a turned box where an outline is known.

Turning ellipses in place of boxes after Kalra et al., "Towards Rotation Invariance in Object Detection", ICCV
2021, where the choice is left to `lidd_yolo.data.enlarge.change.Settings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from lidd_yolo.data.enlarge.change import Change, Floats, Settings
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Polygon
from lidd_yolo.data.labels.outline import Mask, outline_object

_CORNERS = 360  # of a polygon for an ellipse; a box around it is at most 0.004 % too small


def change_annotation(annotation: Annotation, change: Change, settings: Settings) -> tuple[Annotation, int]:
    """Return the objects of a changed picture, and how many were dropped since too little of them is left in it.

    Args:
        annotation: Objects of the original.
        change: What was done to the picture.
        settings: Gives box rule and smallest share.

    Returns:
        Outlines that stay inside the picture keep all their corners. Those that the edge cuts are drawn, cut and traced
        along the pixels; they may have more parts than before.
    """
    size = (annotation.width, annotation.height)
    matrix = change.matrix(*size)
    changed = [_change_object(item, matrix, size, settings) for item in annotation.objects]
    kept = tuple(item for item in changed if item is not None)
    return replace(annotation, objects=kept), len(changed) - len(kept)


def _change_object(
    item: DefectObject, matrix: Floats, size: tuple[int, int], settings: Settings
) -> DefectObject | None:
    """Return an object of the changed picture, or None if too little of it is left."""
    if not item.polygons:
        moved = _move(_stand_in(item.box, settings.box_rule), matrix)
        left = _clip(moved, size)
        if len(left) < 3 or _area(left) < settings.min_share * _area(moved):
            return None
        return replace(item, box=_around([left]))
    whole = [np.array(ring) for ring in item.polygons]
    rings = [_move(ring, matrix) for ring in whole]
    if all((ring >= 0).all() and (ring <= size).all() for ring in rings):
        return replace(item, box=_around(rings), polygons=tuple(map(_polygon, rings)))
    left_over = _cut(rings, size)
    if left_over.sum() < max(settings.min_share * _cut(whole, size).sum(), 1):
        return None
    _, cut = outline_object(left_over)
    return replace(item, box=_around([np.array(ring) for ring in cut]), polygons=cut)


def _move(points: Floats, matrix: Floats) -> Floats:
    """Return where points, shape ``(N, 2)``, go."""
    moved: Floats = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def _stand_in(box: Box, rule: str) -> Floats:
    """Return the corners of what is turned for a box, shape ``(N, 2)``."""
    if rule == "rectangle":
        return np.array([(box.x1, box.y1), (box.x2, box.y1), (box.x2, box.y2), (box.x1, box.y2)])
    angles = np.arange(_CORNERS) * (2 * np.pi / _CORNERS)
    middle = np.array([(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2])
    return middle + np.column_stack([np.cos(angles), np.sin(angles)]) * (box.width / 2, box.height / 2)


def _clip(points: Floats, size: tuple[int, int]) -> Floats:
    """Return the part of a convex polygon inside the picture (Sutherland and Hodgman, 1974); perhaps no corner."""
    for axis, sign, limit in ((0, 1.0, 0.0), (0, -1.0, -float(size[0])), (1, 1.0, 0.0), (1, -1.0, -float(size[1]))):
        before = np.roll(points, 1, axis=0)
        far, far_before = sign * points[:, axis] - limit, sign * before[:, axis] - limit
        crosses = (far >= 0) != (far_before >= 0)
        share = np.divide(far_before, far_before - far, out=np.zeros(len(points)), where=crosses)
        met = before + (points - before) * share[:, None]
        kept = np.column_stack([crosses, far >= 0])
        points = np.stack([met, points], axis=1)[kept]
    return points


def _area(points: Floats) -> float:
    """Return the area of a polygon, shape ``(N, 2)``."""
    after = np.roll(points, -1, axis=0)
    return abs(float((points[:, 0] * after[:, 1] - after[:, 0] * points[:, 1]).sum())) / 2


def _cut(rings: Sequence[Floats], size: tuple[int, int]) -> Mask:
    """Return the pixels of the picture that rings cover, corners outside the picture allowed, shape ``(H, W)``."""
    canvas = np.zeros((size[1], size[0]), dtype=np.uint8)
    cv2.fillPoly(canvas, [np.floor(ring).astype(np.int32) for ring in rings], 1)
    return canvas


def _around(rings: Sequence[Floats]) -> Box:
    """Return the smallest upright box around rings."""
    corners = np.concatenate(rings)
    (x1, y1), (x2, y2) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Box(x1, y1, x2, y2)


def _polygon(ring: Floats) -> Polygon:
    """Return corners, shape ``(N, 2)``, as a ring."""
    return tuple((float(x), float(y)) for x, y in ring)
