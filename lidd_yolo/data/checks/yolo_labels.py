"""One YOLO label file: what its reader reports, and what a line does beside the others.

A byte that is no text costs its line, not the file.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lidd_yolo.data.checks.label import Finding, LabelFacts, label_facts
from lidd_yolo.data.formats.yolo import parse_yolo

MAX_BYTES = 20_000_000
"""Largest label file that is read."""

_UNKNOWN = (1, 1)
_SLACK = 0.001
"""Part of the picture by which rounded numbers may reach over its edge; half a pixel in large pictures."""


def check_yolo_labels(file: Path, class_names: Sequence[str], size: tuple[int, int] | None) -> LabelFacts:
    """Check one label file.

    Args:
        file: The text file.
        class_names: Names in the order of their class numbers.
        size: Width and height of the picture in pixels; None if it is unknown.
    """
    try:
        text, findings = read_label_text(file)
    except (OSError, ValueError) as error:
        return LabelFacts(file, None, (), (Finding("label-unreadable", file, "", f"it cannot be read ({error})"),))
    lines = text.splitlines()
    annotation, problems = parse_yolo(text, class_names, size or _UNKNOWN, file=file, image=file.stem)
    places = [f"line {number}" for number, line in enumerate(lines, start=1) if line.strip()]
    facts = label_facts(file, annotation, problems, places)
    found = [finding for finding in facts.findings if not _only_rounded(finding, lines, size or _UNKNOWN)]
    if size is None:
        found = [replace(f, reason=f.reason.replace("the 1x1 picture", "its picture")) for f in found]
        found = [finding for finding in found if finding.kind != "speck"]
    return replace(facts, findings=(*findings, *found, *_mixed(file, lines, facts)))


def read_label_text(file: Path) -> tuple[str, list[Finding]]:
    """Return the text of a label file, what is no text replaced by U+FFFD, and its encoding if that is the wrong one.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is too large for a label file.
    """
    if (length := file.stat().st_size) > MAX_BYTES:
        raise ValueError(f"{length} bytes, more than {MAX_BYTES}")
    data = file.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" in data:
        reason = "it is UTF-16, which training cannot read"
        return data.decode("utf-16", errors="replace"), [Finding("label-encoding", file, "", reason)]
    return data.decode("utf-8-sig", errors="replace"), []


def line_number(place: str) -> int:
    """Return the number of a place such as ``line 3``."""
    return int(place.removeprefix("line "))


def _only_rounded(finding: Finding, lines: Sequence[str], size: tuple[int, int]) -> bool:
    """Return whether a shape reaches over the edge by no more than the rounding of its numbers."""
    if finding.kind != "over-edge":
        return False
    values = [float(field) for field in lines[line_number(finding.where) - 1].split()[1:]]
    if len(values) == 4:
        cx, cy, w, h = values
        values = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
    slack = [min(_SLACK, 0.5 / length) if size != _UNKNOWN else _SLACK for length in size]
    return all(-slack[k % 2] <= value <= 1 + slack[k % 2] for k, value in enumerate(values))


def _mixed(file: Path, lines: Sequence[str], facts: LabelFacts) -> Iterator[Finding]:
    """Yield the boxes of a file that holds outlines: training would take each for an outline of two corners."""
    objects = facts.annotation.objects if facts.annotation is not None else ()
    if not any(len(line.split()) > 6 for line in lines):
        return
    for item, place in zip(objects, facts.places, strict=True):
        if not item.polygons:
            reason = "a box, or an outline of two corners, in a file of outlines; training takes it for the latter"
            yield Finding("mixed", file, place, reason)
