"""The objects of one picture among themselves: marked twice, of two classes, a speck, an outline that crosses itself.

Own work; what no reader of one line can see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lidd_yolo.data.annotation import Annotation, DefectObject
from lidd_yolo.data.checks.crossing import crosses_itself
from lidd_yolo.data.checks.finding import Finding

SPECK = 4.0
"""Largest area of a box, in square pixels, that is taken for a slip of the pen."""


def check_objects(annotation: Annotation, places: Sequence[str], file: Path) -> Iterator[Finding]:
    """Yield what is wrong.

    Args:
        annotation: The objects.
        places: Place of each object in its file.
        file: File named in the findings.
    """
    seen: dict[object, str] = {}
    boxes: dict[object, tuple[str, str]] = {}
    for item, place in zip(annotation.objects, places, strict=True):
        shape = (item.box, item.polygons)
        if (first := seen.setdefault((item.class_name, shape), place)) != place:
            yield Finding("duplicate", file, place, f"the same object ({item.class_name}) as {first}")
        elif (other := boxes.setdefault(shape, (item.class_name, place)))[0] != item.class_name:
            reason = f"{item.class_name!r}, but {other[1]} calls the same shape {other[0]!r}"
            yield Finding("two-classes", file, place, reason)
        if item.box.width * item.box.height <= SPECK:
            yield Finding("speck", file, place, f"it is {item.box.width:.3g}x{item.box.height:.3g} pixels")
        yield from _crossing(item, annotation, place, file)


def _crossing(item: DefectObject, annotation: Annotation, place: str, file: Path) -> Iterator[Finding]:
    corners = sum(len(ring) for ring in item.polygons)
    if corners < 4:  # a triangle cannot
        return
    # Six decimals of the picture's width are what files usually hold.
    crosses = crosses_itself(item.polygons, 2e-6 * max(annotation.width, annotation.height))
    if crosses is None:
        yield Finding("long-outline", file, place, f"the outline has {corners} corners")
    elif crosses:
        yield Finding("self-crossing", file, place, f"the outline of {corners} corners crosses itself")
