"""A whole data set checked: every picture and label file, then what shows only across files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lidd_yolo.data.checks.across import repeated_names, repeated_pictures, unannounced_classes, untrained_classes
from lidd_yolo.data.checks.folder_labels import open_folder
from lidd_yolo.data.checks.label import Finding, LabelFacts
from lidd_yolo.data.checks.pairs import Pair, PairFacts, check_pairs, yolo_pairs
from lidd_yolo.data.checks.picture import PictureFacts
from lidd_yolo.data.checks.yolo_labels import check_yolo_labels
from lidd_yolo.data.labels.annotation import MAX_PIXELS
from lidd_yolo.data.labels.kinds import KINDS
from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.progress import progress

_MOST_WORKERS = 8


@dataclass(frozen=True)
class SetCheck:
    """What a check has found.

    Args:
        place: Data YAML or folder.
        facts: Every picture and label file.
        findings: What is wrong, in the order of `lidd_yolo.data.labels.kinds.KINDS`, then of files.
        figures: What the set holds, see `lidd_yolo.data.checks.set_check.set_figures`.
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


CELL = 8
"""Side of the finest grid's cells, in pixels."""
_STEP = 32
_KEPT, _MOST = 640, 1280
_SMALL, _LARGE = 32**2, 96**2  # COCO's bounds


def set_figures(facts: Sequence[PairFacts], class_names: Sequence[str]) -> dict[str, Any]:
    """Return the figures of a data set, fit for JSON.

    Args:
        facts: All pictures.
        class_names: Classes in order; those that occur, in alphabetical order, if empty.
    """
    with_picture = [one for one in facts if one.pair.picture is not None]
    names = list(class_names) or sorted({item.class_name for one in with_picture for item in one.objects})
    splits = list(dict.fromkeys(one.pair.split for one in with_picture))
    sizes = Counter(one.size for one in with_picture if one.usable and one.size is not None)
    return {
        "pictures": {split: sum(one.pair.split == split for one in with_picture) for split in splits},
        "without_objects": {split: _empty(with_picture, split) for split in splits},
        "objects": _objects(with_picture, names, splits),
        "difficult": sum(item.difficult for one in with_picture for item in one.objects),
        "picture_sizes": {f"{w}x{h}": count for (w, h), count in sizes.most_common(10)},
        "boxes": _boxes(with_picture),
    }


def suggested_size(longest: float, shortest_object: float) -> int:
    """Return the size to train at, a multiple of 32 pixels.

    Args:
        longest: Longer side of a typical picture, in pixels.
        shortest_object: Side that should become at least `CELL` pixels, in pixels of the picture.
    """
    wanted = longest * CELL / max(shortest_object, 1e-6)
    return int(np.ceil(min(max(wanted, min(longest, _KEPT)), _MOST) / _STEP) * _STEP)


def _empty(facts: Sequence[PairFacts], split: str) -> int:
    return sum(one.pair.split == split and not one.objects for one in facts)


def _objects(facts: Sequence[PairFacts], names: Sequence[str], splits: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the number of objects of each class in each split."""
    count = Counter((item.class_name, one.pair.split) for one in facts for item in one.objects)
    return {name: {split: count[name, split] for split in splits} for name in names}


def _boxes(facts: Sequence[PairFacts]) -> dict[str, Any]:
    """Return sizes of the boxes in pixels, and the size to train at; empty without boxes in usable pictures."""
    sided = [one for one in facts if one.usable and one.size is not None]
    boxes = np.array([(item.width, item.height) for one in sided for item in one.objects])
    if not len(boxes):
        return {}
    areas, shorter = boxes.prod(axis=1), boxes.min(axis=1)
    longest = float(np.median([max(one.size) for one in sided if one.size is not None]))
    small = float(np.quantile(shorter, 0.05))
    wide = (boxes.max(axis=1) / np.maximum(shorter, 1e-6)) > 4
    return {
        "side_quantiles": {f"{q:g}": round(float(np.quantile(np.sqrt(areas), q)), 1) for q in (0, 0.05, 0.5, 0.95, 1)},
        "small_share": round(float((areas < _SMALL).mean()), 4),
        "large_share": round(float((areas >= _LARGE).mean()), 4),
        "elongated_share": round(float(wide.mean()), 4),
        "shorter_side_5_percent": round(small, 1),
        "suggested_imgsz": suggested_size(longest, small),
    }
