"""The tables of a block: measured figures beside what a paper prints and quoted rows, and the figures left out there.

Markdown and the HTML page both write them. Differences are measured minus printed. Units stand in the headings, since
the LIDD paper sets multiply-adds beside twice that in one column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lidd_yolo.report.blocks import Block, Contender
from lidd_yolo.report.figures import (
    ACCURACIES,
    accuracy,
    counted,
    row_of,
    signed,
    with_interval,
    without_zero_sign,
)
from lidd_yolo.results.plan_file import PrintedRow, PrintedTable


@dataclass(frozen=True)
class Cell:
    """One measured figure, with its interval over seeds, and what the paper prints; in a quoted row the printed one."""

    text: str
    printed: str = ""
    difference: str = ""


@dataclass(frozen=True)
class Line:
    """One network: its figures, the number of its seeds, and in ``mark`` the number of the note on it.

    Of a quoted one nothing was measured here, and ``seeds`` is empty.
    """

    label: str
    seeds: str
    cells: tuple[Cell, ...]
    quoted: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """Headings, lines, and notes that lines refer to by their number."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def main_table(block: Block, printed: PrintedTable) -> Table:
    """Return the main table of a block, quoted rows last; columns that no network fills are left out."""
    columns = [column for column in _columns(block.split) if any(column.measured(c) for c in block.contenders)]
    size = printed.imgsz if printed.imgsz != block.imgsz else None
    notes: list[str] = []

    def mark(row: PrintedRow | None) -> str:
        if row is None or not row.note:
            return ""
        if row.note not in notes:
            notes.append(row.note)
        return str(notes.index(row.note) + 1)

    lines = []
    for contender in block.contenders:
        row = row_of(printed, contender)
        cells = tuple(_beside_printed(column, contender, row, size) for column in columns)
        lines.append(Line(contender.label, str(len(contender.entries)), cells, mark=mark(row)))
    for row in printed.quoted:
        cells = tuple(Cell(column.printed(row, size)) for column in columns)
        lines.append(Line(row.label, "", cells, quoted=True, mark=mark(row)))
    return Table(tuple(column.heading for column in columns), tuple(lines), tuple(notes))


def second_table(block: Block) -> Table:
    """Return the figures that the main table leaves out, and the names of the entries; no column is empty."""
    columns = {heading: [text(c) for c in block.contenders] for heading, text in _second_columns(block.split).items()}
    columns = {heading: texts for heading, texts in columns.items() if any(texts)}
    lines = (
        Line(contender.label, str(len(contender.entries)), tuple(Cell(texts[row]) for texts in columns.values()))
        for row, contender in enumerate(block.contenders)
    )
    return Table(tuple(columns), tuple(lines))


@dataclass(frozen=True)
class _Column:
    """A column of the main table: a share of a split, or a count times a factor, which may grow with the input's side.

    ``key`` is the figure's in a printed row, ``count`` the one in a ledger entry; a share has none.
    """

    heading: str
    key: str
    split: str = ""
    count: str = ""
    factor: float = 1.0
    unit: float = 1.0
    grows: bool = False

    def value(self, contender: Contender) -> float | None:
        if self.count:
            count = counted(contender, self.count)
            return None if count is None else self.factor * count
        spread = accuracy(contender, self.split, self.key)
        return None if spread is None else spread.mean

    def measured(self, contender: Contender) -> str:
        if not self.count:
            return with_interval(accuracy(contender, self.split, self.key))
        figure = self.value(contender)
        return "" if figure is None else self.written(figure)

    def written(self, figure: float) -> str:
        return f"{figure / self.unit:#.4g}".rstrip(".") if self.count else f"{figure:.3f}"

    def printed(self, row: PrintedRow | None, other_size: int | None) -> str:
        """Return what a paper prints; operations that it counted at another size of the input say so."""
        figure = row.figures.get(self.key) if row else None
        if figure is None:
            return ""
        return self.written(figure) + (f" at {other_size} px" if self.grows and other_size else "")


def _columns(split: str) -> list[_Column]:
    return [
        *(_Column(f"{split} {name}", key, split) for key, name in ACCURACIES.items()),
        _Column("parameters in M, folded", "parameters", count="parameters_folded", unit=1e6),
        _Column("MACs in G", "macs", count="macs", unit=1e9, grows=True),
        _Column("FLOPs in G = 2 MACs", "gflops", count="macs", factor=2e-9, grows=True),
    ]


def _beside_printed(column: _Column, contender: Contender, row: PrintedRow | None, other_size: int | None) -> Cell:
    """Return one figure with the printed one; operations at another size of the input are not compared."""
    value, text, printed = column.value(contender), column.measured(contender), column.printed(row, other_size)
    if row is None or not printed or value is None or (column.grows and other_size):
        return Cell(text, printed)
    figure = row.figures[column.key]
    if not column.count:
        return Cell(text, printed, signed(value - figure))
    return Cell(text, printed, f"{without_zero_sign(f'{100 * (value / figure - 1):+.1f}')} %")


def _second_columns(split: str) -> dict[str, Callable[[Contender], str]]:
    columns: dict[str, Callable[[Contender], str]] = {}
    if split != "val":
        columns |= {f"val {name}": _share_of("val", key) for key, name in ACCURACIES.items()}
    columns |= {f"{split} {name}": _share_of(split, name) for name in ("precision", "recall")}
    columns |= {f"{split} {name} by faster-coco-eval": _by_coco(split, key) for key, name in ACCURACIES.items()}
    return {
        **columns,
        "parameters in M, training": _training_parameters,
        "training in h": lambda c: _range([float(e["seconds"]) / 3600 for e in c.entries if "seconds" in e]),
        "checkpoint in MB": lambda c: _range(
            [b / 1e6 for e in c.entries if (b := e.get("size", {}).get("file_bytes"))]
        ),
        "entries": lambda c: ", ".join(entry["name"] for entry in c.entries),
    }


def _share_of(split: str, key: str) -> Callable[[Contender], str]:
    return lambda contender: with_interval(accuracy(contender, split, key))


def _by_coco(split: str, key: str) -> Callable[[Contender], str]:
    """Return how the mean over seeds is written, with what it differs from Ultralytics' figure."""

    def text(contender: Contender) -> str:
        ours = accuracy(contender, split, key)
        second = [entry["results"].get(split, {}).get("coco", {}).get(key) for entry in contender.entries]
        if ours is None or None in second:
            return ""
        mean = sum(map(float, second)) / len(second)
        return f"{mean:.3f} ({signed(mean - ours.mean)})"

    return text


def _training_parameters(contender: Contender) -> str:
    count = counted(contender, "parameters")
    return "" if count is None else f"{count / 1e6:.4g}"


def _range(values: list[float]) -> str:
    """Return the lowest and the highest value, once if they are written alike."""
    written = list(dict.fromkeys(f"{value:.2f}" for value in (min(values), max(values)))) if values else []
    return " to ".join(written)
