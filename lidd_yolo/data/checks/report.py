"""Result of a check as text for the screen: how many of what, where the first are, what the set holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lidd_yolo.data.checks.label import Finding
from lidd_yolo.data.checks.set_check import CELL, SetCheck
from lidd_yolo.data.labels.kinds import KINDS

SHOWN = 20
"""Findings listed on the screen; all of them are in the JSON."""


def check_text(done: SetCheck) -> str:
    """Return the text."""
    figures = done.figures
    pictures, objects = sum(figures["pictures"].values()), _sum(figures["objects"])
    files = len({finding.file for finding in done.findings})
    told = f"{_many(len(done.findings), 'finding')} in {_many(files, 'file')}"
    verdict = told if done.findings else "nothing found"
    lines = [f"{done.place}: {_many(pictures, 'picture')}, {_many(objects, 'object')}; {verdict}", ""]
    counts = done.counts()
    width = len(str(max(counts.values(), default=0)))
    lines += [f"  {count:{width}}  {KINDS[kind].title}  [{kind}]" for kind, count in counts.items()]
    if done.findings:
        lines += ["", f"{SHOWN} of them, the first of each kind:" if len(done.findings) > SHOWN else "In full:"]
        lines += [f"  {finding}" for finding in _examples(done.findings)]
        rest = len(done.findings) - SHOWN
        lines += [f"  and {rest} more; --json gives all of them"] if rest > 0 else []
        lines.append("")
    lines += [*_table(figures), *_sizes(figures), ""]
    if done.place.suffix in {".yaml", ".yml"}:
        lines.append(f"Crops, turned or saved-again copies of one picture: lidd data groups {done.place}")
    else:
        lines.append("A YOLO set of it, for --fix and for `lidd data groups`: lidd data convert")
    return "\n".join(lines)


def check_json(done: SetCheck) -> dict[str, Any]:
    """Return everything, fit for JSON."""
    return {
        "data": str(done.place),
        "counts": done.counts(),
        "findings": [finding.as_dict() for finding in done.findings],
        "figures": done.figures,
    }


def _examples(findings: Sequence[Finding]) -> list[Finding]:
    """Return the first findings, every kind with its share, in the order they have."""
    seen: Counter[str] = Counter()
    turn = []
    for finding in findings:
        seen[finding.kind] += 1
        turn.append(seen[finding.kind])
    # the first of every kind, then the second ...
    first = sorted(range(len(findings)), key=turn.__getitem__)[:SHOWN]
    return [findings[place] for place in sorted(first)]


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _sum(objects: dict[str, dict[str, int]]) -> int:
    return sum(count for of_class in objects.values() for count in of_class.values())


def _table(figures: dict[str, Any]) -> list[str]:
    """Return pictures and objects of each class, one column a split."""
    splits = list(figures["pictures"])
    rows = [["", *splits]]
    rows.append(["pictures", *(str(figures["pictures"][split]) for split in splits)])
    rows.append(["without objects", *(str(figures["without_objects"][split]) for split in splits)])
    rows += [[name, *(str(count[split]) for split in splits)] for name, count in figures["objects"].items()]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in rows
    ]


def _sizes(figures: dict[str, Any]) -> list[str]:
    """Return sizes of pictures and boxes, and the size to train at."""
    sizes = ", ".join(f"{size} ({count})" for size, count in list(figures["picture_sizes"].items())[:5])
    lines = ["", f"Sizes of pictures: {sizes or 'unknown'}."]
    if figures["difficult"]:
        lines.append(f"{figures['difficult']} objects are marked as difficult.")
    boxes = figures["boxes"]
    if boxes:
        sides = boxes["side_quantiles"]
        lines += [
            f"Boxes, square root of the area: half above {sides['0.5']} pixels, nine in ten from {sides['0.05']} to "
            f"{sides['0.95']}; {100 * boxes['small_share']:.0f} % smaller than 32x32, "
            f"{100 * boxes['elongated_share']:.0f} % more than four times as long as wide.",
            f"Suggested imgsz={boxes['suggested_imgsz']}: the shorter sides of 95 % of the objects are "
            f"{boxes['shorter_side_5_percent']} pixels or more, and should be {CELL} at least.",
        ]
    return lines
