"""What differs between the supported releases of Ultralytics, asked once.

Every undocumented name of Ultralytics that this package reads stands here or in ``connect.TOUCHED``.
"""

from __future__ import annotations

from functools import cache
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


def unwrapped(model: Any) -> Any:
    """Return the network inside the wrappers of torch.compile and distributed training.

    Ultralytics has a function for it, called ``de_parallel`` in older releases and ``unwrap_model`` in newer ones.
    """
    while inside := getattr(model, "_orig_mod", None) or getattr(model, "module", None):
        model = inside
    return model
