"""Markdown report: for each block its table, what it rests on, and which differences are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lidd_yolo.report.blocks import Block, Entry, group_entries
from lidd_yolo.report.bootstrap import RESAMPLES
from lidd_yolo.report.comparisons import Pairs, compare_pairs
from lidd_yolo.report.figures import ACCURACIES, arrange
from lidd_yolo.report.footnotes import block_facts, run_notes, warnings
from lidd_yolo.report.leak_worth import NOTE, SPLITS, SplitComparison, compare_splits
from lidd_yolo.report.table import Cell, Line, Table, main_table
from lidd_yolo.results.plan_file import NOTHING_PRINTED, PrintedTable


def markdown_table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table without the line break at its end; no cell is escaped."""
    heading = list(headers)
    lines = [f"| {' | '.join(heading)} |", "|---" * len(heading) + "|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def report_markdown(
    entries: Sequence[Entry], printed: PrintedTable = NOTHING_PRINTED, *, ledger: Path | None = None
) -> str:
    """Return tables of training entries, a block for each data split, input size and budget.

    Entries that are no trainings are left out. With a ledger every two networks are compared from their evidence files.

    Raises:
        InputError: If an entry cannot be used.
        ImportError: If there are several seeds, or splits to compare, and SciPy is missing.
    """
    blocks = [arrange(printed, block) for block in group_entries(entries)]
    parts = [_block(block, blocks, printed, ledger) for block in blocks]
    if ledger is not None and (splits := _splits(*compare_splits(blocks, ledger))):
        parts.append(f"### {SPLITS}\n\n{splits}")
    if printed.note and parts:
        parts.append(f"*{_escape(printed.source)}: {_escape(printed.note)}*\n")
    return "\n".join(parts) or "No training run in the ledger.\n"


def differences_markdown(entries: Sequence[Entry], ledger: Path) -> str:
    """Return which differences between networks are shown, for each block of trainings with several networks."""
    blocks = [block for block in group_entries(entries) if len(block.contenders) > 1]
    parts = [[f"{_escape(block.title)}.", "", *_pairs(compare_pairs(block, ledger), block.split)] for block in blocks]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n" if parts else "*One network alone.*\n"


def splits_markdown(entries: Sequence[Entry], ledger: Path) -> str:
    """Return what networks found after trainings on splits that leak differently, on the pictures both held out."""
    return _splits(*compare_splits(group_entries(entries), ledger)) or "*One split alone.*\n"


def _splits(comparisons: Sequence[SplitComparison], problems: Sequence[str]) -> str:
    lines = []
    if comparisons:
        keys = list(comparisons[0].differences)
        headers = ["network", "trained on", "pictures", *(ACCURACIES[key] for key in keys)]
        rows = [
            [
                _escape(one.label),
                f"{_escape(one.first)} − {_escape(one.second)}",
                f"{one.pictures} in {one.groups} groups",
                *(f"{one.values(key)} {one.differences[key].interval}: {_escape(one.verdict(key))}" for key in keys),
            ]
            for one in comparisons
        ]
        lines = [markdown_table(headers, rows), "", NOTE]
    lines += [f"- {_escape(problem)}" for problem in problems]
    return "\n".join(lines) + "\n" if lines else ""


def _block(block: Block, blocks: Sequence[Block], printed: PrintedTable, ledger: Path | None) -> str:
    lines = [f"### {_escape(block.title)}", "", *_table(main_table(block, printed)), ""]
    lines += [f"- {name}: {_escape(content)}" for name, content in block_facts(block)]
    lines += [f"- {_escape(text)}" for text in [*warnings(block, blocks, printed), *run_notes(block)]]
    if ledger is not None and len(block.contenders) > 1:
        lines += ["", *_pairs(compare_pairs(block, ledger), block.split)]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> list[str]:
    lines = [markdown_table(["network", "seeds", *table.columns], map(_row, table.lines))]
    if any(line.quoted for line in table.lines):
        lines += ["", "*In italics: quoted from the paper, not measured here.*"]
    if table.notes:
        lines += ["", *(f"{number}. {_escape(note)}" for number, note in enumerate(table.notes, 1))]
    return lines


def _row(line: Line) -> list[str]:
    face = "*" if line.quoted else ""
    label = f"{face}{_escape(line.label)}{face}" + (f" ({line.mark})" if line.mark else "")
    cells = (f"{face}{cell.text}{face}" if cell.text and face else _cell(cell) for cell in line.cells)
    return [label, line.seeds or "-", *cells]


def _cell(cell: Cell) -> str:
    paper = ", ".join(filter(None, [f"printed {cell.printed}" if cell.printed else "", cell.difference]))
    return (cell.text or "-") + (f" ({paper})" if paper else "")


def _pairs(comparisons: Pairs, split: str) -> list[str]:
    lines = []
    if comparisons.pairs:
        keys = list(comparisons.pairs[0].differences)
        rows = [
            [
                f"{_escape(pair.first)} − {_escape(pair.second)}",
                *(f"{d.text}: {_escape(pair.verdict(key))}" for key, d in pair.differences.items()),
            ]
            for pair in comparisons.pairs
        ]
        lines = [
            f"Difference on the {split} pictures, 95 % interval of {RESAMPLES} paired resamples:",
            "",
            markdown_table(["networks", *(ACCURACIES[key] for key in keys)], rows),
            "",
            comparisons.note,
        ]
    return [*lines, *(f"- {_escape(problem)}" for problem in comparisons.problems)]


def _escape(text: str) -> str:
    """Return text that stays in its table cell and is no markup."""
    for sign in "\\`*_|[]":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.replace("<", "&lt;").replace(">", "&gt;").split())
