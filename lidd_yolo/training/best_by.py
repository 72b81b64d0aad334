"""``best_by: recall@false-alarms=1%``: the share of defects found while at most so many good pictures are rejected.

Origin: our own; no paper. mAP weighs all thresholds alike; a line runs at one, where few good parts may be rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_LEVELS = 10  # overlaps at which Ultralytics judges a detection, 0.5 the first


class RecallAtFalseAlarms:
    """Listens to a validator of Ultralytics and computes the figure of its last validation.

    One threshold for all classes, the lowest at which at most ``share`` of the pictures without a label have a
    detection above it; then the share of the labels that a detection above it finds at an overlap of 0.5, by masks
    where the network has them.

    Args:
        validator: Validator of a detector or segmenter.
        share: Most good pictures that may be rejected, 0 to 1.

    Raises:
        ValueError: If every picture has a label.
    """

    def __init__(self, validator: Any, share: float) -> None:
        self.share = share
        self.name = f"recall@false-alarms={100 * share:g}%"
        self.good = sum(not len(label["cls"]) for label in validator.dataloader.dataset.labels)
        if not self.good:
            raise ValueError(
                f"lidd_yolo: best_by: {self.name} needs good pictures in val, and every one there has a label"
            )
        self._rows: dict[str, list[Any]] = {}
        finish = validator.get_stats

        def listen_and_finish() -> Any:
            rows = getattr(validator.metrics, "stats", None) or validator.stats  # in the metrics since 8.3.1xx
            self._rows = {key: list(rows[key]) for key in ("conf", "target_cls", "tp_m" if "tp_m" in rows else "tp")}
            return finish()

        validator.get_stats = listen_and_finish

    def measure(self) -> float:
        """Return the figure of the last validation."""
        scores, labels, correct = self._rows.values()
        return recall_at(
            [_array(row).ravel() for row in scores],
            [_array(row).reshape(-1, _LEVELS)[:, 0] for row in correct],
            [len(_array(row).ravel()) for row in labels],
            good=self.good,
            share=self.share,
        )


def recall_at(
    scores: Sequence[Any], correct: Sequence[Any], labels: Sequence[int], *, good: int, share: float
) -> float:
    """Return the share of the labels that are found while at most ``share`` of the good pictures are rejected.

    Args:
        scores: Of each picture the confidences of its ``D`` detections, ``(D,)``.
        correct: Whether each has found a label, ``(D,)``.
        labels: Number of labels of each picture; pictures with neither labels nor detections may be missing.
        good: Number of pictures without a label.
        share: 0 to 1.
    """
    highest = [float(np.max(row, initial=0)) for row, count in zip(scores, labels, strict=True) if not count]
    falling = sorted(highest, reverse=True) + [0.0] * (good - len(highest) + 1)
    threshold = falling[int(share * good + 1e-9)]
    found = sum(
        int(np.sum(np.asarray(hit, dtype=bool) & (row > threshold))) for row, hit in zip(scores, correct, strict=True)
    )
    return found / max(sum(labels), 1)


def _array(values: Any) -> Any:
    return np.asarray(values.cpu() if hasattr(values, "cpu") else values)
