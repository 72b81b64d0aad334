"""The table of a block: measured figures, what a paper prints beside them, and quoted rows.

Markdown and the HTML page both write this. Differences are measured minus printed. Units stand in the
headings, since the LIDD paper sets multiply-adds beside twice that in one column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lidd_yolo.report.blocks import Block, Contender, Entry
from lidd_yolo.report.figures import ACCURACIES, Spread, accuracy, macs, parameters, row_of, training_parameters
from lidd_yolo.results.plan_file import PrintedRow, PrintedTable


@dataclass(frozen=True)
class Cell:
    """One figure.

    Args:
        text: Measured figure, with its interval over seeds; in a quoted row the printed one.
        printed: What the paper prints, or empty.
        difference: Measured minus printed, or empty.
    """

    text: str
    printed: str = ""
    difference: str = ""


@dataclass(frozen=True)
class Line:
    """One network.

    Args:
        label: Its name.
        seeds: Number of seeds, or empty for a quoted row.
        cells: A figure for each column.
        quoted: Whether nothing of it was measured here.
        mark: Number of the note on it, or empty.
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


@dataclass(frozen=True)
class _Column:
    heading: str
    key: str
    measured: Callable[[Contender], str]
    value: Callable[[Contender], float | None]
    written: Callable[[float], str]
    relative: bool = False
    grows: bool = False  # with the side of the input


def result_lines(block: Block, printed: PrintedTable) -> Table:
    """Return the table of a block.

    Args:
        block: Measured networks.
        printed: What the paper prints; its quoted rows come last.
    """
    rows = [(contender, row_of(printed, contender)) for contender in block.contenders]
    columns = [column for column in _columns(block.split) if any(column.measured(c) for c in block.contenders)]
    size = printed.imgsz if printed.imgsz != block.imgsz else None
    notes: list[str] = []

    def mark(row: PrintedRow | None) -> str:
        if row is None or not row.note:
            return ""
        if row.note not in notes:
            notes.append(row.note)
        return str(notes.index(row.note) + 1)

    lines = [
        Line(
            contender.label,
            str(len(contender.entries)),
            tuple(_cell(column, contender, row, size) for column in columns),
            mark=mark(row),
        )
        for contender, row in rows
    ]
    lines += [
        Line(row.label, "", tuple(Cell(_quoted(column, row, size)) for column in columns), quoted=True, mark=mark(row))
        for row in printed.quoted
    ]
    return Table(tuple(column.heading for column in columns), tuple(lines), tuple(notes))


def with_interval(spread: Spread | None) -> str:
    """Return a share with three decimals and its interval, or without one where one seed gives none."""
    if spread is None:
        return ""
    return f"{spread.mean:.3f}" + ("" if spread.half is None else f" ± {spread.half:.3f}")


def signed(value: float) -> str:
    """Return a difference of shares with its sign; what rounds to nothing has none."""
    return _minus(f"{value:+.3f}")


def _minus(text: str) -> str:
    return text.lstrip("+-") if not float(text) else text.replace("-", "−")


def _columns(split: str) -> list[_Column]:
    return [
        *(_share(split, key, name) for key, name in ACCURACIES.items()),
        _count("parameters in M, folded", "parameters", parameters, 1e6),
        _count("MACs in G", "macs", macs, 1e9, grows=True),
        _count("FLOPs in G = 2 MACs", "gflops", _gflops, 1, grows=True),
    ]


def _count(
    heading: str, key: str, value: Callable[[Contender], float | None], unit: float, *, grows: bool = False
) -> _Column:
    def written(figure: float) -> str:
        return f"{figure / unit:#.4g}".rstrip(".")

    def measured(contender: Contender) -> str:
        figure = value(contender)
        return "" if figure is None else written(figure)

    return _Column(heading, key, measured, value, written, relative=True, grows=grows)


def _share(split: str, key: str, name: str) -> _Column:
    def mean(contender: Contender) -> float | None:
        spread = accuracy(contender, split, key)
        return None if spread is None else spread.mean

    return _Column(
        f"{split} {name}", key, lambda c: with_interval(accuracy(c, split, key)), mean, lambda figure: f"{figure:.3f}"
    )


def _gflops(contender: Contender) -> float | None:
    count = macs(contender)
    return None if count is None else 2 * count / 1e9


def _cell(column: _Column, contender: Contender, row: PrintedRow | None, other_size: int | None) -> Cell:
    """Return one figure; operations that a paper counted at another size of the input say so and are not compared."""
    value, printed = column.value(contender), row.figures.get(column.key) if row else None
    if printed is None:
        return Cell(column.measured(contender))
    written = _as_printed(column, printed, other_size)
    if value is None or (column.grows and other_size):
        return Cell(column.measured(contender), written)
    difference = value / printed - 1 if column.relative else value - printed
    told = f"{_minus(f'{100 * difference:+.1f}')} %" if column.relative else signed(difference)
    return Cell(column.measured(contender), written, told)


def _quoted(column: _Column, row: PrintedRow, other_size: int | None) -> str:
    figure = row.figures.get(column.key)
    return "" if figure is None else _as_printed(column, figure, other_size)


def _as_printed(column: _Column, figure: float, other_size: int | None) -> str:
    return column.written(figure) + (f" at {other_size} px" if column.grows and other_size else "")


def further_lines(block: Block) -> Table:
    """Return a table of the figures that the block's main table leaves out; columns that nobody fills are left out."""
    split = block.split
    filled: dict[str, list[str]] = {}
    for heading, told in _all_columns(split).items():
        texts = [told(contender) for contender in block.contenders]
        if any(texts):
            filled[heading] = texts
    lines = (
        Line(contender.label, str(len(contender.entries)), tuple(Cell(texts[row]) for texts in filled.values()))
        for row, contender in enumerate(block.contenders)
    )
    return Table(tuple(filled), tuple(lines))


def _all_columns(split: str) -> dict[str, Callable[[Contender], str]]:
    columns: dict[str, Callable[[Contender], str]] = {}
    if split != "val":
        columns |= {f"val {name}": _share_of("val", key) for key, name in ACCURACIES.items()}
    columns |= {f"{split} {name}": _share_of(split, name) for name in ("precision", "recall")}
    columns |= {f"{split} {name} by faster-coco-eval": _second(split, key) for key, name in ACCURACIES.items()}
    return {
        **columns,
        "parameters in M, training": _training_parameters,
        "training in h": _hours,
        "checkpoint in MB": _megabytes,
        "entries": lambda c: ", ".join(entry["name"] for entry in c.entries),
    }


def _share_of(split: str, key: str) -> Callable[[Contender], str]:
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
