"""A folder of pictures and annotations that is no YOLO set, and how its annotations are checked.

Own work; what Pascal VOC, labelme, masks and COCO have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lidd_yolo.data.checks.finding import Finding
from lidd_yolo.data.checks.label import LabelFacts
from lidd_yolo.data.checks.pairs import Pair
from lidd_yolo.data.checks.picture import PictureFacts

Check = Callable[[Path, PictureFacts | None], LabelFacts]
"""Checks a label file, given what is known about its picture."""


@dataclass(frozen=True)
class Folder:
    """A folder of pictures and annotations.

    Args:
        pairs: Every picture with its annotation file.
        check: Checks one annotation.
        findings: What is wrong with the whole, or alone.
        class_names: Its classes, where they are stated.
    """

    pairs: list[Pair]
    check: Check
    findings: list[Finding]
    class_names: tuple[str, ...]


def with_known_classes(check: Check, names: tuple[str, ...]) -> Check:
    """Return a check that also reports classes other than ``names``; the same one if there are no names.

    Args:
        check: The check of one annotation.
        names: Classes that may occur; empty if any may.
    """
    if not names:
        return check

    def checked(file: Path, picture: PictureFacts | None) -> LabelFacts:
        facts = check(file, picture)
        objects = facts.annotation.objects if facts.annotation is not None else ()
        wrong = [
            Finding("class-name", file, place, f"class {item.class_name!r} is none of {', '.join(names)}")
            for item, place in zip(objects, facts.places, strict=True)
            if item.class_name not in names
        ]
        return LabelFacts(file, facts.annotation, facts.places, (*facts.findings, *wrong))

    return checked
