"""Beside which network a printed row stands, and in which order and under which names the networks are shown.

Own work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lidd_yolo.benchmark.printed import PrintedRow, PrintedTable
from lidd_yolo.report.figures import accuracy
from lidd_yolo.report.grouping import Block, Contender


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
    found = [row_of(printed, contender) for contender in block.contenders]
    renamed = (
        (row, replace(contender, label=row.label) if row and _nameless(contender, row, found) else contender)
        for contender, row in zip(block.contenders, found, strict=True)
    )

    def place(pair: tuple[PrintedRow | None, Contender]) -> tuple[int, float]:
        reached = accuracy(pair[1], block.split, "map")
        return printed.models.index(pair[0]) if pair[0] else len(printed.models), -reached.mean if reached else 0.0

    ordered = sorted(renamed, key=place)
    return replace(block, contenders=tuple(contender for _, contender in ordered))


def _nameless(contender: Contender, row: PrintedRow, rows: Sequence[PrintedRow | None]) -> bool:
    """Return whether a network may bear its row's name: it has none of its own and is the only one of the row."""
    return "label" not in contender.entries[0] and rows.count(row) == 1
