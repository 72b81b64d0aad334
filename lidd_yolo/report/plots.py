"""The plots of a block: accuracy over size and over time, and per class; curves are in ``learning.py``.

Own work; the papers plot nothing over size or time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lidd_yolo.report.chart import (
    BOTTOM,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Chart,
    Mark,
    Tick,
    across,
    linear_ticks,
    log_ticks,
    ticks_of,
    up,
)
from lidd_yolo.report.figures import ACCURACIES, accuracy, class_accuracies, latencies, parameters
from lidd_yolo.report.grouping import Block, Contender, Entry
from lidd_yolo.report.learning import loss_curves, while_learning
from lidd_yolo.report.statistics import Spread
from lidd_yolo.report.table import with_interval

_ROW = 26  # SVG units of a class


def block_charts(block: Block, entries: Sequence[Entry]) -> list[Chart]:
    """Return the charts that the entries of a block allow.

    Args:
        block: The block; its networks are numbered in its order.
        entries: Ledger entries of any kind; the times of predictions are taken from them.
    """
    key = "mask_map" if all(_has(c, block.split, "mask_map") for c in block.contenders) else "map"
    figures = {c.label: accuracy(c, block.split, key) for c in block.contenders}
    name = f"{block.split} {ACCURACIES[key]}"
    sizes = {c.label: float(size) for c in block.contenders if (size := parameters(c))}
    charts = [over(f"{name} over parameters", "parameters, folded (log scale)", sizes, figures)]
    for setting, times in latencies(block, entries).items():
        charts.append(
            over(f"{name} over time of a prediction", f"ms per picture, {setting} (log scale)", times, figures)
        )
    charts += [per_class(block, key), while_learning(block, key), loss_curves(block)]
    return [chart for chart in charts if chart is not None]


def over(title: str, x_label: str, at: Mapping[str, float], figures: Mapping[str, Spread | None]) -> Chart | None:
    """Return accuracy over a positive quantity, or None if fewer than two networks have both.

    Args:
        title: Title of the chart.
        x_label: Name of the quantity.
        at: Label of a network -> quantity.
        figures: Label of every network, in order -> accuracy.
    """
    held = [(i, label, at[label], s) for i, (label, s) in enumerate(figures.items()) if s and label in at]
    if len(held) < 2:
        return None
    x_values = log_ticks(min(x for _, _, x, _ in held), max(x for _, _, x, _ in held))
    y_values = linear_ticks(min(_low(s) for *_, s in held), max(_high(s) for *_, s in held))
    x_scale, y_scale = across(x_values, log=True), up(y_values)
    marks = [_mark(i, x_scale.place(x), y_scale, s, f"{label}: {with_interval(s)}") for i, label, x, s in held]
    return Chart(title, x_label, ticks_of(x_scale, x_values), ticks_of(y_scale, y_values), marks=tuple(marks))


def per_class(block: Block, key: str) -> Chart | None:
    """Return the accuracy of every class, a row for each, or None without such figures."""
    keys = (key, key + "50", "map", "map50")  # what older entries have
    told = next((k for k in keys if all(_of_class(c, block.split, k) for c in block.contenders)), None)
    if told is None:
        return None
    tables = [_of_class(contender, block.split, told) for contender in block.contenders]
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
        f"{block.split} {ACCURACIES[told]} per class",
        ACCURACIES[told],
        ticks_of(scale, values),
        tuple(Tick(y, name) for name, y in rows.items()),
        marks=tuple(marks),
        height=TOP + _ROW * len(names) + BOTTOM,
        left=left,
    )


def _of_class(contender: Contender, split: str, key: str) -> dict[str, Spread]:
    return class_accuracies(contender, split, f"{key}_of_class")


def _has(contender: Contender, split: str, key: str) -> bool:
    return accuracy(contender, split, key) is not None


def _mark(series: int, x: float, scale: Axis, spread: Spread, told: str) -> Mark:
    ends = (x, scale.place(_low(spread)), x, scale.place(_high(spread))) if spread.half else None
    return Mark(series, x, scale.place(spread.mean), told, ends)


def _low(spread: Spread) -> float:
    """Return the lower end of an interval; a share is at least 0."""
    return max(0.0, spread.mean - (spread.half or 0))


def _high(spread: Spread) -> float:
    return min(1.0, spread.mean + (spread.half or 0))
