"""A whole data set checked: every picture and label file, then what shows only across files.

Own work.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lidd_yolo.data.annotation import MAX_PIXELS
from lidd_yolo.data.checks.classes import unannounced_classes, untrained_classes
from lidd_yolo.data.checks.figures import set_figures
from lidd_yolo.data.checks.finding import Finding
from lidd_yolo.data.checks.folder_labels import open_folder
from lidd_yolo.data.checks.kinds import KINDS
from lidd_yolo.data.checks.label import LabelFacts
from lidd_yolo.data.checks.pair_check import PairFacts, check_pairs
from lidd_yolo.data.checks.pairs import Pair, yolo_pairs
from lidd_yolo.data.checks.picture import PictureFacts
from lidd_yolo.data.checks.repeated import repeated_names, repeated_pictures
from lidd_yolo.data.checks.yolo_labels import check_yolo_labels
from lidd_yolo.data.yolo_set import YoloSet
from lidd_yolo.progress import progress

_MOST_WORKERS = 8


@dataclass(frozen=True)
class SetCheck:
    """What a check has found.

    Args:
        place: Data YAML or folder.
        facts: Every picture and label file.
        findings: What is wrong, in the order of `lidd_yolo.data.checks.kinds.KINDS`, then of files.
        figures: What the set holds, see `lidd_yolo.data.checks.figures.set_figures`.
    """

    place: Path
    facts: tuple[PairFacts, ...]
    findings: tuple[Finding, ...]
    figures: dict[str, Any]

    def counts(self) -> dict[str, int]:
        """Return the number of findings of each kind, the graver kinds first."""
        count = Counter(finding.kind for finding in self.findings)
        return {kind: count[kind] for kind in KINDS if count[kind]}


def check_yolo_set(data: YoloSet, *, max_pixels: int = MAX_PIXELS, workers: int = 0) -> SetCheck:
    """Check a YOLO set.

    Args:
        data: The set.
        max_pixels: Largest number of pixels that a picture may have.
        workers: Number of threads; as many as there are processors, but at most 8, if 0.

    Raises:
        ValueError: If its labels are of key points, whose columns are not known here.
    """
    if data.content.get("kpt_shape"):
        raise ValueError(f"{data.file}: kpt_shape: labels with key points cannot be checked yet")

    def check_label(file: Path, picture: PictureFacts | None) -> LabelFacts:
        return check_yolo_labels(file, data.names, picture.size if picture is not None else None)

    pairs, findings = yolo_pairs(data)
    facts = _facts(pairs, check_label, max_pixels, workers)
    findings += untrained_classes(facts, data.names, data.file)
    return _finished(data.file, facts, findings, data.names)


def check_folder(
    source: Path, kind: str, class_names: Sequence[str] = (), *, max_pixels: int = MAX_PIXELS, workers: int = 0
) -> SetCheck:
    """Check a folder of pictures and annotations of another format.

    Args:
        source: The folder; for COCO perhaps the JSON file.
        kind: One of `lidd_yolo.data.checks.folder_labels.FORMATS`.
        class_names: Classes that may occur, for masks in the order of their values; empty if any may.
        max_pixels: Largest number of pixels that a picture may have.
        workers: As in `check_yolo_set`.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it holds no annotation of that kind.
    """
    folder = open_folder(source, kind, class_names)
    facts = _facts(folder.pairs, folder.check, max_pixels, workers)
    findings = [*folder.findings, *repeated_names(facts, source)]
    return _finished(source, facts, findings, folder.class_names)


def _facts(
    pairs: Sequence[Pair], check: Callable[[Path, PictureFacts | None], LabelFacts], max_pixels: int, workers: int
) -> tuple[PairFacts, ...]:
    checked = partial(check_pairs, pairs, check, max_pixels=max_pixels)
    return tuple(progress(checked(workers=workers or _workers()), len(pairs), "checking"))


def _finished(
    place: Path, facts: tuple[PairFacts, ...], findings: Sequence[Finding], class_names: Sequence[str]
) -> SetCheck:
    """Return the whole result, findings in order."""
    found = [*findings, *(finding for one in facts for finding in one.findings)]
    found += [*repeated_pictures(facts), *unannounced_classes(facts)]
    order = {kind: number for number, kind in enumerate(KINDS)}
    found.sort(key=lambda finding: (order[finding.kind], finding.file))  # stable: lines stay in order
    return SetCheck(place, facts, tuple(found), set_figures(facts, class_names))


def _workers() -> int:
    return min(os.cpu_count() or 1, _MOST_WORKERS)
