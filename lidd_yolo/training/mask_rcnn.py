"""Mask R-CNN's trainer: Ultralytics' own with torchvision's recipe and the names of four losses."""

from __future__ import annotations

from typing import Any

from ultralytics.models.yolo.segment import SegmentationTrainer
from ultralytics.utils import DEFAULT_CFG

from lidd_yolo.models.mask_rcnn import MASK_RCNN_LOSS_NAMES, MaskRCNNModel
from lidd_yolo.models.upstream import trainer_names_losses
from lidd_yolo.training import recipes
from lidd_yolo.training.callbacks import build_network, log_leak


class MaskRCNNTrainer(SegmentationTrainer):
    """Train a `MaskRCNNModel`; arguments as ``SegmentationTrainer``."""

    def __init__(
        self, cfg: Any = DEFAULT_CFG, overrides: dict[str, Any] | None = None, _callbacks: dict[str, Any] | None = None
    ) -> None:
        super().__init__(cfg, recipes.under(overrides, recipes.MASK_RCNN), _callbacks)
        self.add_callback("on_pretrain_routine_end", log_leak)

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> MaskRCNNModel:
        """Return the network for this data set, with ``weights`` where they fit."""
        model: MaskRCNNModel = build_network(self, MaskRCNNModel, cfg, weights, verbose=verbose)
        return model

    def get_validator(self) -> Any:
        """Return the stock validator; releases that let the trainer name the losses get ours."""
        validator = super().get_validator()
        if trainer_names_losses():
            self.loss_names = MASK_RCNN_LOSS_NAMES
        return validator
