"""Markdown table of export certificates in the ledger: folding and each file, their differences, and the verdict.

Own work. The figures are those of the page (``certificates.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lidd_yolo.report.certificates import COLUMNS, format_lines

_NOTHING = "–"


def certificate_table(entries: list[dict[str, Any]]) -> str:
    """Return a Markdown table of certificates that ``lidd bench certificate`` put into the ledger.

    Args:
        entries: Ledger entries whose ``results`` are certificates.
    """
    columns = ("certificate", "form", "verdict", *COLUMNS, "largest loss of recall")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(row)} |" for entry in entries for row in _rows(entry)]
    return "\n\n".join(["\n".join(lines), *(_basis(entry) for entry in entries)]) + "\n"


def _rows(entry: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    content = entry["results"]
    for line in format_lines(content):
        figures = (text for text, _ in line.figures)
        verdict = "passed" if line.passed else "**failed**"
        yield entry["name"], line.name, verdict, *figures, _lost(content["formats"].get(line.name, {}))


def _lost(form: dict[str, Any]) -> str:
    """Return the largest loss of recall over the classes, of boxes and of masks."""
    recalls = {**form.get("recall", {}), **{f"masks of {c}": r for c, r in form.get("mask_recall", {}).items()}}
    if not recalls:
        return _NOTHING
    name, (trained, exported) = max(recalls.items(), key=lambda held: held[1][0] - held[1][1])
    return f"{trained - exported:.3f}".replace("-", "−") + f" ({name})"


def _basis(entry: dict[str, Any]) -> str:
    weights = entry["results"]["weights"]
    form: dict[str, Any] = next(iter(entry["results"]["formats"].values()), {})
    data, versions = form.get("data") or {}, form.get("versions") or {}
    told = f"{len(data['pictures'])} pictures of {data['split']} of {data['file']}; " if data else ""
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{entry['name']}: weights {weights['sha256'][:12]}; {told}{entry['machine']['processor']}; {named}."
