"""Generalized focal loss: class scores that predict the IoU of the box, sides of the box as distributions.

LIDD-Net does not name its losses; its hyper-parameters are NanoDet-Plus's, whose losses these are. Origin: Li et al.,
"Generalized Focal Loss", 2020.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def quality_focal_loss(logits: Tensor, quality: Tensor, beta: float = 2.0) -> Tensor:
    """Return ``|quality - sigmoid(z)|^beta * BCE(z, quality)`` for every element (equation 5).

    Args:
        logits: Class logits z.
        quality: Targets 0-1: the IoU at the class of an assigned anchor point, 0 elsewhere.
        beta: Focus on wrong scores; 0 gives plain binary cross-entropy.

    Shape:
        - logits, quality, output: equal, any shape
    """
    error = (quality - logits.sigmoid()).abs()
    return F.binary_cross_entropy_with_logits(logits, quality, reduction="none") * error.pow(beta)


def distribution_focal_loss(logits: Tensor, distance: Tensor) -> Tensor:
    """Return ``-(a + 1 - d) log p_a - (d - a) log p_(a+1)`` with ``a = floor(d)`` for every box side (equation 6).

    Args:
        logits: One logit for each whole distance 0 .. bins - 1, in grid cells.
        distance: True distances d in grid cells; clamped to ``[0, bins - 1.1]``, so that a + 1 is a bin.

    Shape:
        - logits: ``(..., bins)``
        - distance, output: ``(...)``
    """
    bins = logits.shape[-1]
    distance = distance.clamp(0, bins - 1 - 0.1)
    below = distance.floor()
    log_p = F.log_softmax(logits, -1)
    near = log_p.gather(-1, below.long().unsqueeze(-1)).squeeze(-1)
    far = log_p.gather(-1, below.long().unsqueeze(-1) + 1).squeeze(-1)
    return -((below + 1 - distance) * near + (distance - below) * far)
