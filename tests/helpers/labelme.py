"""labelme files, written."""

import json
from typing import Any

from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.bridges import join_parts

_DECIMALS = 4


def write_labelme(annotation: Annotation) -> str:
    """Return the file's text; a box as a rectangle, several parts of an object as polygons with one ``group_id``.

    Args:
        annotation: One picture's objects, in pixels.
    """
    shapes: list[dict[str, Any]] = []
    for number, item in enumerate(annotation.objects):
        parts = join_parts(item.polygons)
        kind = "polygon" if parts else "rectangle"
        for part in parts or (((item.box.x1, item.box.y1), (item.box.x2, item.box.y2)),):
            points = [[round(x, _DECIMALS), round(y, _DECIMALS)] for x, y in part]
            group = number if len(parts) > 1 else None
            shape: dict[str, Any] = {
                "label": item.class_name,
                "points": points,
                "group_id": group,
                "shape_type": kind,
                "flags": {},
            }
            shapes.append(shape)
    size = {"imageHeight": annotation.height, "imageWidth": annotation.width}
    head: dict[str, Any] = {"version": "5.0.0", "flags": {}, "imagePath": annotation.image, "imageData": None}
    return json.dumps({**head, **size, "shapes": shapes})
