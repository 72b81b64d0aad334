"""What a training found on all pictures that it was not trained on, and which of two trainings' pictures are the same.

Own work. Two trainings on different splits of one data set are measured on different pictures; those that both held out
they have in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.optional import load_extra

if TYPE_CHECKING:
    from lidd_yolo.benchmark.evidence import Evidence


def joined(parts: Sequence[Evidence]) -> Evidence:
    """Return the evidence of the parts of a split, such as val and test, as that of one part.

    Args:
        parts: At least one; no picture is in two of them. If one states no groups, the result states none.
    """
    pictures = _offsets([len(part.pictures) for part in parts])
    masks = [part.mask_correct for part in parts if part.mask_correct is not None]
    groups = [part.groups for part in parts if part.groups is not None]
    starts = _offsets([int(group.max(initial=-1)) + 1 for group in groups])
    return replace(
        parts[0],
        pictures=np.concatenate([part.pictures for part in parts]),
        truth_picture=_shifted([part.truth_picture for part in parts], pictures),
        truth_class=np.concatenate([part.truth_class for part in parts]),
        found_picture=_shifted([part.found_picture for part in parts], pictures),
        found_class=np.concatenate([part.found_class for part in parts]),
        confidence=np.concatenate([part.confidence for part in parts]),
        correct=np.concatenate([part.correct for part in parts]),
        mask_correct=np.concatenate(masks) if len(masks) == len(parts) else None,
        groups=_shifted(groups, starts) if len(groups) == len(parts) else None,
    )


def on_pictures(evidence: Evidence, names: Sequence[str]) -> Evidence:
    """Return the evidence of some of its pictures alone, in the order of ``names``.

    Args:
        evidence: Evidence in which all of them occur.
        names: File names, different ones.
    """
    place = {name: number for number, name in enumerate(names)}
    number_of = np.array([place.get(str(name), -1) for name in evidence.pictures], dtype=np.int32)
    truth, found = number_of[evidence.truth_picture], number_of[evidence.found_picture]
    kept = np.argsort(number_of, kind="stable")[len(evidence.pictures) - len(names) :]
    return replace(
        evidence,
        pictures=evidence.pictures[kept],
        truth_picture=truth[truth >= 0],
        truth_class=evidence.truth_class[truth >= 0],
        found_picture=found[found >= 0],
        found_class=evidence.found_class[found >= 0],
        confidence=evidence.confidence[found >= 0],
        correct=evidence.correct[found >= 0],
        mask_correct=None if evidence.mask_correct is None else evidence.mask_correct[found >= 0],
        groups=None if evidence.groups is None else evidence.groups[kept],
    )


def common_groups(evidences: Sequence[Evidence]) -> NDArray[np.int32] | None:
    """Return the groups of pictures that show the same spot according to any of the evidence.

    A split that puts a group into val and into test numbers it twice; another one that held it out whole knows better.

    Args:
        evidences: Evidence of the same N pictures in the same order.

    Returns:
        Shape ``(N,)``, numbered from 0 without gaps; None if none of it states any.

    Raises:
        ImportError: If SciPy is missing.
    """
    stated = [evidence.groups for evidence in evidences if evidence.groups is not None]
    if not stated:
        return None
    count = len(stated[0])
    starts = [count + start for start in _offsets([int(groups.max(initial=-1)) + 1 for groups in stated])]
    ends = _shifted(stated, starts)
    links = np.ones(len(ends), dtype=np.int8), (np.tile(np.arange(count), len(stated)), ends)
    size = int(ends.max(initial=count - 1)) + 1
    graph = load_extra("scipy.sparse").coo_array(links, shape=(size, size))
    number_of: NDArray[np.int32] = load_extra("scipy.sparse.csgraph").connected_components(graph, directed=False)[1]
    return np.unique(number_of[:count], return_inverse=True)[1].astype(np.int32)


def _offsets(counts: Sequence[int]) -> list[int]:
    return [sum(counts[:index]) for index in range(len(counts))]


def _shifted(parts: Sequence[NDArray[np.int32]], starts: Sequence[int]) -> NDArray[np.int32]:
    return np.concatenate([part + start for part, start in zip(parts, starts, strict=True)]).astype(np.int32)
