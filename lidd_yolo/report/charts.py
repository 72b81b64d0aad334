"""Charts as geometry: scales, ticks and marks in the coordinates of a small SVG; the page's template draws them.

No text is markup here, so that the template's autoescape holds for labels too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 360
HEIGHT = 250
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 12, 40


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in SVG units."""

    place: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A point with an interval, in SVG units.

    Args:
        series: Number of the network; names colour and shape.
        x: Place from the left.
        y: Place from the top.
        told: Text for the pointer.
        ends: ``x1, y1, x2, y2`` of the interval, or None.
    """

    series: int
    x: float
    y: float
    told: str
    ends: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Curve:
    """A curve and the band around it, as lists of points that SVG reads.

    Args:
        series: Number of the network; names the colour.
        points: The curve.
        band: Outline of the band, or empty.
        dashed: Whether the curve is the second one of its network.
    """

    series: int
    points: str
    band: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """What the template draws.

    Args:
        title: What is drawn over what.
        x_label: Name and unit of the horizontal axis.
        x_ticks: Its ticks.
        y_ticks: Ticks of the vertical axis.
        marks: Points.
        curves: Curves.
        height: Height in SVG units.
        left: Width of the space for the vertical axis' words.
        note: A sentence under the chart.
    """

    title: str
    x_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...] = ()
    curves: tuple[Curve, ...] = ()
    height: int = HEIGHT
    left: int = LEFT
    note: str = ""
    width: int = field(default=WIDTH, init=False)
    right: int = field(default=WIDTH - RIGHT, init=False)
    top: int = field(default=TOP, init=False)

    @property
    def floor(self) -> int:
        """Place of the horizontal axis."""
        return self.height - BOTTOM


@dataclass(frozen=True)
class Axis:
    """Maps values to places, in SVG units.

    Args:
        low: Value at the first place.
        high: Value at the last.
        first: Place of the low value.
        last: Place of the high value.
        log: Whether equal ratios have equal lengths.
    """

    low: float
    high: float
    first: float
    last: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return the place of a value, rounded to a tenth of a unit."""
        low, high, at = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return round(self.first + (at - low) / (high - low) * (self.last - self.first), 1)


def across(values: Sequence[float], *, log: bool = False) -> Axis:
    """Return the horizontal axis of a plot from the lowest tick to the highest."""
    return Axis(values[0], values[-1], LEFT, WIDTH - RIGHT, log)


def up(values: Sequence[float]) -> Axis:
    """Return the vertical axis of a plot from the lowest tick to the highest."""
    return Axis(values[0], values[-1], HEIGHT - BOTTOM, TOP)


def ticks_of(axis: Axis, values: Sequence[float]) -> tuple[Tick, ...]:
    """Return the ticks of an axis at these values."""
    return tuple(Tick(axis.place(value), text) for value, text in zip(values, tick_texts(values), strict=True))


def linear_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round values from at or below ``low`` to at or above ``high``, at most ``most + 1`` of them."""
    span = (high - low) or abs(high) or 1.0
    power = 10 ** math.floor(math.log10(span / most))
    step = next(power * m for m in (1, 2, 5, 10, 20) if span / (power * m) <= most - 1)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return values 1, 2, 5 times powers of ten that enclose positive ``low`` and ``high``."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{m}e{p}") for p in powers for m in (1, 2, 5)]
    first = max(i for i, tick in enumerate(ticks) if tick <= low)
    last = next((i for i, tick in enumerate(ticks) if tick >= high), len(ticks) - 1)
    return ticks[first : max(last, first + 1) + 1]


def tick_texts(values: Sequence[float]) -> list[str]:
    """Return values as an axis writes them: ``500 k``, ``2 M``; below 1000 all with the same number of decimals."""
    decimals = max(len(f"{value:g}".partition(".")[2]) for value in values)
    return [_large(value) if abs(value) >= 1e3 else f"{value:.{decimals}f}" for value in values]


def _large(value: float) -> str:
    unit, sign = next((u, s) for u, s in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if abs(value) >= u)
    return f"{value / unit:g} {sign}"


def points(places: Sequence[tuple[float, float]]) -> str:
    """Return places as SVG's ``points``."""
    return " ".join(f"{x:g},{y:g}" for x, y in places)
