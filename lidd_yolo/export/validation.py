"""mAP50-95 and recall by Ultralytics' validator, of the trained, the folded and an exported network, equally treated.

All are validated with letterboxed square pictures: a file with a fixed input takes no others.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ultralytics import YOLO

from lidd_yolo.export.formats import FORMATS
from lidd_yolo.export.reference import Reference
from lidd_yolo.training.nms_watch import complete_nms

Recall = Mapping[str, Mapping[int, float]]
"""``box`` or ``mask`` -> class number -> recall."""


@dataclass(frozen=True)
class Validation:
    """What is validated on: a split of a data YAML, in square pictures, with a folder for what the validator writes."""

    data: Path
    split: str
    imgsz: int
    folder: Path

    def of_trained(self, reference: Reference) -> dict[str, float]:
        """Return mAP50-95 of the network as it was trained: the validator's own folding is left out."""
        return self._map(_unfolded(reference))

    def of_folded(self, reference: Reference) -> dict[str, float]:
        """Return mAP50-95 as ``yolo val`` gives it for a checkpoint."""
        return self._map(YOLO(reference.weights))

    def of_exported(self, file: Path, task: str, batch: int) -> dict[str, float]:
        """Return mAP50-95 of an exported file, in the precision that its runtime chooses on this machine."""
        return self._map(YOLO(str(file), task=task), batch)

    def recall_of_trained(self, reference: Reference, conf: float) -> Recall:
        """Return the recall of the network as it was trained, see `recall_of_exported`."""
        return self._recall(_unfolded(reference), 16, conf)

    def recall_of_exported(self, file: Path, task: str, batch: int, conf: float) -> Recall:
        """Return the recall of an exported file at an IoU of 0.5, with detections from a score on.

        The validator sees no others, so none below it takes an object from one above.

        Returns:
            ``box`` and, for segmentation, ``mask`` -> class number -> recall; classes without objects are left out.
        """
        return self._recall(YOLO(str(file), task=task), batch, conf)

    def _map(self, model: Any, batch: int = 16) -> dict[str, float]:
        return {name: float(metric.map) for name, metric in self._metrics(model, batch).items()}

    def _recall(self, model: Any, batch: int, conf: float) -> Recall:
        return {name: _recall_of_classes(metric) for name, metric in self._metrics(model, batch, conf=conf).items()}

    def _metrics(self, model: Any, batch: int, **more: Any) -> dict[str, Any]:
        """Return what the validator, its output held back, found out about boxes and, for segmentation, about masks.

        Raises:
            TimeoutError: If the machine was so busy that Ultralytics gave up NMS and left detections out.
        """
        device = "0" if str(model.model).endswith(FORMATS["engine"].suffix) else "cpu"
        words = {"imgsz": self.imgsz, "batch": batch, "rect": False, "device": device, "workers": 0}
        silent = {"plots": False, "verbose": False, "project": str(self.folder), "name": "val", "exist_ok": True}
        with complete_nms(quiet=True), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            metrics = model.val(data=str(self.data), split=self.split, **words, **silent, **more)
        return {"box": metrics.box, "mask": metrics.seg} if model.task == "segment" else {"box": metrics.box}


def _unfolded(reference: Reference) -> Any:
    """Return the trained network as the validator takes it, whose own folding is left out."""
    model = YOLO(reference.weights)
    network: Any = model.model
    network.fuse = lambda *_args, **_kwargs: network
    return model


def _recall_of_classes(metric: Any) -> dict[int, float]:
    """Return the recall of all detections that a validator saw; it has no curves where nothing was found."""
    curves = getattr(metric, "r_curve", ())
    if not len(curves):
        return {}
    return {int(c): float(curve[0]) for c, curve in zip(metric.ap_class_index, curves, strict=True)}


def largest_difference(got: Mapping[str, float], want: Mapping[str, float]) -> float:
    """Return the largest difference of mAP50-95, over boxes and masks."""
    return max(abs(got[name] - want[name]) for name in want)
