"""From the samples of a release to a data set: groups, split, figures, files.

What all releases have in common, so that their figures mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.enlarge.change import Settings
from lidd_yolo.data.enlarge.record import figures
from lidd_yolo.data.groups.families import ENLARGED
from lidd_yolo.data.groups.overlap import LIMITS, find_overlaps, group_overlaps
from lidd_yolo.data.labels.problems import Problem
from lidd_yolo.data.releases.samples import Sample, enlarge_samples, place_copies
from lidd_yolo.data.releases.writer import Conversion, describe, write_dataset
from lidd_yolo.data.splits.division import divide, shortfalls
from lidd_yolo.data.splits.search import split_random

_RANDOM = ("paper", "random")


@dataclass(frozen=True)
class Plan:
    """What data set to make.

    Args:
        dataset: Its name, as ``lidd data`` calls it.
        class_names: Names in the order of their class numbers.
        protocol: ``paper`` and ``random`` draw at random; any other keeps pictures of one spot together.
        ratios: Share of the pictures on each side, ``train`` among them.
        seed: Seed of the split.
        segments: Whether to write outlines; then the combination of classes in a picture is balanced as well.
        facts: Further entries of ``split.json``.
        enlarge: How to enlarge all pictures before they are split; not at all if None.
    """

    dataset: str
    class_names: tuple[str, ...]
    protocol: str
    ratios: Mapping[str, float]
    seed: int
    segments: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    enlarge: Settings | None = None


def check_request(protocol: str, known: Mapping[str, Any], seed: int) -> None:
    """Refuse a protocol that a data set does not have, and a seed that no generator takes.

    Raises:
        ValueError: If ``protocol`` is not among ``known`` or ``seed`` is negative.
    """
    if protocol not in known:
        raise ValueError(f"no protocol {protocol!r}; there are {', '.join(known)}")
    if seed < 0:
        raise ValueError(f"the seed cannot be negative, got {seed}")


def assemble(
    target: Path,
    plan: Plan,
    samples: Sequence[Sample],
    problems: list[Problem],
    fixed: Mapping[str, Sequence[int]] | None = None,
    groups: Sequence[int] | None = None,
) -> Conversion:
    """Group and split the samples and write the data set.

    Args:
        target: Folder to make, see `lidd_yolo.data.releases.writer.check_target`.
        plan: What to make.
        samples: All pictures.
        problems: What was wrong in the release.
        fixed: Indices of the samples on sides that are given; ``plan.ratios`` divide the others.
        groups: Group number of each sample where something better than the pictures tells; found from these if None.

    Returns:
        The figures of the split and the problems.
    """
    rule = LIMITS
    if groups is None:
        groups = group_overlaps(len(samples), find_overlaps([sample.gray for sample in samples]))
    else:
        rule = {}
    enlarged = enlarge_samples(samples, groups, plan.enlarge) if plan.enlarge is not None else None
    if enlarged is not None:
        samples, groups = enlarged.samples, enlarged.groups
    split = _split(plan, samples, groups, fixed or {})
    further = {ENLARGED: place_copies(enlarged, split, plan.enlarge)} if enlarged and plan.enlarge else {}
    report: dict[str, Any] = {
        "dataset": plan.dataset,
        "protocol": plan.protocol,
        "seed": plan.seed,
        "ratios": dict(plan.ratios),
        "overlap": rule,
        **describe(samples, split, groups, plan.class_names, segments=plan.segments),
        "shortfalls": _shortfalls(plan, samples, groups, split, fixed or {}),
        **plan.facts,
        **({"enlarged": figures(further[ENLARGED])} if further else {}),
        "problems": [problem.as_dict() for problem in problems],
    }
    write_dataset(target, samples, split, plan.class_names, report, segments=plan.segments, further=further)
    return Conversion(target, report, problems)


def _split(
    plan: Plan, samples: Sequence[Sample], groups: Sequence[int], fixed: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    """Return the indices of the samples on each side."""
    if plan.protocol in _RANDOM:
        return split_random(len(samples), plan.ratios, plan.seed)
    given = {index for side in fixed.values() for index in side}
    free = [index for index in range(len(samples)) if index not in given]
    labels = _labels([samples[index] for index in free], plan)
    split, _ = divide([groups[index] for index in free], labels, _wanted(plan), plan.seed)
    drawn = {side: [free[place] for place in part] for side, part in split.items()}
    return {**drawn, **{side: list(part) for side, part in fixed.items()}}


def _shortfalls(
    plan: Plan,
    samples: Sequence[Sample],
    groups: Sequence[int],
    split: Mapping[str, Sequence[int]],
    fixed: Mapping[str, Sequence[int]],
) -> list[str]:
    """Return where whole groups did not allow the ratios, among the samples whose side was free."""
    if plan.protocol in _RANDOM:
        return []
    free = sorted(index for side, part in split.items() if side not in fixed for index in part)
    place = {index: number for number, index in enumerate(free)}
    parts = {side: [place[index] for index in part] for side, part in split.items() if side not in fixed}
    chosen = [samples[index] for index in free]
    counts = _labels(chosen, plan)[:, : len(plan.class_names)]
    of_free = [groups[index] for index in free]
    return shortfalls(parts, _wanted(plan), of_free, counts, [sample.name for sample in chosen], plan.class_names)


def _wanted(plan: Plan) -> dict[str, float]:
    """Return the share of each side, summing to 1."""
    total = sum(plan.ratios.values())
    return {side: ratio / total for side, ratio in plan.ratios.items()}


def _labels(samples: Sequence[Sample], plan: Plan) -> NDArray[np.int64]:
    """Return what the split balances: objects of each class, for outlines class combinations too, ``(N, C)``."""
    found = [[item.class_name for item in sample.annotation.objects] for sample in samples]
    counts = np.array([[names.count(name) for name in plan.class_names] for names in found])
    if not plan.segments:
        return counts
    kinds = [frozenset(names) for names in found]
    columns = sorted(set(kinds), key=sorted)
    return np.hstack([counts, np.array([[kind == column for column in columns] for kind in kinds], dtype=np.int64)])
