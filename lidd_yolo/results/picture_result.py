"""What a validation found on one picture: labels, detections, and which of them Ultralytics counts as correct."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 100
"""Detections of a picture that are kept, the most confident ones: as many as COCO's figures look at."""
LEVELS = 10
"""Overlaps at which a detection is judged: 0.50, 0.55, ... 0.95."""


@dataclass(frozen=True, eq=False)
class PictureResult:
    """One picture of a validation.

    Boxes and outlines are in pixels of the network's input, so after Ultralytics' scaling and padding.

    Args:
        file: The picture.
        shape: Height and width of the network's input.
        placed: How the picture lies in it: gain across and down, space on the left and above.
        truth_class: ``(T,)`` classes of the labels.
        truth_boxes: ``(T, 4)`` left, upper, right and lower edge.
        truth_rings: ``T`` outlines ``(K, 2)``, x and y; empty where the labels are boxes.
        found_class: ``(D,)`` classes of the detections, the most confident first, at most ``MOST``.
        confidence: ``(D,)`` confidences, falling.
        found_boxes: ``(D, 4)`` like ``truth_boxes``.
        correct: ``(D, 10)`` whether Ultralytics counts a detection as correct at each of the ``LEVELS``.
        mask_correct: The same by masks; None for a detection network.
        found_masks: ``D`` masks as COCO's run lengths; None for a detection network.

    Raises:
        ValueError: If the parts do not belong together.
    """

    file: Path
    shape: tuple[int, int]
    placed: tuple[float, float, float, float]
    truth_class: NDArray[np.int64]
    truth_boxes: NDArray[np.float64]
    truth_rings: tuple[NDArray[np.float64], ...]
    found_class: NDArray[np.int64]
    confidence: NDArray[np.float32]
    found_boxes: NDArray[np.float64]
    correct: NDArray[np.bool_]
    mask_correct: NDArray[np.bool_] | None = None
    found_masks: tuple[dict[str, Any], ...] | None = None

    @property
    def name(self) -> str:
        """File name of the picture."""
        return self.file.name

    def in_picture(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return boxes ``(N, 4)`` in pixels of the picture itself."""
        gains, spaces = self.placed[:2], self.placed[2:]
        placed: NDArray[np.float64] = (boxes - np.tile(spaces, 2)) / np.tile(gains, 2)
        return placed

    def __post_init__(self) -> None:
        parts = (self.found_class, self.found_boxes, self.correct, self.mask_correct, self.found_masks)
        if any(part is not None and len(part) != len(self.confidence) for part in parts):
            raise ValueError(
                f"{self.name}: {len(self.confidence)} confidences, {[len(p) for p in parts if p is not None]}"
            )
        if len(self.truth_class) != len(self.truth_boxes):
            raise ValueError(f"{self.name}: {len(self.truth_class)} classes of {len(self.truth_boxes)} labels")
        if (np.diff(self.confidence) > 0).any():
            raise ValueError(f"{self.name}: the confidences do not fall")
