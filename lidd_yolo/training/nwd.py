"""Trainers of networks with NWD in the box loss: they measure its constant on the training labels.

Paper: WLNet, section 1.2; the NWD paper's constant, the mean size of the objects, as a share of the input's side.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.models.yolo.segment import SegmentationTrainer
from ultralytics.utils import DEFAULT_CFG, LOGGER, RANK

from lidd_yolo.models.nwd import NWDDetectionModel, NWDSegmentationModel
from lidd_yolo.models.upstream import unwrapped
from lidd_yolo.models.wlnet import WLNetModel
from lidd_yolo.training import recipes
from lidd_yolo.training.callbacks import build_network, log_leak, train_channels_last


class NWDTrainer:
    """What a trainer of Ultralytics gains: our network, and its constant. Named before the class it extends."""

    network: type = NWDDetectionModel
    recipe: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self, cfg: Any = DEFAULT_CFG, overrides: dict[str, Any] | None = None, _callbacks: dict[str, Any] | None = None
    ) -> None:
        super().__init__(cfg, recipes.under(overrides, self.recipe), _callbacks)  # type: ignore[call-arg]
        self.add_callback("on_pretrain_routine_end", log_leak)  # type: ignore[attr-defined]
        self.add_callback("on_pretrain_routine_end", _measure)  # type: ignore[attr-defined]
        self.add_callback("on_train_start", train_channels_last)  # type: ignore[attr-defined]

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
        """Return the network for this data set, with ``weights`` where they fit."""
        return build_network(self, self.network, cfg, weights, verbose=verbose)


class NWDDetectionTrainer(NWDTrainer, DetectionTrainer):
    """Train an `NWDDetectionModel`; arguments as ``DetectionTrainer``."""


class NWDSegmentationTrainer(NWDTrainer, SegmentationTrainer):
    """Train an `NWDSegmentationModel`; arguments as ``SegmentationTrainer``."""

    network = NWDSegmentationModel


class WLNetTrainer(NWDSegmentationTrainer):
    """Train a `WLNetModel`; arguments as ``SegmentationTrainer``, Hyper-YOLO's recipe where the user says nothing."""

    network = WLNetModel
    recipe = recipes.WLNET


def mean_relative_size(dataset: Any) -> float:
    """Return the mean of ``sqrt(w h) / max(W, H)`` over the boxes of a data set of Ultralytics.

    Args:
        dataset: Training data set, or several joined, whose ``labels`` hold ``bboxes`` (centre and size as shares of
            the picture) and ``shape`` (height and width of the picture in pixels).

    Raises:
        ValueError: If there is no box.
    """
    labels = [label for part in getattr(dataset, "datasets", [dataset]) for label in part.labels]
    sizes = [
        np.sqrt(label["bboxes"][:, 2:].prod(1) * np.prod(label["shape"], dtype=float)) / max(label["shape"])
        for label in labels
    ]
    joined = np.concatenate(sizes) if sizes else np.empty(0)
    if not len(joined):
        raise ValueError("lidd_yolo: nwd: c_rel: auto needs boxes to measure and train has none; give it a number")
    return float(joined.mean())


def _measure(trainer: Any) -> None:
    """Measure ``c_rel: auto`` before the first epoch; a resumed run goes on with what its checkpoint holds."""
    model = unwrapped(trainer.model)
    if model.nwd is None or model.nwd.c_rel != "auto":
        return
    if not (trainer.args.resume and model.nwd.measured):
        model.set_measured(mean_relative_size(trainer.train_loader.dataset))
    if trainer.ema:
        trainer.ema.ema.set_measured(model.nwd.measured)
    if RANK in {-1, 0}:
        LOGGER.info(
            f"NWD: {1 - model.nwd.iou_weight:g} of the box loss, c_rel {model.nwd.measured:.4f} (mean box size)"
        )
