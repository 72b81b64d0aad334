"""Figures that a paper prints, from the plan of a comparison: those of networks trained here, and quoted rows.

Reads only ``source``, ``note``, ``imgsz``, ``quoted`` and ``models[].{model, label, printed, note}`` of a
plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.paths import find_cfg

_SHARES = ("map50", "map", "precision", "recall")
_COUNTS = ("parameters", "macs", "gflops")
_QUOTED = ("label", "printed", "note")  # keys of a quoted row
FIGURES = (*_SHARES, *(f"mask_{key}" for key in _SHARES), *_COUNTS)
"""Figures that may be printed: shares of 1, counts, and GFLOPs (2 x MACs / 1e9)."""


@dataclass(frozen=True)
class PrintedRow:
    """A row of a printed table.

    Args:
        label: Name of the network in the paper.
        figures: Printed figures by name.
        model: Our name of the network; empty for a row that nobody can train here.
        note: What a reader must know about the row.
    """

    label: str
    figures: Mapping[str, float]
    model: str = ""
    note: str = ""


@dataclass(frozen=True)
class PrintedTable:
    """What a paper prints.

    Args:
        source: Paper and table.
        note: What a reader of the whole table must know.
        models: Rows of networks that are trained here, in the order of the plan.
        quoted: Rows that are only quoted.
        imgsz: Side in pixels of the input that operations were counted at: the first of a plan's sizes; None if
            it has none.
    """

    source: str
    note: str
    models: tuple[PrintedRow, ...]
    quoted: tuple[PrintedRow, ...]
    imgsz: int | None = None


NOTHING_PRINTED = PrintedTable("", "", (), ())
"""What stands beside measured figures without a plan."""


def read_printed(plan: str | Path | None) -> PrintedTable:
    """Read the printed figures of a plan.

    Args:
        plan: File, or name of a packaged plan such as ``lidd-table3``; None has nothing printed.

    Raises:
        FileNotFoundError: If there is no such plan.
        ValueError: If the file is not a plan; names file and key.
    """
    if plan is None:
        return NOTHING_PRINTED
    file = Path(plan) if Path(plan).is_file() else find_cfg(str(plan), "plans")
    if file is None:
        raise FileNotFoundError(f"no plan {plan}: neither a file nor a packaged plan")
    try:
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not a plan: {error}") from error
    if not isinstance(read, dict) or not isinstance(read.get("models"), list):
        raise ValueError(f"{file}: a plan has a list `models`")
    rows = {key: tuple(_row(file, key, row) for row in read.get(key) or []) for key in ("models", "quoted")}
    imgsz = read.get("imgsz")
    imgsz = imgsz[0] if isinstance(imgsz, list) and imgsz else imgsz
    if not isinstance(imgsz, (int, type(None))):
        raise ValueError(f"{file}: imgsz is not a number of pixels: {imgsz!r}")
    return PrintedTable(
        str(read.get("source") or file.stem), str(read.get("note") or ""), rows["models"], rows["quoted"], imgsz
    )


def _row(file: Path, key: str, row: Any) -> PrintedRow:
    if not isinstance(row, dict) or not ("model" in row or "label" in row):
        raise ValueError(f"{file}: every row of `{key}` has a `model` or a `label`, not {row!r}")
    model = str(row.get("model", ""))
    label = str(row.get("label") or Path(model).stem)
    if key == "quoted" and (unknown := row.keys() - _QUOTED):
        raise ValueError(f"{file}: {label} has unknown keys {', '.join(sorted(unknown))}; known: {', '.join(_QUOTED)}")
    return PrintedRow(label, _figures(file, label, row.get("printed") or {}), model, str(row.get("note") or ""))


def _figures(file: Path, label: str, printed: Any) -> dict[str, float]:
    if not isinstance(printed, dict):
        raise ValueError(f"{file}: `printed` of {label} is not a list of names and figures")
    if unknown := printed.keys() - set(FIGURES):
        raise ValueError(
            f"{file}: {label} has unknown figures {', '.join(sorted(unknown))}; known: {', '.join(FIGURES)}"
        )
    try:
        figures = {name: float(figure) for name, figure in printed.items()}  # YAML reads 110.4e6 as a string
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: a printed figure of {label} is not a number: {error}") from error
    for name, figure in figures.items():
        if name not in _COUNTS and not 0 <= figure <= 1:
            raise ValueError(f"{file}: the printed {name} of {label} has to be a share of 1, not {figure}")
    return figures
