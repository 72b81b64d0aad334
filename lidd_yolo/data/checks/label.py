"""What a label file says once it is checked; the same for every format.

Own work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lidd_yolo.data.annotation import Annotation
from lidd_yolo.data.checks.finding import Finding
from lidd_yolo.data.checks.objects import check_objects
from lidd_yolo.data.problems import Problem


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
