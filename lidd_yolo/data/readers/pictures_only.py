"""A data set without the files that are no pictures, so that no command copies what a list of a stranger names.

Origin: our own; no paper.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.pictures.header import picture_format
from lidd_yolo.data.readers.data_yaml import YoloSet

_HEAD = 64  # bytes, more than any format needs to announce itself


def pictures_only(data: YoloSet) -> tuple[YoloSet, list[Problem]]:
    """Return the set without what cannot be opened or does not begin as a picture does, and what that is."""
    problems = [problem for problem in data.problems if problem.kind == Kind.PICTURE_PASSED_OVER]
    kept: dict[str, tuple[Path, ...]] = {}
    for split, pictures in data.pictures.items():
        reasons = {picture: why_no_picture(picture) for picture in pictures}
        kept[split] = tuple(picture for picture, reason in reasons.items() if not reason)
        unreadable = [(picture, reason) for picture, reason in reasons.items() if reason]
        problems += [Problem(one, Kind.PICTURE_UNREADABLE, reason, "picture left out") for one, reason in unreadable]
    return replace(data, pictures=kept), problems


def why_no_picture(file: Path) -> str:
    """Return why a file is no picture; empty if its first bytes are of one."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return "" if picture_format(head) else "its bytes are of no picture format that is known here"
