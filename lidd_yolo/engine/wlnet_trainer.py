"""WLNet's trainer: Ultralytics' segmentation trainer that builds a `WLNetModel`.

Paper: WLNet, section 2. Differs from the paper so far: Ultralytics' training arguments instead of the paper's recipe.
"""

from __future__ import annotations

from typing import Any

from ultralytics.models.yolo.segment import SegmentationTrainer
from ultralytics.utils import RANK

from lidd_yolo.models.wlnet import WLNetModel


class WLNetTrainer(SegmentationTrainer):
    """Train a `WLNetModel`; arguments as ``SegmentationTrainer``."""

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> WLNetModel:
        """Return the network for this data set, with ``weights`` where they fit."""
        model = WLNetModel(cfg, nc=self.data["nc"], ch=self.data.get("channels", 3), verbose=verbose and RANK == -1)
        if getattr(self.args, "cls_remap", True):  # weights of the same class, by name, go to the same class
            model.names = self.data["names"]
        if weights:
            model.load(weights)
        return model
