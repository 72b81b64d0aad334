"""Result of a check as text for the screen: how many of what, where the first are, what the set holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lidd_yolo.data.checks.across import CELL
from lidd_yolo.data.checks.set_check import SetCheck
from lidd_yolo.data.labels.problems import Kind, Problem

SHOWN = 20
"""Findings listed on the screen; all of them are in the JSON."""


def check_text(done: SetCheck) -> str:
    """Return the text."""
    lines = [done.summary(), ""]
    counts = done.counts()
    width = len(str(max(counts.values(), default=0)))
    lines += [f"  {counts[kind]:{width}}  {kind.heading}  [{kind.value}]" for kind in Kind if kind in counts]
    if done.findings:
        lines += ["", f"{SHOWN} of them, the first of each kind:" if len(done.findings) > SHOWN else "In full:"]
        lines += [f"  {finding.as_finding()}" for finding in _examples(done.findings)]
        rest = len(done.findings) - SHOWN
        lines += [f"  and {rest} more; --json gives all of them"] if rest > 0 else []
        lines.append("")
    lines += [*_table(done.figures), *_sizes(done.figures), ""]
    if done.place.suffix in {".yaml", ".yml"}:
        lines.append(f"Crops, turned or saved-again copies of one picture: lidd data groups {done.place}")
    else:
        lines.append("A YOLO set of it, for --fix and for `lidd data groups`: lidd data convert")
    return "\n".join(lines)


def _examples(findings: Sequence[Problem]) -> list[Problem]:
    """Return the first findings, every kind with its share, in the order they have."""
    count: Counter[Kind] = Counter()
    turns = []
    for place, finding in enumerate(findings):
        count[finding.kind] += 1
        turns.append((count[finding.kind], place))
    # the first of every kind, then the second ...
    return [findings[place] for place in sorted(place for _, place in sorted(turns)[:SHOWN])]


def _table(figures: dict[str, Any]) -> list[str]:
    """Return pictures and objects of each class, one column a split."""
    splits = list(figures["pictures"])
    counts = {"pictures": figures["pictures"], "without objects": figures["without_objects"]}
    counted = [*counts.items(), *figures["objects"].items()]
    rows = [["", *splits], *([name, *(str(count[split]) for split in splits)] for name, count in counted)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
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
