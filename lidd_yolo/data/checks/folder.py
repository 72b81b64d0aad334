"""A folder of pictures and annotations that is no YOLO set, and how its annotations are checked.

What Pascal VOC, labelme, masks and COCO have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from lidd_yolo.data.checks.label import Finding, LabelFacts, label_facts
from lidd_yolo.data.checks.pairs import Pair
from lidd_yolo.data.checks.picture import PictureFacts
from lidd_yolo.data.formats.voc import read_voc

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

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


def check_voc_labels(file: Path, picture: PictureFacts | None) -> LabelFacts:
    """Check one XML file.

    Args:
        file: The XML file.
        picture: Its picture, None if there is none.
    """
    annotation, problems = read_voc(file, picture.size if picture is not None else None)
    try:
        root: Any = parse(file, forbid_dtd=True).getroot()
    except (ParseError, DefusedXmlException, OSError, ValueError, LookupError):
        return label_facts(file, annotation, problems, ())  # the reader has said it
    places = [f"object {number}" for number, _ in enumerate(root.iter("object"), start=1)]
    facts = label_facts(file, annotation, problems, places)
    if annotation is None:
        return facts
    found = (*facts.findings, *_filename(file, root, picture), *_depth(file, root, picture))
    return LabelFacts(file, annotation, facts.places, found)


def leads_out(name: str) -> bool:
    """Return whether a file name in an annotation leads out of the folder of the pictures."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or name[1:2] == ":"


def _filename(file: Path, root: Element, picture: PictureFacts | None) -> Iterator[Finding]:
    stated = (root.findtext("filename") or "").strip()
    if leads_out(stated):
        yield Finding("path-traversal", file, "<filename>", f"{stated!r} leads out of the folder of the pictures")
    elif picture is not None and stated and stated != picture.path.name:
        reason = f"it says {stated!r}, its picture is {picture.path.name!r}"
        yield Finding("wrong-filename", file, "<filename>", reason)


def _depth(file: Path, root: Element, picture: PictureFacts | None) -> Iterator[Finding]:
    stated = (root.findtext("size/depth") or "").strip()
    if picture is not None and picture.channels and stated and stated != str(picture.channels):
        yield Finding("wrong-depth", file, "<size>", f"it says {stated} channels, its picture has {picture.channels}")
