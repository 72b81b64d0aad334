"""NWD: box similarity by the Wasserstein distance of two Gaussians.

Paper: WLNet, section 1.2, equations 2 to 4; origin: Wang et al., "A Normalized Gaussian Wasserstein Distance for Tiny
Object Detection", 2021. Differs from the paper: boxes and constant are in pixels, so that neither level nor input size
changes the value (docs/decisions/0011-nwd-in-pixels.md).
"""

from __future__ import annotations

import torch
from torch import Tensor

_EPSILON = 1e-7  # square pixels; the root's slope is infinite at 0


def nwd(pred_boxes_xyxy: Tensor, target_boxes_xyxy: Tensor, c: Tensor | float) -> Tensor:
    """Return ``exp(-W / c)`` of pairs of boxes, in float32 at least.

    ``W^2`` is the sum of the squared differences of centre x, centre y, half the width and half the height, which is
    half the sum of the squared differences of the four edges. The gradient is 0 where two boxes are equal.

    Args:
        pred_boxes_xyxy: Corners in pixels, shape ``(..., 4)``.
        target_boxes_xyxy: Corners in pixels, shape ``(..., 4)``.
        c: Distance in pixels at which the similarity has dropped to 1 / e.

    Returns:
        Similarity from 0 to 1, 1 for equal boxes, shape ``(..., 1)``.
    """
    exact = torch.promote_types(pred_boxes_xyxy.dtype, torch.float32)
    apart = pred_boxes_xyxy.to(exact) - target_boxes_xyxy.to(exact)
    squared = apart.square().sum(-1, keepdim=True) / 2
    return torch.exp((_EPSILON**0.5 - (squared + _EPSILON).sqrt()) / c)
