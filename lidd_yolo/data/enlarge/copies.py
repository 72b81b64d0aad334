"""The changed copies of one annotated picture: pictures, and labels worked out from the shapes.

Paper: LIDD-Net, section 2.3, where 1 800 pictures become 9 000: four copies of each. Where only a box is known, an
ellipse is turned in place of it after Kalra et al., "Towards Rotation Invariance in Object Detection", ICCV 2021; where
an outline is known, the box is that of the turned outline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

import cv2
import numpy as np

from lidd_yolo.data.enlarge.change import MIN_SHARE, Change, Floats, Image, change_picture, draw_change, encode_picture
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Polygon
from lidd_yolo.data.labels.outline import Mask, outline_object

_CORNERS = 360  # of a polygon for an ellipse; a box around it is at most 0.004 % too small


@dataclass(frozen=True)
class Copy:
    """One changed copy: file name with ``-e1``, ``-e2``, ... before its ending, file, picture and objects.

    ``image`` is the picture before it was encoded, ``dropped`` the number of objects of which too little was left.
    """

    name: str
    data: bytes
    image: Image
    annotation: Annotation
    change: Change
    dropped: int

    def facts(self) -> dict[str, Any]:
        """Return change and dropped objects for JSON."""
        return {**asdict(self.change), "dropped": self.dropped}


def make_copies(name: str, image: Image, annotation: Annotation, times: int, seed: int) -> Iterator[Copy]:
    """Yield ``times - 1`` copies of one picture ``(H, W)`` or ``(H, W, 3)`` with its objects.

    Raises:
        ValueError: If the annotation is of another size, or the picture cannot be encoded.
    """
    if image.shape[:2] != (annotation.height, annotation.width):
        raise ValueError(f"{name}: {image.shape[1]}x{image.shape[0]}, labels {annotation.width}x{annotation.height}")
    place = PurePosixPath(name)
    for number in range(1, times):
        change = draw_change(seed, name, number)
        changed = change_picture(image, change)
        data, ending = encode_picture(changed, place.suffix)
        copy_name = str(place.with_name(f"{place.stem}-e{number}{ending}"))
        objects, dropped = change_annotation(annotation, change)
        objects = replace(objects, image=PurePosixPath(copy_name).name)
        yield Copy(copy_name, data, changed, objects, change, dropped)


def change_annotation(annotation: Annotation, change: Change) -> tuple[Annotation, int]:
    """Return the objects of a changed picture, and how many were dropped: less than `MIN_SHARE` of them was left.

    Outlines that stay inside the picture keep all their corners. Those that the edge cuts are drawn, cut and traced
    along the pixels; they may have more parts than before.
    """
    size = (annotation.width, annotation.height)
    matrix = change.matrix(*size)
    changed = [_change_object(item, matrix, size) for item in annotation.objects]
    kept = tuple(item for item in changed if item is not None)
    return replace(annotation, objects=kept), len(changed) - len(kept)


def _change_object(item: DefectObject, matrix: Floats, size: tuple[int, int]) -> DefectObject | None:
    """Return an object of the changed picture, or None if too little of it is left."""
    if not item.polygons:
        moved = _move(_ellipse(item.box), matrix)
        left = _clip(moved, size)
        if len(left) < 3 or _area(left) < MIN_SHARE * _area(moved):
            return None
        return replace(item, box=Box.around(_polygon(left)))
    whole = [np.array(ring) for ring in item.polygons]
    rings = [_move(ring, matrix) for ring in whole]
    if all((ring >= 0).all() and (ring <= size).all() for ring in rings):
        polygons = tuple(map(_polygon, rings))
    else:
        left_over = _cut(rings, size)
        if left_over.sum() < max(MIN_SHARE * _cut(whole, size).sum(), 1):
            return None
        _, polygons = outline_object(left_over)
    return replace(item, box=Box.around(chain.from_iterable(polygons)), polygons=polygons)


def _move(points: Floats, matrix: Floats) -> Floats:
    moved: Floats = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def _ellipse(box: Box) -> Floats:
    """Return corners of the ellipse that touches the sides of a box, shape ``(360, 2)``."""
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
        crossing = before + (points - before) * share[:, None]
        kept = np.column_stack([crosses, far >= 0])
        points = np.stack([crossing, points], axis=1)[kept]
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


def _polygon(ring: Floats) -> Polygon:
    return tuple((float(x), float(y)) for x, y in ring)
