"""Figures of a network from its ledger entries: accuracy over seeds, size, cost and time of a prediction.

What an entry does not know is None here, not guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from lidd_yolo.optional import load_extra
from lidd_yolo.report.blocks import Block, Contender, Entry
from lidd_yolo.results.plan_file import PrintedRow, PrintedTable

LEVEL = 0.95
"""Share of intervals that hold the true value, here and in the paired comparison."""

ACCURACIES = {
    "map50": "mAP50",
    "map": "mAP50-95",
    "mask_map50": "mask mAP50",
    "mask_map": "mask mAP50-95",
}
"""Key of a result -> its name."""

RUNTIME_NAMES = {"pytorch": "PyTorch", "onnx": "ONNX Runtime", "openvino": "OpenVINO"}
"""Runtime of a ledger entry -> its name, in the order of tables and plots; entries without one are PyTorch's."""


@dataclass(frozen=True)
class Spread:
    """Mean of repeated measurements.

    ``half`` is half the width of the mean's interval; None with one measurement, which tells nothing about it.
    """

    mean: float
    half: float | None


def spread_of(values: Sequence[float]) -> Spread:
    """Return the mean of independent measurements, one for each seed, and its interval ``mean +- t * s / sqrt(n)``.

    Raises:
        ValueError: If there is no value.
        ImportError: If SciPy is needed and missing.
    """
    count = len(values)
    if not count:
        raise ValueError("no value to take the mean of")
    if count == 1:
        return Spread(values[0], None)
    quantile = float(load_extra("scipy.special").stdtrit(count - 1, (1 + LEVEL) / 2))
    return Spread(fmean(values), quantile * stdev(values) / math.sqrt(count))


def with_interval(spread: Spread | None) -> str:
    """Return a share with three decimals and its interval, or without one where one seed gives none."""
    if spread is None:
        return ""
    return f"{spread.mean:.3f}" + ("" if spread.half is None else f" ± {spread.half:.3f}")


def signed(value: float) -> str:
    """Return a difference of shares with its sign; what rounds to nothing has none."""
    return without_zero_sign(f"{value:+.3f}")


def without_zero_sign(text: str) -> str:
    """Return a signed number with a true minus sign, or without a sign if it is written as nothing."""
    return text.lstrip("+-") if not float(text) else text.replace("-", "−")


def accuracy(contender: Contender, split: str, key: str) -> Spread | None:
    """Return a figure of one split over all seeds, or None if a seed lacks it."""
    values = [entry["results"].get(split, {}).get(key) for entry in contender.entries]
    return None if None in values else spread_of([float(value) for value in values])


def class_accuracies(contender: Contender, split: str, key: str) -> dict[str, Spread]:
    """Return class -> figure, such as ``map50``, over all seeds, for the classes that every seed has."""
    tables = [entry["results"].get(split, {}).get(f"{key}_of_class", {}) for entry in contender.entries]
    names = [name for name in tables[0] if all(name in table for table in tables)]
    return {name: spread_of([float(table[name]) for table in tables]) for name in names}


def counted(contender: Contender, key: str) -> float | None:
    """Return ``parameters`` while training, ``parameters_folded`` as the network is used, or ``macs`` of a picture."""
    count = contender.entries[0].get("counts", {}).get(key)
    return None if count is None else float(count)


def latencies(block: Block, entries: Iterable[Entry]) -> dict[str, dict[str, float]]:
    """Return times of one prediction from those entries that are ``latency-*`` of the block's input size.

    Returns:
        Setting, such as ``ONNX Runtime, 1 thread`` -> label of a contender -> median time in milliseconds of one
        picture alone; settings with at least two of the block's models and the fewest threads that were measured.
    """
    measured: dict[tuple[int, int], dict[str, float]] = {}
    for entry in entries:
        setting = (entry.get("imgsz"), entry.get("batch", 1))
        if not entry["name"].startswith("latency-") or setting != (block.imgsz, 1):
            continue
        times = {
            contender.label: 1e3 * float(entry["results"][contender.model]["median_s"])
            for contender in block.contenders
            if contender.model in entry["results"]
        }
        if len(times) > 1:
            runtime = list(RUNTIME_NAMES).index(entry.get("runtime", "pytorch"))
            measured[entry["machine"]["threads"], runtime] = times
    fewest = min((threads for threads, _ in measured), default=0)
    threads_text = f"{fewest} thread{'' if fewest == 1 else 's'}"
    names = tuple(RUNTIME_NAMES.values())
    return {f"{names[runtime]}, {threads_text}": measured[n, runtime] for n, runtime in sorted(measured) if n == fewest}


def row_of(printed: PrintedTable, contender: Contender) -> PrintedRow | None:
    """Return the row of this network, by its label if several have one model, else None."""
    rows = [row for row in printed.models if row.model == contender.model]
    labelled = [row for row in rows if row.label == contender.entries[0].get("label")]
    return next(iter(labelled or rows), None)


def arrange(printed: PrintedTable, block: Block) -> Block:
    """Return the block with its networks in the paper's order and under the paper's names.

    What the paper does not have comes last, the most accurate first. A name of the paper that would stand for two
    contenders is given to neither.
    """
    rows = [row_of(printed, contender) for contender in block.contenders]
    renamed = (
        (row, replace(contender, label=row.label) if row and _nameless(contender, row, rows) else contender)
        for contender, row in zip(block.contenders, rows, strict=True)
    )

    def place(pair: tuple[PrintedRow | None, Contender]) -> tuple[int, float]:
        reached = accuracy(pair[1], block.split, "map")
        return printed.models.index(pair[0]) if pair[0] else len(printed.models), -reached.mean if reached else 0.0

    ordered = sorted(renamed, key=place)
    return replace(block, contenders=tuple(contender for _, contender in ordered))


def _nameless(contender: Contender, row: PrintedRow, rows: Sequence[PrintedRow | None]) -> bool:
    """Return whether a network may bear its row's name: it has none of its own and is the only one of the row."""
    return "label" not in contender.entries[0] and rows.count(row) == 1
