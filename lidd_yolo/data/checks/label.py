"""What a label file says once it is checked; the same for every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lidd_yolo.data.checks.crossing import crosses_itself
from lidd_yolo.data.labels.annotation import Annotation, DefectObject
from lidd_yolo.data.labels.kinds import KINDS, kind_of
from lidd_yolo.data.labels.problems import Problem


@dataclass(frozen=True)
class Finding:
    """What is wrong in one place.

    Args:
        kind: Its kind, a key of `lidd_yolo.data.labels.kinds.KINDS`.
        file: The file it was found in.
        where: Place in the file, such as ``line 3`` or ``object 2``; empty for the whole file.
        reason: What is wrong, in one clause.
    """

    kind: str
    file: Path
    where: str
    reason: str

    @classmethod
    def of_reader(cls, problem: Problem) -> Finding:
        """Return a reader's problem as a finding."""
        return cls(kind_of(problem.reason), problem.file, problem.where, problem.reason)

    @property
    def fix(self) -> str:
        """What a person can do about it."""
        return KINDS[self.kind].fix

    def __str__(self) -> str:
        """Return ``file, place: reason; fix``."""
        place = f"{self.file}, {self.where}" if self.where else str(self.file)
        return f"{place}: {self.reason}; {self.fix}"

    def as_dict(self) -> dict[str, str]:
        """Return a form for JSON."""
        return {
            "kind": self.kind,
            "file": str(self.file),
            "where": self.where,
            "reason": self.reason,
            "fix": self.fix,
        }


@dataclass(frozen=True)
class LabelFacts:
    """What is known about one picture's labels.

    Args:
        file: The label file.
        annotation: Its usable objects, None if the file as a whole is unusable.
        places: Place of each object in the file.
        findings: What is wrong.
    """

    file: Path
    annotation: Annotation | None
    places: tuple[str, ...]
    findings: tuple[Finding, ...] = field(default=())


def label_facts(
    file: Path, annotation: Annotation | None, problems: Sequence[Problem], places: Sequence[str]
) -> LabelFacts:
    """Return what a reader found and what the objects show among themselves.

    Args:
        file: The label file.
        annotation: As the reader returned it.
        problems: Likewise.
        places: Every place that may hold an object, in order; those that a problem left out have none.
    """
    findings = [Finding.of_reader(problem) for problem in problems]
    if annotation is None:
        return LabelFacts(file, None, (), tuple(findings))
    lost = {problem.where for problem in problems if not problem.repaired}
    kept = tuple(place for place in places if place not in lost)
    findings += check_objects(annotation, kept, file)
    return LabelFacts(file, annotation, kept, tuple(findings))


SPECK = 4.0
"""Largest area of a box, in square pixels, that is taken for a slip of the pen."""


def check_objects(annotation: Annotation, places: Sequence[str], file: Path) -> Iterator[Finding]:
    """Yield what is wrong.

    Args:
        annotation: The objects.
        places: Place of each object in its file.
        file: File named in the findings.
    """
    seen: dict[object, str] = {}
    boxes: dict[object, tuple[str, str]] = {}
    for item, place in zip(annotation.objects, places, strict=True):
        shape = (item.box, item.polygons)
        if (first := seen.setdefault((item.class_name, shape), place)) != place:
            yield Finding("duplicate", file, place, f"the same object ({item.class_name}) as {first}")
        elif (other := boxes.setdefault(shape, (item.class_name, place)))[0] != item.class_name:
            reason = f"{item.class_name!r}, but {other[1]} calls the same shape {other[0]!r}"
            yield Finding("two-classes", file, place, reason)
        if item.box.width * item.box.height <= SPECK:
            yield Finding("speck", file, place, f"it is {item.box.width:.3g}x{item.box.height:.3g} pixels")
        yield from _crossing(item, annotation, place, file)


def _crossing(item: DefectObject, annotation: Annotation, place: str, file: Path) -> Iterator[Finding]:
    corners = sum(len(ring) for ring in item.polygons)
    if corners < 4:  # a triangle cannot
        return
    # Six decimals of the picture's width are what files usually hold.
    crosses = crosses_itself(item.polygons, 2e-6 * max(annotation.width, annotation.height))
    if crosses is None:
        yield Finding("long-outline", file, place, f"the outline has {corners} corners")
    elif crosses:
        yield Finding("self-crossing", file, place, f"the outline of {corners} corners crosses itself")
