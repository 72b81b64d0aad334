"""Write the tables of README and docs from the ledger: between two marker comments stands what the JSONs say.

Own work.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from lidd_yolo.benchmark.ledger import read_ledger
from lidd_yolo.report.certificate_table import certificate_table
from lidd_yolo.report.grouping import Entry
from lidd_yolo.report.ledger_tables import group_table, leak_table, mask_table, result_table
from lidd_yolo.report.markdown import differences_markdown, splits_markdown
from lidd_yolo.report.operator_table import operator_table
from lidd_yolo.report.speed_tables import latency_table, loading_table, predict_table, ratio_table, step_table

_TABLES: dict[str, Callable[[list[Entry]], str]] = {
    "table": result_table,
    "masks": mask_table,
    "steps": step_table,
    "latency": latency_table,
    "ratios": ratio_table,
    "operators": operator_table,
    "predict": predict_table,
    "loading": loading_table,
    "leaks": leak_table,
    "groups": group_table,
    "certificates": certificate_table,
}

_COMPARED: dict[str, Callable[[list[Entry], Path], str]] = {
    "differences": differences_markdown,
    "splits": splits_markdown,
}

_MARKED = re.compile(
    rf"(<!-- (?P<kind>{'|'.join([*_TABLES, *_COMPARED])}): (?P<patterns>[\w.*?\[\] -]+) -->\n)"
    r".*?(<!-- end of (?P=kind) -->)",
    re.DOTALL,
)

_NOTHING = "*Not measured yet.*\n"


def fill(text: str, ledger: Path) -> str:
    """Return a page with every marked table renewed from the ledger; a marker's patterns are those of `read_ledger`."""

    def filled(marked: re.Match[str]) -> str:
        entries = read_ledger(ledger, marked["patterns"])
        if not entries:
            table = _NOTHING
        elif compared := _COMPARED.get(marked["kind"]):
            table = compared(entries, ledger)
        else:
            table = _TABLES[marked["kind"]](entries)
        return f"{marked[1]}{table}{marked[4]}"

    return _MARKED.sub(filled, text)


def write_tables(pages: list[Path], ledger: Path) -> list[Path]:
    """Renew the tables of these pages; returns those that changed."""
    changed = []
    for page in pages:
        before = page.read_text(encoding="utf-8")
        after = fill(before, ledger)
        if after != before:
            page.write_text(after, encoding="utf-8")
            changed.append(page)
    return changed
