"""Channel shuffle: interleave the channels of parallel groups.

Paper: LIDD-Net, section 1.1.1 (last step of CSE) and the baseline's backbone; origin: Zhang et al., CVPR 2018.
"""

from __future__ import annotations

from torch import Tensor


def channel_shuffle(x: Tensor, groups: int = 2) -> Tensor:
    """Interleave ``groups`` equal runs of channels: with two, channels 0..3 become 0, 2, 1, 3.

    Args:
        x: Feature map, ``(B, C, H, W)`` with C divisible by ``groups``.
        groups: Number of runs.

    Returns:
        The same channels in the new order, ``(B, C, H, W)``.
    """
    b, c, h, w = x.shape
    return x.view(b, groups, c // groups, h, w).transpose(1, 2).reshape(b, c, h, w)
