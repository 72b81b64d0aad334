"""The evidence of a validation: for every detection its class, its confidence and at which overlaps it was correct.

A few hundred kilobytes from which mAP, and what chance does to it, can be computed again without network,
pictures or boxes. Only the 100 most confident detections of a picture are kept, of Ultralytics' 300: those behind them
have confidences so low that they move the end of a precision curve, by less than 0.002 mAP.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.optional import load_extra
from lidd_yolo.results.picture_result import LEVELS, PictureResult


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a validation of ``N`` pictures with ``T`` labels and ``D`` detections found.

    Args:
        pictures: ``(N,)`` file names, sorted.
        truth_picture: ``(T,)`` index into ``pictures``, int32.
        truth_class: ``(T,)`` class numbers, int16.
        found_picture: ``(D,)`` index into ``pictures``, int32.
        found_class: ``(D,)`` class numbers, int16.
        confidence: ``(D,)`` 0 to 1, float32.
        correct: ``(D,)`` uint16: bit k is set if the detection is correct at an overlap of 0.50 + 0.05 k.
        mask_correct: The same by masks; None for a detection network.
        groups: ``(N,)`` group of each picture, int32: those of one group show the same spot. None where the data set
            states none; older files have none either.
    """

    pictures: NDArray[np.str_]
    truth_picture: NDArray[np.int32]
    truth_class: NDArray[np.int16]
    found_picture: NDArray[np.int32]
    found_class: NDArray[np.int16]
    confidence: NDArray[np.float32]
    correct: NDArray[np.uint16]
    mask_correct: NDArray[np.uint16] | None = None
    groups: NDArray[np.int32] | None = None

    def save(self, path: Path) -> None:
        """Write a ``.npz`` file under exactly this name; LZMA makes it a sixth smaller than NumPy's own compression."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
            for name in (field.name for field in fields(self) if getattr(self, field.name) is not None):
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, getattr(self, name), allow_pickle=False)

    @classmethod
    def load(cls, path: Path) -> Evidence:
        """Read a file that ``save`` wrote.

        Raises:
            ValueError: If the file is none.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(**arrays)
        except (TypeError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is no evidence file: {error}") from error

    def figures(self) -> dict[str, Any]:
        """Return what Ultralytics' ``ap_per_class`` makes of it.

        Returns:
            ``map50``, ``map``, ``precision``, ``recall``, and as lists of the labelled classes, by their numbers,
            ``map50_of_class`` and ``map_of_class``; the same with ``mask_`` before it where there are masks.
        """
        figures = _precisions(self, self.correct)
        if self.mask_correct is not None:
            figures |= {f"mask_{key}": value for key, value in _precisions(self, self.mask_correct).items()}
        return figures


def named_figures(evidence: Evidence, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of evidence, those of classes under the names that an entry states, in its order."""
    return {
        key: dict(zip(stated.get(key, {}), value, strict=False)) if isinstance(value, list) else value
        for key, value in evidence.figures().items()
    }


def from_results(results: Sequence[PictureResult], groups: Sequence[int] | None = None) -> Evidence:
    """Return the evidence of one validation, its pictures in the order given, with the group of each if it is known.

    Raises:
        ValueError: If there are not as many groups as pictures.
    """
    if groups is not None and len(groups) != len(results):
        raise ValueError(f"groups of {len(groups)} pictures for {len(results)} that were validated")
    pictures = np.arange(len(results), dtype=np.int32)
    masks = [result.mask_correct for result in results if result.mask_correct is not None]
    return Evidence(
        pictures=np.array([result.name for result in results], dtype=np.str_),
        truth_picture=np.repeat(pictures, [len(result.truth_class) for result in results]),
        truth_class=_joined([result.truth_class for result in results]).astype(np.int16),
        found_picture=np.repeat(pictures, [len(result.found_class) for result in results]),
        found_class=_joined([result.found_class for result in results]).astype(np.int16),
        confidence=_joined([result.confidence for result in results]).astype(np.float32),
        correct=_packed([result.correct for result in results]),
        mask_correct=_packed(masks) if masks else None,
        groups=None if groups is None else np.array(groups, dtype=np.int32),
    )


def _precisions(evidence: Evidence, correct: NDArray[np.uint16]) -> dict[str, Any]:
    from ultralytics.utils.metrics import ap_per_class  # noqa: PLC0415 - loads torch

    if not len(evidence.truth_class):
        means = dict.fromkeys(("map50", "map", "precision", "recall"), 0.0)
        return {**means, "map50_of_class": [], "map_of_class": []}
    flags = (correct[:, None] >> np.arange(LEVELS)) & 1
    judged = ap_per_class(flags, evidence.confidence, evidence.found_class, evidence.truth_class)
    precision, recall, averages = judged[2], judged[3], judged[5]
    return {
        "map50": float(averages[:, 0].mean()),
        "map": float(averages.mean()),
        "precision": float(precision.mean()),
        "recall": float(recall.mean()),
        "map50_of_class": averages[:, 0].tolist(),
        "map_of_class": averages.mean(1).tolist(),
    }


def _joined(parts: list[Any]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0), *parts])


def _packed(parts: list[NDArray[np.bool_]]) -> NDArray[np.uint16]:
    """Turn ``(D, 10)`` flags into a number each; the flag of the smallest overlap is bit 0."""
    flags = np.concatenate([np.zeros((0, LEVELS), dtype=bool), *parts])
    numbers: NDArray[np.uint16] = (flags << np.arange(LEVELS, dtype=np.uint16)).sum(axis=1).astype(np.uint16)
    return numbers


def joined(parts: Sequence[Evidence]) -> Evidence:
    """Return the evidence of the parts of a split, such as val and test, as that of one part.

    No picture is in two of them. If one states no groups, the result states none.
    """
    pictures = _offsets([len(part.pictures) for part in parts])
    masks = [part.mask_correct for part in parts if part.mask_correct is not None]
    groups = [part.groups for part in parts if part.groups is not None]
    starts = _offsets([int(group.max(initial=-1)) + 1 for group in groups])
    as_they_are = ("pictures", "truth_class", "found_class", "confidence", "correct")
    return replace(
        parts[0],
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in as_they_are},
        truth_picture=_shifted([part.truth_picture for part in parts], pictures),
        found_picture=_shifted([part.found_picture for part in parts], pictures),
        mask_correct=np.concatenate(masks) if len(masks) == len(parts) else None,
        groups=_shifted(groups, starts) if len(groups) == len(parts) else None,
    )


def on_pictures(evidence: Evidence, names: Sequence[str]) -> Evidence:
    """Return the evidence of some of its pictures alone, in the order of their names, all of them different."""
    place = {name: number for number, name in enumerate(names)}
    number_of = np.array([place.get(str(name), -1) for name in evidence.pictures], dtype=np.int32)
    truth, detected = number_of[evidence.truth_picture], number_of[evidence.found_picture]
    kept = np.argsort(number_of, kind="stable")[len(evidence.pictures) - len(names) :]
    return replace(
        evidence,
        pictures=evidence.pictures[kept],
        truth_picture=truth[truth >= 0],
        truth_class=evidence.truth_class[truth >= 0],
        found_picture=detected[detected >= 0],
        found_class=evidence.found_class[detected >= 0],
        confidence=evidence.confidence[detected >= 0],
        correct=evidence.correct[detected >= 0],
        mask_correct=None if evidence.mask_correct is None else evidence.mask_correct[detected >= 0],
        groups=None if evidence.groups is None else evidence.groups[kept],
    )


def common_groups(evidences: Sequence[Evidence]) -> NDArray[np.int32] | None:
    """Return the groups of pictures that show the same spot according to any of the evidence.

    A split that puts a group into val and into test numbers it twice; another one that held it out whole knows better.
    All evidence is of the same N pictures in the same order. Groups are of shape ``(N,)``, numbered from 0 without
    gaps; None if none of it states any.

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
