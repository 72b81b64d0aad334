"""A Mask R-CNN that finds few objects, so that it is quick, with the arguments of a training run."""

from typing import Any

import torch
from torch import nn
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import yaml_model_load

from lidd_yolo.models.mask_rcnn import MaskRCNNModel

FEW = 5


def few_objects() -> dict[str, Any]:
    """Return the packaged YAML with `FEW` objects in a picture."""
    config: dict[str, Any] = yaml_model_load("maskrcnn.yaml")
    config["head"] = [[[-1], 1, "MaskRCNNSegment", ["nc", "resnet50", "None", FEW]]]
    return config


def build_mask_rcnn(*, seed: int = 0) -> MaskRCNNModel:
    """Return a network as a trainer hands it over."""
    torch.manual_seed(seed)
    model = MaskRCNNModel(few_objects(), verbose=False)
    model.args = get_cfg()
    return model


def keep_anchors(network: Any) -> None:
    """Make torchvision's network find its anchors, cut at the picture: untrained, it shrinks them to lines."""
    for layer in (network.rpn.head.bbox_pred, network.roi_heads.box_predictor.bbox_pred):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
