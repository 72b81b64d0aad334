"""What is known about one picture: its size and the defects marked in it.

Every format of `lidd_yolo.data.formats` is read into and written from these types, so that N formats need
2 N converters instead of N * N.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

Polygon = tuple[tuple[float, float], ...]
"""Corners ``(x, y)`` in pixels, in order, not closed. Pixel ``i`` reaches from ``i`` to ``i + 1``, as in `Box`."""

Size = tuple[int, int]
"""Width and height in pixels."""

MAX_PIXELS = 100_000_000
"""Largest picture, in pixels, that readers draw a mask for: a file of a few bytes may claim any size."""


class Place(NamedTuple):
    """Place in a file: ``line 3``, ``object 2``, or a word such as ``<size>`` alone, then -1; empty for all of it."""

    word: str = ""
    number: int = -1

    def __str__(self) -> str:
        return self.word if self.number < 0 else f"{self.word} {self.number}"


WHOLE_FILE = Place()


@dataclass(frozen=True, order=True)
class Box:
    """Axis-parallel box in pixels, 0-based and half open: it covers ``x1 <= x < x2``, ``y1 <= y < y2``."""

    x1: float
    y1: float
    x2: float
    y2: float

    @classmethod
    def around(cls, corners: Iterable[tuple[float, float]]) -> Box:
        """Return the smallest box that holds all of at least one corner ``(x, y)``."""
        xs, ys = zip(*corners, strict=True)
        return cls(min(xs), min(ys), max(xs), max(ys))

    @property
    def width(self) -> float:
        """Width in pixels; zero or less for an empty box."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Height in pixels; zero or less for an empty box."""
        return self.y2 - self.y1

    @property
    def corners(self) -> Polygon:
        """The corners, clockwise from the upper left."""
        return (self.x1, self.y1), (self.x2, self.y1), (self.x2, self.y2), (self.x1, self.y2)

    def clipped(self, width: int, height: int) -> Box:
        """Return the part inside a picture of ``width`` x ``height`` pixels; an empty box if there is none."""
        x1, x2 = (min(max(x, 0.0), float(width)) for x in (self.x1, self.x2))
        y1, y2 = (min(max(y, 0.0), float(height)) for y in (self.y1, self.y2))
        return Box(x1, y1, x2, y2)


@dataclass(frozen=True)
class DefectObject:
    """One marked defect.

    Args:
        class_name: Class as the data set spells it.
        box: Bounding box.
        polygons: Outline in pixels as rings filled by the even-odd rule: a ring beside another is a further part, a
            ring inside another is a hole, in either direction; empty when only the box is known.
        difficult: Whether the annotator marked the object as hard to see.
        place: Where its file states it.
    """

    class_name: str
    box: Box
    polygons: tuple[Polygon, ...] = ()
    difficult: bool = False
    place: Place = field(default=WHOLE_FILE, compare=False, repr=False)


@dataclass(frozen=True)
class Annotation:
    """All marked defects, in file order, of one picture, its name without folder, its size in pixels."""

    image: str
    width: int
    height: int
    objects: tuple[DefectObject, ...] = ()
