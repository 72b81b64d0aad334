"""The charts of a block: accuracy over size, over time and per class, and learning curves.

Geometry alone: scales, ticks and marks in the coordinates of a small SVG, which ``charts.svg.j2`` draws. No text is
markup here, so that the template's autoescape holds for labels too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from lidd_yolo.report.blocks import Block, Contender, Entry
from lidd_yolo.report.figures import (
    ACCURACIES,
    Spread,
    accuracy,
    class_accuracies,
    counted,
    latencies,
    with_interval,
)

WIDTH = 360
HEIGHT = 250
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 12, 40
_ROW = 26  # SVG units of a class
_HIGHEST = 3.0  # losses above this many times the lowest are cut off: the first epochs would press the rest flat


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in SVG units."""

    place: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A point, in SVG units from the left and the top, with an interval from ``x1, y1`` to ``x2, y2``.

    ``series`` is the number of the network: it names colour and shape. ``text`` is shown at the pointer.
    """

    series: int
    x: float
    y: float
    text: str
    ends: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Curve:
    """A curve and the outline of the band around it, as lists of points that SVG reads; the second one is dashed."""

    series: int
    points: str
    band: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """What the template draws; ``left`` is the width of the space for the vertical axis' words."""

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

    @property
    def floor(self) -> int:
        """Place of the horizontal axis."""
        return self.height - BOTTOM


@dataclass(frozen=True)
class Axis:
    """Maps the values from ``low`` to ``high`` to the places from ``first`` to ``last``, in SVG units."""

    low: float
    high: float
    first: float
    last: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return the place of a value, rounded to a tenth of a unit."""
        low, high, at = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return round(self.first + (at - low) / (high - low) * (self.last - self.first), 1)


def block_charts(block: Block, entries: Sequence[Entry]) -> list[Chart]:
    """Return the charts that a block allows, with times of predictions from ledger entries of any kind."""
    key = "mask_map" if all(accuracy(c, block.split, "mask_map") for c in block.contenders) else "map"
    figures = {c.label: accuracy(c, block.split, key) for c in block.contenders}
    name = f"{block.split} {ACCURACIES[key]}"
    sizes = {c.label: size for c in block.contenders if (size := counted(c, "parameters_folded"))}
    charts = [
        over(f"{name} over parameters", "parameters, folded (log scale)", sizes, figures),
        *(
            over(f"{name} over time of a prediction", f"ms per picture, {setting} (log scale)", times, figures)
            for setting, times in latencies(block, entries).items()
        ),
        *(per_class(block, key), while_learning(block, key), loss_curves(block)),
    ]
    return [chart for chart in charts if chart is not None]


def over(title: str, x_label: str, at: Mapping[str, float], figures: Mapping[str, Spread | None]) -> Chart | None:
    """Return accuracy over a positive quantity, each by the networks' labels; None if fewer than two have both."""
    networks = [(i, label, at[label], s) for i, (label, s) in enumerate(figures.items()) if s and label in at]
    if len(networks) < 2:
        return None
    x_values = log_ticks(min(x for _, _, x, _ in networks), max(x for _, _, x, _ in networks))
    y_values = linear_ticks(min(_low(s) for *_, s in networks), max(_high(s) for *_, s in networks))
    x_scale, y_scale = across(x_values, log=True), up(y_values)
    marks = []
    for i, label, value, s in networks:
        x = x_scale.place(value)
        ends = (x, y_scale.place(_low(s)), x, y_scale.place(_high(s))) if s.half else None
        marks.append(Mark(i, x, y_scale.place(s.mean), f"{label}: {with_interval(s)}", ends))
    return Chart(title, x_label, ticks_of(x_scale, x_values), ticks_of(y_scale, y_values), marks=tuple(marks))


def per_class(block: Block, key: str) -> Chart | None:
    """Return the accuracy of every class, a row for each, or None without such figures."""
    keys = (key, key + "50", "map", "map50")  # what older entries have
    of_key = {key: [class_accuracies(contender, block.split, key) for contender in block.contenders] for key in keys}
    key, tables = next(((key, tables) for key, tables in of_key.items() if all(tables)), ("", []))
    if not tables:
        return None
    names = [name for name in tables[0] if all(name in table for table in tables)]
    values = linear_ticks(0, max(_high(table[name]) for table in tables for name in names))
    left = min(20 + 6 * max(map(len, names)), WIDTH // 2)
    scale = Axis(values[0], values[-1], left, WIDTH - RIGHT)
    rows = {name: TOP + _ROW * (row + 0.5) for row, name in enumerate(names)}
    marks = []
    for i, (contender, table) in enumerate(zip(block.contenders, tables, strict=True)):
        shift = (i + 0.5) / len(tables) - 0.5
        for name, y in rows.items():
            spread, place = table[name], round(y + shift * (_ROW - 8), 1)
            ends = (scale.place(_low(spread)), place, scale.place(_high(spread)), place) if spread.half else None
            text = f"{contender.label}, {name}: {with_interval(spread)}"
            marks.append(Mark(i, scale.place(spread.mean), place, text, ends))
    return Chart(
        f"{block.split} {ACCURACIES[key]} per class",
        ACCURACIES[key],
        ticks_of(scale, values),
        tuple(Tick(y, name) for name, y in rows.items()),
        marks=tuple(marks),
        height=TOP + _ROW * len(names) + BOTTOM,
        left=left,
    )


def _low(spread: Spread) -> float:
    """Return the lower end of an interval; a share is at least 0."""
    return max(0.0, spread.mean - (spread.half or 0))


def _high(spread: Spread) -> float:
    return min(1.0, spread.mean + (spread.half or 0))


def while_learning(block: Block, key: str) -> Chart | None:
    """Return the validation accuracy over epochs, with a band over the seeds; None if nothing was validated."""
    seeds = [[curve for entry in c.entries if any(curve := _finite(entry, key))] for c in block.contenders]
    if not any(seeds):
        return None
    highest = max(max(curve) for curves in seeds for curve in curves)
    return _learning(
        f"val {ACCURACIES[key]} while learning",
        {(i, False): curves for i, curves in enumerate(seeds) if curves},
        linear_ticks(0, highest),
        note="Band: lowest to highest seed." if any(len(curves) > 1 for curves in seeds) else "",
        banded=True,
    )


def loss_curves(block: Block) -> Chart | None:
    """Return the total losses over epochs as multiples of their lowest; None without losses.

    Losses of different networks are different sums. Where the curve of the validation part rises again, a network
    learns the training pictures by heart.
    """
    losses = {
        (i, part == "train"): curves
        for i, contender in enumerate(block.contenders)
        for part in ("val", "train")
        if (curves := _losses(contender, part))
    }
    if not losses:
        return None
    highest = max(max(curve) for curves in losses.values() for curve in curves)
    return _learning(
        "losses over their lowest",
        losses,
        linear_ticks(1, highest),
        note="Solid: validation; dashed: training, augmented. Sum of all terms; cut off at 3.",
    )


def _learning(
    title: str,
    networks: dict[tuple[int, bool], list[list[float]]],
    y_values: list[float],
    *,
    note: str,
    banded: bool = False,
) -> Chart:
    """Return a chart over epochs; ``networks`` has number and whether dashed -> a curve for each seed."""
    x_values = linear_ticks(0, max(len(curve) for curves in networks.values() for curve in curves))
    x_axis, y_axis = across(x_values), up(y_values)

    def line(values: Sequence[float]) -> list[tuple[float, float]]:
        return [(x_axis.place(epoch), y_axis.place(value)) for epoch, value in enumerate(values, 1)]

    curves = []
    for (series, dashed), seeds in networks.items():
        epochs = list(zip(*seeds, strict=False))  # as many as the shortest run has
        mean = points(line([sum(values) / len(values) for values in epochs]))
        band = line([min(v) for v in epochs]) + line([max(v) for v in epochs])[::-1] if len(seeds) > 1 else []
        curves.append(Curve(series, mean, points(band) if banded else "", dashed))
    x_ticks, y_ticks = ticks_of(x_axis, x_values), ticks_of(y_axis, y_values)
    return Chart(title, "epoch", x_ticks, y_ticks, curves=tuple(curves), note=note)


def _finite(entry: Entry, key: str) -> list[float]:
    """Return a curve up to its first value that was no number."""
    return list(takewhile(lambda value: value is not None, entry.get("curve", {}).get(key, [])))


def _losses(contender: Contender, part: str) -> list[list[float]]:
    """Return the sum of a part's losses over its lowest for every seed; empty if a seed has none."""
    of_seeds = []
    for entry in contender.entries:
        names = [name for name in entry.get("curve", {}) if name.startswith(f"{part}/") and name.endswith("loss")]
        total = [sum(values) for values in zip(*(_finite(entry, name) for name in names), strict=False)]
        if not total or min(total) <= 0:
            return []
        of_seeds.append([min(value / min(total), _HIGHEST) for value in total])
    return of_seeds


def across(values: Sequence[float], *, log: bool = False) -> Axis:
    """Return the horizontal axis of a plot from the lowest tick to the highest."""
    return Axis(values[0], values[-1], LEFT, WIDTH - RIGHT, log)


def up(values: Sequence[float]) -> Axis:
    """Return the vertical axis of a plot from the lowest tick to the highest."""
    return Axis(values[0], values[-1], HEIGHT - BOTTOM, TOP)


def ticks_of(axis: Axis, values: Sequence[float]) -> tuple[Tick, ...]:
    """Return the ticks of an axis at these values."""
    return tuple(Tick(axis.place(value), text) for value, text in zip(values, tick_texts(values), strict=True))


def linear_ticks(low: float, high: float) -> list[float]:
    """Return round values from at or below ``low`` to at or above ``high``, at most seven of them."""
    span = (high - low) or abs(high) or 1.0
    power = 10 ** math.floor(math.log10(span / 6))
    step = next(power * m for m in (1, 2, 5, 10, 20) if span / (power * m) <= 5)
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
