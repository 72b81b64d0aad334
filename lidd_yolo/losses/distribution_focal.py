"""Distribution focal loss: a box side as a distribution over whole distances (Li et al., 2020, equation 6)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def distribution_focal_loss(logits: Tensor, distance: Tensor) -> Tensor:
    """Return ``-(a + 1 - d) log p_a - (d - a) log p_(a+1)`` with ``a = floor(d)`` for every box side.

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
