"""Learning curves of a block: accuracy on the validation part, and losses.

Own work. The mean over seeds is drawn, as far as the shortest run goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from lidd_yolo.report.chart import Chart, Curve, across, linear_ticks, points, ticks_of, up
from lidd_yolo.report.figures import ACCURACIES
from lidd_yolo.report.grouping import Block, Contender, Entry

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
