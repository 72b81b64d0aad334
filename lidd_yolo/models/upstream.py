"""What differs between the supported releases of Ultralytics, asked once.

Every undocumented name of Ultralytics that this package reads stands here or in ``connect.TOUCHED``.
"""

from __future__ import annotations

import inspect
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


@cache
def trainer_names_losses() -> bool:
    """Tell whether this release's trainer names the loss items, in ``get_validator``, and wants a vector of them.

    Up to 8.4.100 it does; from 8.4.125 the criterion returns a dict.
    """
    from ultralytics.models.yolo.detect import DetectionTrainer  # noqa: PLC0415 - the models need no trainer to load

    return "loss_names" in DetectionTrainer.get_validator.__code__.co_names


def loss_items(terms: dict[str, Tensor]) -> Any:
    """Return detached loss terms in the form this release's trainer and validator add up."""
    detached = {name: term.detach() for name, term in terms.items()}
    return torch.stack(list(detached.values())) if trainer_names_losses() else detached


_BOX_LOSS = (
    "pred_dist",
    "pred_bboxes",
    "anchor_points",
    "target_bboxes",
    "target_scores",
    "target_scores_sum",
    "fg_mask",
)


def box_criteria(criterion: Any) -> list[Any]:
    """Return the parts of a criterion that hold a ``bbox_loss``: itself, or the two of an end-to-end network.

    Raises:
        RuntimeError: If there is none, or it takes other arguments than those of the tested releases.
    """
    parts = [criterion.one2many, criterion.one2one] if hasattr(criterion, "one2one") else [criterion]
    for part in parts:
        loss = getattr(part, "bbox_loss", None)
        takes = tuple(inspect.signature(loss.forward).parameters)[: len(_BOX_LOSS)] if loss is not None else ()
        if takes != _BOX_LOSS or not hasattr(part, "stride"):
            raise RuntimeError(
                f"lidd_yolo: nwd cannot be blended into {type(part).__name__}: its box loss is not the one of "
                "Ultralytics' detection and segmentation networks. `lidd doctor` shows the tested releases."
            )
    return parts


def unwrapped(model: Any) -> Any:
    """Return the network inside the wrappers of torch.compile and distributed training.

    Ultralytics has a function for it, called ``de_parallel`` in older releases and ``unwrap_model`` in newer ones.
    """
    while inside := getattr(model, "_orig_mod", None) or getattr(model, "module", None):
        model = inside
    return model


def student(model: Any) -> Any:
    """Return the network that is trained inside all wrappers, that of Ultralytics' own distillation too."""
    inside = unwrapped(model)
    return getattr(inside, "student_model", inside)


def read_network(file: str | Path) -> Any:
    """Return the network of a checkpoint in float32; raises what Ultralytics raises. For releases that can distil."""
    from ultralytics.nn.tasks import load_checkpoint  # noqa: PLC0415 - has another name in the oldest releases

    return load_checkpoint(file)[0]
