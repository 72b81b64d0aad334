"""Quality focal loss: class scores that predict the IoU of the box (Li et al., 2020, equation 5).

LIDD-Net does not name its loss; its hyper-parameters are NanoDet-Plus's, whose class loss this is.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def quality_focal_loss(logits: Tensor, quality: Tensor, beta: float = 2.0) -> Tensor:
    """Return ``|quality - sigmoid(z)|^beta * BCE(z, quality)`` for every element.

    Args:
        logits: Class logits z.
        quality: Targets 0-1: the IoU at the class of an assigned anchor point, 0 elsewhere.
        beta: Focus on wrong scores; 0 gives plain binary cross-entropy.

    Shape:
        - logits, quality, output: equal, any shape
    """
    error = (quality - logits.sigmoid()).abs()
    return F.binary_cross_entropy_with_logits(logits, quality, reduction="none") * error.pow(beta)
