"""Markdown report: for each block its table, what it rests on, and which differences are shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.report.blocks import Block, Entry, group_entries
from lidd_yolo.report.bootstrap import RESAMPLES
from lidd_yolo.report.comparisons import Comparison, Pairs, compare_pairs
from lidd_yolo.report.figures import ACCURACIES, arrange
from lidd_yolo.report.footnotes import block_facts, run_notes, warnings
from lidd_yolo.report.leak_worth import NOTE, SPLITS, SplitComparison, compare_splits
from lidd_yolo.report.table import Cell, Line, Table, result_lines, signed
from lidd_yolo.results.plan_file import NOTHING_PRINTED, PrintedTable


def report_markdown(
    entries: Sequence[Entry], printed: PrintedTable = NOTHING_PRINTED, *, ledger: Path | None = None
) -> str:
    """Return tables of training entries, a block for each data split, input size and budget.

    Args:
        entries: Ledger entries; those that are no trainings are left out.
        printed: Printed figures and quoted rows of a plan.
        ledger: Folder of the entries; with it every two networks are compared from their evidence files.

    Raises:
        ValueError: If an entry cannot be used.
        ImportError: If there are several seeds, or splits to compare, and SciPy is missing.
    """
    blocks = [arrange(printed, block) for block in group_entries(entries)]
    parts = [_block(block, blocks, printed, ledger) for block in blocks]
    if ledger is not None and (told := _splits(*compare_splits(blocks, ledger))):
        parts.append(f"### {SPLITS}\n\n{told}")
    if printed.note and parts:
        parts.append(f"*{_escape(printed.source)}: {_escape(printed.note)}*\n")
    return "\n".join(parts) or "No training run in the ledger.\n"


def differences_markdown(entries: Sequence[Entry], ledger: Path) -> str:
    """Return which differences between networks are shown, for each block of entries with several networks.

    Args:
        entries: Ledger entries; those that are no trainings are left out.
        ledger: Folder of the entries and their evidence files.
    """
    blocks = [block for block in group_entries(entries) if len(block.contenders) > 1]
    parts = [[f"{_escape(block.title)}.", "", *_pairs(compare_pairs(block, ledger), block.split)] for block in blocks]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n" if parts else "*One network alone.*\n"


def splits_markdown(entries: Sequence[Entry], ledger: Path) -> str:
    """Return what networks found after trainings on splits that leak differently, on the pictures both held out.

    Args:
        entries: Ledger entries; those that are no trainings are left out.
        ledger: Folder of the entries and their evidence files.
    """
    return _splits(*compare_splits(group_entries(entries), ledger)) or "*One split alone.*\n"


def _splits(found: Sequence[SplitComparison], problems: Sequence[str]) -> str:
    lines = []
    if found:
        keys = list(found[0].differences)
        headings = ["network", "trained on", "pictures", *(ACCURACIES[key] for key in keys)]
        lines += [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
        for one in found:
            cells = (f"{one.values(key)} {one.interval(key)}: {_escape(one.verdict(key))}" for key in keys)
            trained = f"{_escape(one.first)} − {_escape(one.second)}"
            held = f"{one.pictures} in {one.groups} groups"
            lines.append(f"| {_escape(one.label)} | {trained} | {held} | {' | '.join(cells)} |")
        lines += ["", NOTE]
    lines += [f"- {_escape(problem)}" for problem in problems]
    return "\n".join(lines) + "\n" if lines else ""


def _block(block: Block, blocks: Sequence[Block], printed: PrintedTable, ledger: Path | None) -> str:
    lines = [f"### {_escape(block.title)}", "", *_table(result_lines(block, printed)), ""]
    lines += [f"- {name}: {_escape(content)}" for name, content in block_facts(block)]
    lines += [f"- {_escape(told)}" for told in [*warnings(block, blocks, printed), *run_notes(block)]]
    if ledger is not None and len(block.contenders) > 1:
        lines += ["", *_pairs(compare_pairs(block, ledger), block.split)]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> list[str]:
    lines = ["| network | seeds | " + " | ".join(table.columns) + " |", "|---" * (len(table.columns) + 2) + "|"]
    lines += [_line(line) for line in table.lines]
    if any(line.quoted for line in table.lines):
        lines += ["", "*In italics: quoted from the paper, not measured here.*"]
    if table.notes:
        lines += ["", *(f"{number}. {_escape(note)}" for number, note in enumerate(table.notes, 1))]
    return lines


def _line(line: Line) -> str:
    face = "*" if line.quoted else ""
    label = f"{face}{_escape(line.label)}{face}" + (f" ({line.mark})" if line.mark else "")
    cells = (f"{face}{cell.text}{face}" if cell.text and face else _cell(cell) for cell in line.cells)
    return f"| {label} | {line.seeds or '-'} | {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    told = ", ".join(filter(None, [f"printed {cell.printed}" if cell.printed else "", cell.difference]))
    return (cell.text or "-") + (f" ({told})" if told else "")


def _pairs(found: Pairs, split: str) -> list[str]:
    lines = []
    if found.pairs:
        keys = list(found.pairs[0].differences)
        lines += [
            f"Difference on the {split} pictures, 95 % interval of {RESAMPLES} paired resamples:",
            "",
            "| networks | " + " | ".join(ACCURACIES[key] for key in keys) + " |",
            "|---" * (len(keys) + 1) + "|",
            *(_pair(pair) for pair in found.pairs),
            "",
            found.note,
        ]
    return [*lines, *(f"- {_escape(problem)}" for problem in found.problems)]


def _pair(pair: Comparison) -> str:
    cells = (
        f"{signed(d.value)} ({signed(d.low)} to {signed(d.high)}): {_escape(pair.verdict(key))}"
        for key, d in pair.differences.items()
    )
    return f"| {_escape(pair.first)} − {_escape(pair.second)} | {' | '.join(cells)} |"


def _escape(text: str) -> str:
    """Return text that stays in its table cell and is no markup."""
    for sign in "\\`*_|<>[]":
        text = text.replace(sign, f"\\{sign}" if sign not in "<>" else {"<": "&lt;", ">": "&gt;"}[sign])
    return " ".join(text.split())
