"""The input shapes at which an exported file is compared: square and rectangular, alone and in fours, fixed and free.

A format fixes its shapes when it is made, so every fixed shape but the delivered one needs a further export;
square pictures alone and rectangles in fours cover both with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lidd_yolo.export.formats import Format

FOURS = 4


@dataclass(frozen=True)
class InputShape:
    """One input of a network.

    Args:
        height: In pixels.
        width: In pixels.
        batch: Pictures at a time.
    """

    height: int
    width: int
    batch: int = 1

    @property
    def side(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    def __str__(self) -> str:
        """Return for example ``192x192, batch 1``."""
        return f"{self.height}x{self.width}, batch {self.batch}"


@dataclass(frozen=True)
class Variant:
    """One exported file.

    Args:
        made_for: The shape that it was made with.
        dynamic: Whether it takes others too.
    """

    made_for: InputShape
    dynamic: bool = False

    def cases(self, stride: int) -> Iterator[InputShape]:
        """Yield the shapes at which the file is compared."""
        if not self.dynamic:
            yield self.made_for
            return
        for height, width in (self.made_for.side, rectangle(self.made_for.side, stride)):
            yield from (InputShape(height, width, batch) for batch in dict.fromkeys((self.made_for.batch, 1, FOURS)))

    def __str__(self) -> str:
        """Return for example ``static 192x192, batch 1``."""
        return f"dynamic, made with {self.made_for}" if self.dynamic else f"static {self.made_for}"


def rectangle(side: tuple[int, int], stride: int) -> tuple[int, int]:
    """Return a height and width that differ, a quarter (at least one stride) cut from the height where it can be.

    No side shrinks to one stride, where a map has one row: not every runtime pools that.
    """
    height, width = side
    if height != width:
        return side
    shorter = height - max(stride, height // 4 // stride * stride)
    return (shorter, width) if shorter > stride else (height, width + stride)


def probes(delivered: Variant, kind: Format, stride: int) -> tuple[list[Variant], list[str]]:
    """Return what is exported for comparison only, beside the file that is delivered.

    Args:
        delivered: What the user gets.
        kind: The format.
        stride: What the sides of an input divide by.

    Returns:
        The variants, and what the format cannot be compared at, with the reason.
    """
    square = delivered.made_for
    batch = 1 if kind.no_batch else FOURS
    wanted = [Variant(InputShape(*rectangle(square.side, stride), batch))]
    wanted += [] if kind.no_dynamic else [Variant(InputShape(*square.side), dynamic=True)]
    if delivered.dynamic:
        wanted.insert(0, Variant(InputShape(*square.side)))
        wanted = [variant for variant in wanted if not variant.dynamic]
    left_out = [f"dynamic shapes: {kind.no_dynamic}"] if kind.no_dynamic else []
    left_out += [f"batch {FOURS}: {kind.no_batch}"] if kind.no_batch else []
    return [variant for variant in wanted if variant != delivered], left_out
