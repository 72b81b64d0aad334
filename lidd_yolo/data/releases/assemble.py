"""From the samples of a release to a YOLO data set: groups, split, figures, files, complete or not at all.

What all releases have in common, so that their figures mean the same. Layout: Ultralytics, "Object Detection Datasets
Overview". Adds ``split.json``, which says how the split was made and holds hashes to name it by in results, and perhaps
lists of shares of the training pictures.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from lidd_yolo.data.enlarge.data_set import Copies, enlargement_figures
from lidd_yolo.data.formats.yolo import write_yolo
from lidd_yolo.data.groups.digest import digest
from lidd_yolo.data.groups.families import ENLARGED
from lidd_yolo.data.groups.links import group_numbers
from lidd_yolo.data.groups.overlap import LIMITS, find_overlaps
from lidd_yolo.data.groups.picture_groups import PictureGroups
from lidd_yolo.data.labels.problems import Problem
from lidd_yolo.data.releases.samples import Sample, enlarge_samples, place_copies
from lidd_yolo.data.splits.division import divide, shortfalls
from lidd_yolo.data.splits.lists import check_target
from lidd_yolo.data.splits.report import SplitReport
from lidd_yolo.data.splits.search import split_random
from lidd_yolo.data.splits.training_shares import list_name, taken_apart, training_shares
from lidd_yolo.errors import InputError
from lidd_yolo.files import all_or_nothing

_RANDOM = ("paper", "random")


@dataclass(frozen=True)
class Conversion:
    """What a conversion has made: folder, content of its ``split.json``, and what was wrong in the release."""

    target: Path
    report: SplitReport
    problems: list[Problem]


@dataclass(frozen=True)
class Plan:
    """What data set to make.

    Args:
        dataset: Its name, as ``lidd data`` calls it.
        class_names: Names in the order of their class numbers.
        protocol: ``paper`` and ``random`` draw at random; any other keeps pictures of one spot together.
        ratios: Share of the pictures on each side, ``train`` among them, summing to 1.
        seed: Seed of the split.
        segments: Whether to write outlines; then the combination of classes in a picture is balanced as well.
        facts: Further entries of ``split.json``.
        times: Pictures for each original, itself included, before they are split; 1 for no copies.
        shares: Shares of the training groups, in percent and rising, to list; for groups found in the pictures.
    """

    dataset: str
    class_names: tuple[str, ...]
    protocol: str
    ratios: Mapping[str, float]
    seed: int
    segments: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    times: int = 1
    shares: tuple[int, ...] = ()


def check_request(protocol: str, known: Mapping[str, Any], seed: int, target: Path, *, overwrite: bool) -> None:
    """Refuse a protocol that a data set does not have, a negative seed and a target as `check_target` does."""
    if protocol not in known:
        raise InputError(f"no protocol {protocol!r}; there are {', '.join(known)}")
    if seed < 0:
        raise InputError(f"the seed cannot be negative, got {seed}")
    check_target(target, overwrite=overwrite)


def assemble(
    target: Path,
    plan: Plan,
    samples: Sequence[Sample],
    problems: list[Problem],
    fixed: Mapping[str, Sequence[int]] | None = None,
    groups: Sequence[int] | None = None,
) -> Conversion:
    """Group and split the samples and write the data set.

    ``problems`` are those of the release. ``fixed`` holds the indices of the samples on sides that are given;
    ``plan.ratios`` divide the others. ``groups`` is the group number of each sample where something better than the
    pictures says it.
    """
    rule = LIMITS if groups is None else {}
    links: list[tuple[int, int]] = []
    if groups is None:
        links = [(pair.first, pair.second) for pair in find_overlaps([sample.gray for sample in samples])]
        groups = group_numbers(len(samples), links)
    copies: Copies = {}
    if plan.times > 1:
        samples, groups, copies = enlarge_samples(samples, groups, plan.times, plan.seed)
    split, off = _split(plan, samples, groups, fixed or {})
    sides = {side: [samples[index].name for index in part] for side, part in split.items()}
    record = place_copies(copies, sides, plan.times, plan.seed) if copies else {}
    report = describe_release(
        plan,
        samples,
        split,
        groups,
        overlap=rule,
        shortfalls=off,
        enlarged=enlargement_figures(record) if record else None,
        problems=[problem.as_dict() for problem in problems],
    )
    lists = _training_lists(plan, samples, split["train"], groups, links)
    write_release(target, plan, samples, split, report, record=record, lists=lists)
    return Conversion(target, report, problems)


def describe_release(
    plan: Plan, samples: Sequence[Sample], split: Mapping[str, Sequence[int]], groups: Sequence[int], **entries: Any
) -> SplitReport:
    """Return the content of ``split.json``; ``entries`` are the fields that are not worked out from the others.

    ``split`` holds the indices of the samples on each side, ``groups`` the group number of each sample.
    """
    names = tuple(sample.name for sample in samples)
    return SplitReport.of(
        PictureGroups(names, tuple(groups)),
        {side: [names[index] for index in part] for side, part in split.items()},
        dataset=plan.dataset,
        protocol=plan.protocol,
        seed=plan.seed,
        ratios=dict(plan.ratios),
        boxes={side: _boxes([samples[index] for index in part], plan.class_names) for side, part in split.items()},
        data_sha256=digest(
            part
            for sample in sorted(samples, key=lambda s: s.name)
            for part in (sample.name, sample.data, _label_text(sample, plan))
        ),
        facts=plan.facts,
        last=("shortfalls", *plan.facts, "enlarged", "problems"),
        **entries,
    )


def write_release(
    target: Path,
    plan: Plan,
    samples: Sequence[Sample],
    split: Mapping[str, Sequence[int]],
    report: SplitReport,
    *,
    record: Mapping[str, Any] | None = None,
    lists: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """Write the data set beside ``target`` and move it there, in place of an older one, when it is complete.

    ``split`` holds the indices of the samples on each side, ``record`` is the content of ``enlarged.json``, ``lists``
    are the indices of the training samples in each list, by the name of its file. The bytes of the pictures are written
    unchanged.
    """
    with all_or_nothing(target) as folder:
        for side, part in split.items():
            images, labels = folder / "images" / side, folder / "labels" / side
            images.mkdir(parents=True)
            labels.mkdir(parents=True)
            for sample in (samples[index] for index in part):
                (images / sample.name).write_bytes(sample.data)
                (labels / f"{Path(sample.name).stem}.txt").write_text(_label_text(sample, plan), encoding="utf-8")
        sides = {side: f"images/{side}" for side in split}
        data = yaml.safe_dump({**sides, "names": dict(enumerate(plan.class_names))}, sort_keys=False)
        (folder / "data.yaml").write_text(data, encoding="utf-8")
        report.write(folder)
        for name, part in (lists or {}).items():
            lines = sorted(f"./images/train/{samples[index].name}\n" for index in part)
            (folder / name).write_text("".join(lines), encoding="utf-8")
        if record:
            (folder / ENLARGED).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _label_text(sample: Sample, plan: Plan) -> str:
    return write_yolo(sample.annotation, plan.class_names, segments=plan.segments)


def _split(
    plan: Plan, samples: Sequence[Sample], groups: Sequence[int], fixed: Mapping[str, Sequence[int]]
) -> tuple[dict[str, list[int]], list[str]]:
    """Return the samples on each side by their indices, and where whole groups did not allow the ratios."""
    if plan.protocol in _RANDOM:
        return split_random(len(samples), plan.ratios, plan.seed), []
    given = {index for side in fixed.values() for index in side}
    free = [index for index in range(len(samples)) if index not in given]
    numbers, names = [groups[index] for index in free], [samples[index].name for index in free]
    columns = _labels([samples[index] for index in free], plan)
    parts, ratios = divide(numbers, columns, plan.ratios, plan.seed)
    off = shortfalls(parts, ratios, numbers, columns[:, : len(plan.class_names)], names, plan.class_names)
    drawn = {side: [free[place] for place in part] for side, part in parts.items()}
    return {**drawn, **{side: list(part) for side, part in fixed.items()}}, off


def _training_lists(
    plan: Plan,
    samples: Sequence[Sample],
    train: Sequence[int],
    groups: Sequence[int],
    links: Sequence[tuple[int, int]],
) -> dict[str, list[int]]:
    """Return the samples in each share of the training groups by the name of the share's file.

    A group larger than the smallest share, such as NEU-Seg's of 1440 pictures, would be in none and take its classes
    along: there the links between pictures of different classes do not count.
    """
    if not plan.shares:
        return {}
    counts = _labels([samples[index] for index in train], plan)[:, : len(plan.class_names)]
    kinds = {index: tuple(row) for index, row in zip(train, (counts > 0).tolist(), strict=True)}
    smallest = len(train) * min(plan.shares) / 100
    numbers = taken_apart(groups, [(a, b) for a, b in links if a not in kinds or kinds[a] == kinds[b]], smallest)
    shares = training_shares([numbers[index] for index in train], counts, plan.shares, plan.seed)
    return {list_name(percent): [train[place] for place in part] for percent, part in shares.items()}


def _labels(samples: Sequence[Sample], plan: Plan) -> NDArray[np.int64]:
    """Return what the split balances: objects of each class, for outlines class combinations too, ``(N, C)``.

    Not by `lidd_yolo.data.splits.division.balance_columns`: in another order of the combinations, equally good
    arrangements of NEU-Seg come out differently.
    """
    classes = [[item.class_name for item in sample.annotation.objects] for sample in samples]
    counts = np.array([[names.count(name) for name in plan.class_names] for names in classes])
    if not plan.segments:
        return counts
    kinds = [frozenset(names) for names in classes]
    columns = sorted(set(kinds), key=sorted)
    return np.hstack([counts, np.array([[kind == column for column in columns] for kind in kinds], dtype=np.int64)])


def _boxes(samples: Sequence[Sample], class_names: Sequence[str]) -> dict[str, int]:
    """Return the number of boxes of each class."""
    count = Counter(item.class_name for sample in samples for item in sample.annotation.objects)
    return {name: count[name] for name in class_names}
