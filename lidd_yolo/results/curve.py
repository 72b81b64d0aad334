"""Ultralytics' ``results.csv``: what a training reached after each epoch."""

from __future__ import annotations

import csv
import math
from pathlib import Path


def read_rows(results: Path) -> list[dict[str, str]]:
    """Return column -> text for every epoch of a ``results.csv``; a row that is being written is left out.

    Raises:
        OSError: If the file cannot be read.
    """
    with results.open(encoding="utf-8", newline="") as file:
        rows = [{column.strip(): text for column, text in row.items() if column} for row in csv.DictReader(file)]
    return [row for row in rows if None not in row.values()]


def read_curve(results: Path) -> dict[str, list[float | None]]:
    """Return epoch, wall time in seconds, mAP and losses of every epoch from Ultralytics' ``results.csv``.

    Losses keep their column's name, such as ``train/box_loss``; a number that is not finite becomes None.
    """
    rows = [{column: float(text) for column, text in row.items()} for row in read_rows(results)]
    columns = {
        "epoch": "epoch",
        "time": "time",
        "map50": "metrics/mAP50(B)",
        "map": "metrics/mAP50-95(B)",
        "mask_map50": "metrics/mAP50(M)",
        "mask_map": "metrics/mAP50-95(M)",
        **{column: column for column in rows[0] if column.startswith(("train/", "val/"))},
    }
    return {
        name: [row[column] if math.isfinite(row[column]) else None for row in rows]
        for name, column in columns.items()
        if column in rows[0]
    }
