"""What differs between the supported releases of Ultralytics, asked once.

Every undocumented name of Ultralytics that this package reads stands here or in ``connect.TOUCHED``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from ultralytics.models.yolo.detect import DetectionTrainer

# Up to 8.4.100 the trainer names the loss items and wants a vector; from 8.4.125 the criterion returns a dict of them.
_ITEMS_ARE_NAMED = "loss_names" not in DetectionTrainer.get_validator.__code__.co_names


def loss_items(terms: dict[str, Tensor]) -> Any:
    """Return detached loss terms in the form this release's trainer and validator add up."""
    detached = {name: term.detach() for name, term in terms.items()}
    return detached if _ITEMS_ARE_NAMED else torch.stack(list(detached.values()))


def trainer_names_losses() -> bool:
    """Tell whether this release's trainer needs ``loss_names`` set in ``get_validator``."""
    return not _ITEMS_ARE_NAMED
