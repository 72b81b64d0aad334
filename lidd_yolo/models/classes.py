"""Which model class builds a YAML, and which classes of ours a checkpoint may name."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from lidd_yolo.layers import auxiliary_head, cse_chain, latm, prototypes
from lidd_yolo.layers import mask_rcnn as layers_mask_rcnn
from lidd_yolo.models import box_loss, criterion, lidd, mask_rcnn, nwd, wlnet
from lidd_yolo.models.guard import needs_our_class
from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.models.mask_rcnn import MaskRCNNModel
from lidd_yolo.models.nwd import NWDDetectionModel, NWDSegmentationModel
from lidd_yolo.models.registry import HEADS, ROWS, head_name
from lidd_yolo.models.wlnet import WLNetModel


def model_class(cfg: Any, task: str | None) -> type[nn.Module] | None:
    """Return our class for a model dictionary with a head or a section of ours, else None.

    Raises:
        ValueError: If the head, or the section, is for another task than the one asked for.
    """
    if not isinstance(cfg, dict) or not needs_our_class(cfg):
        return None
    name, file = head_name(cfg), cfg.get("yaml_file", "this model YAML")
    if name in HEADS:
        if task != HEADS[name].task:
            raise ValueError(
                f"{file} ends in {name}, which is for task={HEADS[name].task}; task={task} needs another head"
            )
        owners: dict[str, type[nn.Module]] = {
            "LIDDDetect": LIDDModel,
            "WLNetSegment": WLNetModel,
            "MaskRCNNSegment": MaskRCNNModel,
        }
        return owners[name]
    stock: dict[str | None, type[nn.Module]] = {"detect": NWDDetectionModel, "segment": NWDSegmentationModel}
    if task not in stock:
        raise ValueError(f"{file}: a lidd_yolo: section is for task=detect and task=segment, not task={task}")
    return stock[task]


def pickled_names() -> list[Any]:
    """Return every class of ours that a checkpoint may name, and the two functions."""
    named = [row.module for row in ROWS.values()] + [head.module for head in HEADS.values()]
    modules = {inspect.getmodule(module) for module in named}
    modules |= {auxiliary_head, box_loss, criterion, cse_chain, latm, lidd, layers_mask_rcnn, mask_rcnn, nwd, wlnet}
    classes = [
        c
        for module in {*modules, prototypes}
        if module is not None
        for _, c in inspect.getmembers(module, inspect.isclass)
        if c.__module__.startswith("lidd_yolo.")
    ]
    return [*classes, prototypes._merge, layers_mask_rcnn._in_float32]


def allow_pickled_names() -> None:
    """Name them to torch's restricted unpickler."""
    if hasattr(torch.serialization, "add_safe_globals"):
        torch.serialization.add_safe_globals(pickled_names())
