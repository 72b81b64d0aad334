"""The evidence of a validation: for every detection its class, its confidence and at which overlaps it was correct.

Own work. A few hundred kilobytes from which mAP, and what chance does to it, can be computed again without network,
pictures or boxes. Only the 100 most confident detections of a picture are kept, of Ultralytics' 300: those behind them
have confidences so low that they move the end of a precision curve, by less than 0.002 mAP.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.benchmark.seen import LEVELS, Seen


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
        """Write a compressed ``.npz`` file under exactly this name."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        with path.open("wb") as file:
            np.savez_compressed(file, **{name: array for name, array in arrays.items() if array is not None})

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

    def figures(self) -> dict[str, float]:
        """Return ``map50`` and ``map``, and ``mask_map50`` and ``mask_map``, by Ultralytics' ``ap_per_class``."""
        found = _mean_precision(self, self.correct)
        if self.mask_correct is not None:
            found |= {f"mask_{key}": value for key, value in _mean_precision(self, self.mask_correct).items()}
        return found


def from_seen(seen: Sequence[Seen], groups: Sequence[int] | None = None) -> Evidence:
    """Return the evidence of one validation, its pictures in the order given.

    Args:
        seen: What was seen on each picture.
        groups: Group of each; None if not known.

    Raises:
        ValueError: If there are not as many groups as pictures.
    """
    if groups is not None and len(groups) != len(seen):
        raise ValueError(f"groups of {len(groups)} pictures for {len(seen)} that were seen")
    pictures = np.arange(len(seen), dtype=np.int32)
    masks = [picture.mask_correct for picture in seen if picture.mask_correct is not None]
    return Evidence(
        pictures=np.array([picture.name for picture in seen], dtype=np.str_),
        truth_picture=np.repeat(pictures, [len(picture.truth_class) for picture in seen]),
        truth_class=_joined([picture.truth_class for picture in seen]).astype(np.int16),
        found_picture=np.repeat(pictures, [len(picture.found_class) for picture in seen]),
        found_class=_joined([picture.found_class for picture in seen]).astype(np.int16),
        confidence=_joined([picture.confidence for picture in seen]).astype(np.float32),
        correct=_packed([picture.correct for picture in seen]),
        mask_correct=_packed(masks) if masks else None,
        groups=None if groups is None else np.array(groups, dtype=np.int32),
    )


def _mean_precision(evidence: Evidence, correct: NDArray[np.uint16]) -> dict[str, float]:
    from ultralytics.utils.metrics import ap_per_class  # noqa: PLC0415 - loads torch

    if not len(evidence.truth_class):
        return {"map50": 0.0, "map": 0.0}
    flags = (correct[:, None] >> np.arange(LEVELS)) & 1
    precisions = ap_per_class(flags, evidence.confidence, evidence.found_class, evidence.truth_class)[5]
    return {"map50": float(precisions[:, 0].mean()), "map": float(precisions.mean())}


def _joined(parts: list[Any]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0), *parts])


def _packed(parts: list[NDArray[np.bool_]]) -> NDArray[np.uint16]:
    """Turn ``(D, 10)`` flags into a number each; the flag of the smallest overlap is bit 0."""
    flags = np.concatenate([np.zeros((0, LEVELS), dtype=bool), *parts])
    numbers: NDArray[np.uint16] = (flags << np.arange(LEVELS, dtype=np.uint16)).sum(axis=1).astype(np.uint16)
    return numbers
