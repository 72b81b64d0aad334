"""Which trainer belongs to which of our models."""

from __future__ import annotations

from typing import Any

from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.models.mask_rcnn import MaskRCNNModel
from lidd_yolo.models.nwd import NWDDetectionModel, NWDSegmentationModel
from lidd_yolo.models.wlnet import WLNetModel
from lidd_yolo.training.lidd import LIDDTrainer
from lidd_yolo.training.mask_rcnn import MaskRCNNTrainer
from lidd_yolo.training.nwd import NWDDetectionTrainer, NWDSegmentationTrainer, WLNetTrainer

_TRAINERS: dict[type, type] = {
    LIDDModel: LIDDTrainer,
    MaskRCNNModel: MaskRCNNTrainer,
    NWDDetectionModel: NWDDetectionTrainer,
    NWDSegmentationModel: NWDSegmentationTrainer,
    WLNetModel: WLNetTrainer,
}


def part_for(model: Any, key: str) -> Any:
    """Return our class for one of Ultralytics' parts (``trainer``, ``validator``, ...), or None for the stock one."""
    return _TRAINERS.get(type(model)) if key == "trainer" else None
