"""mAP50-95 by Ultralytics' own validator, of the trained, the folded and an exported network under equal conditions.

Own work. All are validated with letterboxed square pictures: a file with a fixed input takes no others.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ultralytics import YOLO
from ultralytics.utils import LOGGER

from lidd_yolo.export.reference import Reference


@dataclass(frozen=True)
class Validation:
    """What is validated on.

    Args:
        data: Data YAML.
        split: ``train``, ``val`` or ``test``.
        imgsz: Side of the input in pixels.
        folder: Folder for what the validator writes.
    """

    data: Path
    split: str
    imgsz: int
    folder: Path

    def of_trained(self, reference: Reference) -> dict[str, float]:
        """Return mAP50-95 of the network as it was trained: the validator's own folding is left out."""
        model = YOLO(reference.weights)
        network: Any = model.model
        network.fuse = lambda *_args, **_kwargs: network
        return self._map(model, batch=16)

    def of_folded(self, reference: Reference) -> dict[str, float]:
        """Return mAP50-95 as ``yolo val`` gives it for a checkpoint."""
        return self._map(YOLO(reference.weights), batch=16)

    def of_exported(self, file: Path, task: str, batch: int) -> dict[str, float]:
        """Return mAP50-95 of an exported file, in the precision that its runtime chooses on this machine.

        Args:
            file: File or folder that Ultralytics exported.
            task: ``detect`` or ``segment``.
            batch: Pictures at a time that the file takes.
        """
        return self._map(YOLO(str(file), task=task), batch=batch)

    def _map(self, model: Any, batch: int) -> dict[str, float]:
        """Return mAP50-95 of boxes and, for segmentation, of masks."""
        level = LOGGER.level
        LOGGER.setLevel(logging.CRITICAL)
        words = {"imgsz": self.imgsz, "batch": batch, "rect": False, "device": "cpu", "workers": 0}
        quiet = {"plots": False, "verbose": False, "project": str(self.folder), "name": "val", "exist_ok": True}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                metrics = model.val(data=str(self.data), split=self.split, **words, **quiet)
        finally:
            LOGGER.setLevel(level)
        found = {"box": float(metrics.box.map)}
        return {**found, "mask": float(metrics.seg.map)} if model.task == "segment" else found


def largest_difference(got: Mapping[str, float], want: Mapping[str, float]) -> float:
    """Return the largest difference of mAP50-95, over boxes and masks."""
    return max(abs(got[name] - want[name]) for name in want)
