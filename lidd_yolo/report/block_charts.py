"""The plots of a block: accuracy over size and over time, and per class; curves are in ``learning.py``.

The papers plot nothing over size or time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from lidd_yolo.report.blocks import Block, Contender, Entry
from lidd_yolo.report.charts import (
    BOTTOM,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Chart,
    Curve,
    Mark,
    Tick,
    across,
    linear_ticks,
    log_ticks,
    points,
    ticks_of,
    up,
)
from lidd_yolo.report.figures import ACCURACIES, Spread, accuracy, class_accuracies, latencies, parameters
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


_HIGHEST = 3.0  # losses above this many times the lowest are cut off: the first epochs would press the rest flat


def while_learning(block: Block, key: str) -> Chart | None:
    """Return the validation accuracy over epochs, with a band from the lowest to the highest seed.

    Args:
        block: The networks.
        key: Figure to draw.

    Returns:
        The chart, or None if nothing was validated while learning.
    """
    held = [[curve for entry in c.entries if any(curve := _finite(entry, key))] for c in block.contenders]
    if not any(held):
        return None
    highest = max(max(curve) for curves in held for curve in curves)
    return _chart(
        f"val {ACCURACIES[key]} while learning",
        {(i, False): curves for i, curves in enumerate(held) if curves},
        linear_ticks(0, highest),
        note="Band: lowest to highest seed." if any(len(curves) > 1 for curves in held) else "",
        banded=True,
    )


def loss_curves(block: Block) -> Chart | None:
    """Return the total losses over epochs as multiples of their lowest; None without losses.

    Losses of different networks are different sums. Where the curve of the validation part rises again, a network
    learns the training pictures by heart.
    """
    held = {
        (i, part == "train"): curves
        for i, contender in enumerate(block.contenders)
        for part in ("val", "train")
        if (curves := _losses(contender, part))
    }
    if not held:
        return None
    highest = max(max(curve) for curves in held.values() for curve in curves)
    return _chart(
        "losses over their lowest",
        held,
        linear_ticks(1, highest),
        note="Solid: validation; dashed: training, augmented. Sum of all terms; cut off at 3.",
    )


def _chart(
    title: str,
    held: dict[tuple[int, bool], list[list[float]]],
    y_values: list[float],
    *,
    note: str,
    banded: bool = False,
) -> Chart:
    """Return a chart of curves; ``held`` has number of the network and whether dashed -> a curve for each seed."""
    x_values = linear_ticks(0, max(len(curve) for curves in held.values() for curve in curves))
    x_axis, y_axis = across(x_values), up(y_values)

    def line(values: Sequence[float]) -> list[tuple[float, float]]:
        return [(x_axis.place(epoch), y_axis.place(value)) for epoch, value in enumerate(values, 1)]

    curves = []
    for (series, dashed), seeds in held.items():
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
    found = []
    for entry in contender.entries:
        names = [name for name in entry.get("curve", {}) if name.startswith(f"{part}/") and name.endswith("loss")]
        total = [sum(values) for values in zip(*(_finite(entry, name) for name in names), strict=False)]
        if not total or min(total) <= 0:
            return []
        found.append([min(value / min(total), _HIGHEST) for value in total])
    return found
