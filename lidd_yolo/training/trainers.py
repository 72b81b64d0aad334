"""Trainers of our networks: Ultralytics' own with the papers' recipes, and which trainer belongs to which network.

Papers: LIDD-Net, section 2.5 (clip norm, schedule; LATM leaves the finished checkpoint); WLNet, section 1.2 (the NWD
paper's constant, the mean size of the objects as a share of the input's side, is measured on the training labels).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from ultralytics.engine.trainer import BaseTrainer
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.models.yolo.segment import SegmentationTrainer
from ultralytics.utils import DEFAULT_CFG, LOCAL_RANK, LOGGER, RANK
from ultralytics.utils.torch_utils import torch_distributed_zero_first

from lidd_yolo.models.criterion import DISTILLATION, LOSS_NAMES
from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.models.mask_rcnn import MASK_RCNN_LOSS_NAMES, MaskRCNNModel
from lidd_yolo.models.nwd import NWDDetectionModel, NWDSegmentationModel
from lidd_yolo.models.options import most_false_alarms
from lidd_yolo.models.upstream import student, trainer_names_losses, unwrapped
from lidd_yolo.models.wlnet import WLNetModel
from lidd_yolo.training import recipes, resume
from lidd_yolo.training.best_by import RecallAtFalseAlarms
from lidd_yolo.training.callbacks import (
    finish_checkpoint,
    log_leak,
    log_small_objects,
    shape_of,
    train_channels_last,
    warn_of_small_defects,
)
from lidd_yolo.training.teacher import Teacher


class OurTrainer(BaseTrainer):
    """What a trainer of Ultralytics gains: our network and its recipe. Named before the class it extends."""

    network: Any
    recipe: Mapping[str, Any] = MappingProxyType({})
    from_weights: Mapping[str, Any] = MappingProxyType({})
    """What a training that starts from a checkpoint has over the recipe."""
    from_teacher: Mapping[str, Any] = MappingProxyType({})
    """What a training with ``distill_model=`` has over both."""
    losses: tuple[str, ...] = ()
    """Names of the losses where they are not those of the class it extends."""
    channels_last = True
    """Whether to train in channels-last order on a CPU."""
    more_callbacks: tuple[tuple[str, Callable[[Any], None]], ...] = ()
    """Event and callback, behind those of all our trainers."""
    best_by: RecallAtFalseAlarms | None = None
    """What makes a checkpoint the best one in place of mAP."""

    def __init__(
        self, cfg: Any = DEFAULT_CFG, overrides: dict[str, Any] | None = None, _callbacks: dict[str, Any] | None = None
    ) -> None:
        arguments = recipes.under(overrides, self.recipe, self.from_weights, self.from_teacher)
        super().__init__(cfg, arguments, _callbacks)
        for log in (log_leak, warn_of_small_defects):
            self.add_callback("on_pretrain_routine_end", log)
        if self.channels_last and train_channels_last not in self.callbacks["on_train_start"]:
            self.add_callback("on_train_start", train_channels_last)
        for event, function in (("on_train_start", resume.go_on), ("on_model_save", resume.keep_state)):
            if function not in self.callbacks[event]:
                self.callbacks[event].insert(0, function)  # before those of the user, which may stop the training
        for event, callback in self.more_callbacks:
            self.add_callback(event, callback)

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
        """Return the network for this data set, with ``weights`` where they fit."""
        nc, channels = self.data["nc"], self.data.get("channels", 3)
        model = self.network(cfg, nc=nc, ch=channels, verbose=verbose and RANK == -1)
        if getattr(self.args, "cls_remap", True):  # weights of the same class, by name, go to the same class
            model.names = self.data["names"]
        if weights:
            model.load(weights)
        return model

    def get_validator(self) -> Any:
        """Return the stock validator; releases that let the trainer name the losses get ours."""
        validator = super().get_validator()
        share = most_false_alarms((unwrapped(self.model).yaml.get("lidd_yolo") or {}).get("best_by", "map"))
        self.best_by = None if share is None else RecallAtFalseAlarms(validator, share)
        if self.losses and trainer_names_losses():
            self.loss_names = self.losses
        return validator

    def validate(self) -> Any:
        """Validate as Ultralytics does; the checkpoint with the highest figure of ``best_by`` is the best one."""
        if self.best_by is None:
            return super().validate()
        best: Any = getattr(self, "best_fitness")  # noqa: B009 - Ultralytics states no type
        metrics, fitness = super().validate()
        if metrics is None:
            return metrics, fitness
        recall = self.best_by.measure()
        self.best_fitness = recall if not best else max(best, recall)
        return {**metrics, self.best_by.name: recall}, recall


def _start_epoch(trainer: Any) -> None:
    """Tell the network which epoch begins."""
    unwrapped(trainer.model).set_epoch(trainer.epoch)


class LIDDTrainer(OurTrainer, DetectionTrainer):
    """Train a `LIDDModel`; arguments as ``DetectionTrainer``, the paper's recipe where the user says nothing.

    ``distill_model`` is a teacher of any family, in place of Ultralytics' own distillation, which wants the student's.
    """

    network = LIDDModel
    recipe = recipes.LIDD
    from_weights = recipes.LIDD_FROM_WEIGHTS
    from_teacher = recipes.LIDD_FROM_TEACHER
    losses: tuple[str, ...] = LOSS_NAMES
    more_callbacks = (("on_train_epoch_start", _start_epoch), ("on_pretrain_routine_end", log_small_objects))
    teacher: Teacher | None = None

    def _setup_train(self, *args: Any) -> None:
        """Prepare the training; the teacher stays beside the network, where Ultralytics would wrap both."""
        file = getattr(self.args, "distill_model", None)
        if file is None:
            super()._setup_train(*args)
            return
        with torch_distributed_zero_first(LOCAL_RANK):  # one process downloads it
            self.teacher = Teacher(file, self.data["names"], self.data.get("channels", 3), self.device)
        self.losses = (*LOSS_NAMES, DISTILLATION)
        self.args.distill_model = None
        try:
            super()._setup_train(*args)
        finally:
            self.args.distill_model = file
        self.ema.update_attr(self.model, include=["args"])

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Add what the teacher sees to a batch."""
        prepared: dict[str, Any] = super().preprocess_batch(batch)
        if self.teacher is not None:
            prepared["teacher"] = self.teacher(prepared["img"])
        return prepared

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


class MaskRCNNTrainer(OurTrainer, SegmentationTrainer):
    """Train a `MaskRCNNModel`; arguments as ``SegmentationTrainer``, torchvision's recipe."""

    network = MaskRCNNModel
    recipe = recipes.MASK_RCNN
    losses = MASK_RCNN_LOSS_NAMES
    channels_last = False


def mean_relative_size(dataset: Any) -> float:
    """Return the mean of ``sqrt(w h) / max(W, H)`` over the boxes of a data set of Ultralytics.

    Args:
        dataset: Training data set, or several joined, whose ``labels`` hold ``bboxes`` (centre and size as shares of
            the picture) and what `shape_of` needs.

    Raises:
        ValueError: If there is no box.
    """
    labels = [label for part in getattr(dataset, "datasets", [dataset]) for label in part.labels]
    shapes = [shape_of(label) for label in labels]
    sizes = [
        np.sqrt(label["bboxes"][:, 2:].prod(1) * np.prod(shape, dtype=float)) / max(shape)
        for label, shape in zip(labels, shapes, strict=True)
    ]
    joined = np.concatenate(sizes) if sizes else np.empty(0)
    if not len(joined):
        raise ValueError("lidd_yolo: nwd: c_rel: auto needs boxes to measure and train has none; give it a number")
    return float(joined.mean())


def _measure(trainer: Any) -> None:
    """Measure ``c_rel: auto`` before the first epoch; a resumed run goes on with what its checkpoint holds."""
    model = student(trainer.model)
    if model.nwd is None or model.nwd.c_rel != "auto":
        return
    if not (trainer.args.resume and model.nwd.measured):
        model.set_measured(mean_relative_size(trainer.train_loader.dataset))
    if trainer.ema:
        student(trainer.ema.ema).set_measured(model.nwd.measured)
    if RANK in {-1, 0}:
        LOGGER.info(
            f"NWD: {1 - model.nwd.iou_weight:g} of the box loss, c_rel {model.nwd.measured:.4f} (mean box size)"
        )


class NWDTrainer(OurTrainer):
    """Train a network with NWD in its box loss, whose constant is measured before the first epoch."""

    more_callbacks = (("on_pretrain_routine_end", _measure),)


class NWDDetectionTrainer(NWDTrainer, DetectionTrainer):
    """Train an `NWDDetectionModel`; arguments as ``DetectionTrainer``."""

    network = NWDDetectionModel


class NWDSegmentationTrainer(NWDTrainer, SegmentationTrainer):
    """Train an `NWDSegmentationModel`; arguments as ``SegmentationTrainer``."""

    network = NWDSegmentationModel


class WLNetTrainer(NWDSegmentationTrainer):
    """Train a `WLNetModel`; arguments as ``SegmentationTrainer``, Hyper-YOLO's recipe where the user says nothing."""

    network = WLNetModel
    recipe = recipes.WLNET


_TRAINERS: dict[type, type] = {
    trainer.network: trainer
    for trainer in (LIDDTrainer, MaskRCNNTrainer, NWDDetectionTrainer, NWDSegmentationTrainer, WLNetTrainer)
}


def part_for(model: Any, key: str) -> Any:
    """Return our class for one of Ultralytics' parts (``trainer``, ``validator``, ...), or None for the stock one."""
    return _TRAINERS.get(type(model)) if key == "trainer" else None
