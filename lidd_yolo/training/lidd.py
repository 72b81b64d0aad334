"""LIDD-Net's trainer: Ultralytics' own with the paper's recipe, clip norm, detach schedule and loss names."""

from __future__ import annotations

from typing import Any

import torch
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.utils import DEFAULT_CFG, RANK

from lidd_yolo.models.criterion import LOSS_NAMES
from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.models.upstream import trainer_names_losses, unwrapped
from lidd_yolo.training import recipes
from lidd_yolo.training.callbacks import build_network, finish_checkpoint, log_leak, train_channels_last


class LIDDTrainer(DetectionTrainer):
    """Train a `LIDDModel`; arguments as ``DetectionTrainer``."""

    def __init__(
        self, cfg: Any = DEFAULT_CFG, overrides: dict[str, Any] | None = None, _callbacks: dict[str, Any] | None = None
    ) -> None:
        super().__init__(cfg, recipes.under(overrides, recipes.LIDD), _callbacks)
        self.add_callback("on_pretrain_routine_end", log_leak)
        self.add_callback("on_train_start", train_channels_last)
        self.add_callback("on_train_epoch_start", _start_epoch)

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> LIDDModel:
        """Return the network for this data set, with ``weights`` where they fit."""
        model: LIDDModel = build_network(self, LIDDModel, cfg, weights, verbose=verbose)
        return model

    def get_validator(self) -> Any:
        """Return the stock validator; releases that let the trainer name the losses get ours."""
        validator = super().get_validator()
        if trainer_names_losses():
            self.loss_names = LOSS_NAMES
        return validator

    def optimizer_step(self) -> None:
        """Take one step, gradients clipped at the paper's norm instead of Ultralytics' fixed 10."""
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=recipes.GRADIENT_CLIP_NORM)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        if self.ema:
            self.ema.update(self.model)

    def final_eval(self) -> None:
        """Remove the training-only branch from the finished checkpoints, then validate ``best.pt`` as usual."""
        if RANK in {-1, 0}:
            for file in (self.last, self.best):
                if file.exists():
                    finish_checkpoint(file)
        super().final_eval()


def _start_epoch(trainer: Any) -> None:
    """Tell the network which epoch begins."""
    unwrapped(trainer.model).set_epoch(trainer.epoch)
