"""YOLO data set on disk: pictures, labels, ``data.yaml`` and ``split.json``, complete or not at all.

Layout: Ultralytics, "Object Detection Datasets Overview". Adds ``split.json``, which says how the split was made and
holds hashes to name it by in results.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.data.formats.yolo import write_yolo
from lidd_yolo.data.groups.digest import digest, group_digest, split_digest
from lidd_yolo.data.groups.groups_file import REPORT
from lidd_yolo.data.groups.links import leak_share
from lidd_yolo.data.labels.problems import Problem
from lidd_yolo.data.releases.samples import Sample
from lidd_yolo.files import all_or_nothing


@dataclass(frozen=True)
class Conversion:
    """What a conversion has made.

    Args:
        target: Folder of the data set.
        report: Content of its ``split.json``.
        problems: Everything that was wrong in the release.
    """

    target: Path
    report: dict[str, Any]
    problems: list[Problem]


def describe(
    samples: Sequence[Sample],
    split: Mapping[str, Sequence[int]],
    groups: Sequence[int],
    class_names: Sequence[str],
    *,
    segments: bool = False,
) -> dict[str, Any]:
    """Return the figures and hashes of a split for ``split.json``.

    Args:
        samples: All pictures.
        split: Indices of the pictures on each side; one side is ``train``.
        groups: Group number of each picture.
        class_names: Names in the order of their class numbers.
        segments: Whether the labels hold outlines.
    """
    names = [sample.name for sample in samples]
    side_of = {names[index]: side for side, part in split.items() for index in part}
    sizes = sorted(Counter(groups).values(), reverse=True)
    return {
        "images": {side: len(part) for side, part in split.items()},
        "boxes": {side: _boxes([samples[index] for index in part], class_names) for side, part in split.items()},
        "groups": {"count": len(sizes), "largest": sizes[0], "sizes": dict(sorted(Counter(sizes).items()))},
        "leak": {side: round(leak_share(split, groups, side), 4) for side in split if side != "train"},
        "group_sha256": group_digest(names, groups),
        "split_sha256": split_digest({side: [names[index] for index in part] for side, part in split.items()}),
        "data_sha256": digest(
            part
            for sample in sorted(samples, key=lambda s: s.name)
            for part in (sample.name, sample.data, write_yolo(sample.annotation, class_names, segments=segments))
        ),
        "pictures": {name: {"split": side_of[name], "group": group} for name, group in zip(names, groups, strict=True)},
    }


def write_dataset(
    target: Path,
    samples: Sequence[Sample],
    split: Mapping[str, Sequence[int]],
    class_names: Sequence[str],
    report: Mapping[str, Any],
    *,
    segments: bool = False,
    further: Mapping[str, Any] | None = None,
) -> None:
    """Write the data set beside ``target`` and move it there when it is complete.

    Args:
        target: Folder to make; replaced if it exists, see `check_target`.
        samples: All pictures; their bytes are written unchanged.
        split: Indices of the pictures on each side.
        class_names: Names in the order of their class numbers.
        report: Content of ``split.json``.
        segments: Whether the labels hold outlines.
        further: Content of further JSON files, by their names.
    """
    with all_or_nothing(target) as folder:
        for side, part in split.items():
            images, labels = folder / "images" / side, folder / "labels" / side
            images.mkdir(parents=True)
            labels.mkdir(parents=True)
            for sample in (samples[index] for index in part):
                (images / sample.name).write_bytes(sample.data)
                text = write_yolo(sample.annotation, class_names, segments=segments)
                (labels / f"{Path(sample.name).stem}.txt").write_text(text, encoding="utf-8")
        sides = {side: f"images/{side}" for side in split}
        data = yaml.safe_dump({**sides, "names": dict(enumerate(class_names))}, sort_keys=False)
        (folder / "data.yaml").write_text(data, encoding="utf-8")
        for name, content in {REPORT: report, **(further or {})}.items():
            (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _boxes(samples: Sequence[Sample], class_names: Sequence[str]) -> dict[str, int]:
    """Return the number of boxes of each class."""
    count = Counter(item.class_name for sample in samples for item in sample.annotation.objects)
    return {name: count[name] for name in class_names}
