"""Figures that few readers look for: validation, precision and recall, the second evaluation, training time, names.

Own work.
"""

from __future__ import annotations

from collections.abc import Callable

from lidd_yolo.report.figures import ACCURACIES, accuracy, training_parameters
from lidd_yolo.report.grouping import Block, Contender, Entry
from lidd_yolo.report.table import Cell, Line, Table, signed, with_interval


def further_lines(block: Block) -> Table:
    """Return a table of the figures that the block's main table leaves out; columns that nobody fills are left out."""
    split = block.split
    filled: dict[str, list[str]] = {}
    for heading, told in _columns(split).items():
        texts = [told(contender) for contender in block.contenders]
        if any(texts):
            filled[heading] = texts
    lines = (
        Line(contender.label, str(len(contender.entries)), tuple(Cell(texts[row]) for texts in filled.values()))
        for row, contender in enumerate(block.contenders)
    )
    return Table(tuple(filled), tuple(lines))


def _columns(split: str) -> dict[str, Callable[[Contender], str]]:
    columns: dict[str, Callable[[Contender], str]] = {}
    if split != "val":
        columns |= {f"val {name}": _share("val", key) for key, name in ACCURACIES.items()}
    columns |= {f"{split} {name}": _share(split, name) for name in ("precision", "recall")}
    columns |= {f"{split} {name} by faster-coco-eval": _second(split, key) for key, name in ACCURACIES.items()}
    return {
        **columns,
        "parameters in M, training": _training_parameters,
        "training in h": _hours,
        "checkpoint in MB": _megabytes,
        "entries": lambda c: ", ".join(entry["name"] for entry in c.entries),
    }


def _share(split: str, key: str) -> Callable[[Contender], str]:
    return lambda contender: with_interval(accuracy(contender, split, key))


def _second(split: str, key: str) -> Callable[[Contender], str]:
    """Return how the mean over seeds is written, with what it differs from Ultralytics' figure."""

    def told(contender: Contender) -> str:
        ours = accuracy(contender, split, key)
        second = [entry["results"].get(split, {}).get("coco", {}).get(key) for entry in contender.entries]
        if ours is None or None in second:
            return ""
        mean = sum(map(float, second)) / len(second)
        return f"{mean:.3f} ({signed(mean - ours.mean)})"

    return told


def _training_parameters(contender: Contender) -> str:
    count = training_parameters(contender)
    return "" if count is None else f"{count / 1e6:.4g}"


def _hours(contender: Contender) -> str:
    return _range([float(entry["seconds"]) / 3600 for entry in contender.entries if "seconds" in entry])


def _megabytes(contender: Contender) -> str:
    return _range([size / 1e6 for entry in contender.entries if (size := _file_bytes(entry))])


def _file_bytes(entry: Entry) -> int:
    return int(entry.get("size", {}).get("file_bytes", 0))


def _range(values: list[float]) -> str:
    """Return the lowest and the highest value, once if they are written alike."""
    written = list(dict.fromkeys(f"{value:.2f}" for value in (min(values), max(values)))) if values else []
    return " to ".join(written)
