"""GhostBlock: the block of the baseline's neck, GhostPAN.

Paper: LIDD-Net, table 2 (BaseLine and +CISB-Net rows); origin: NanoDet-Plus, after GhostNet (Han et al., CVPR 2020).
Differs from the paper, which does not describe it: as in NanoDet-Plus the cheap operation is 3x3 whatever the kernel
of the shortcut.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from ultralytics.nn.modules import Conv


class Ghost(nn.Module):
    """Half of the channels from a 1x1 convolution, the other half from a depthwise convolution of the first.

    Args:
        c1: Input channels.
        c2: Output channels, even.
        k: Kernel size of the depthwise (cheap) operation.
        act: Whether both convolutions are activated.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, H, W)``

    Raises:
        ValueError: If ``c2`` is odd.
    """

    def __init__(self, c1: int, c2: int, k: int = 3, *, act: bool = True) -> None:
        super().__init__()
        if c2 % 2:
            raise ValueError(f"Ghost makes half of its channels from the other half, so they must be even, got {c2}")
        self.primary = Conv(c1, c2 // 2, 1, act=act)
        self.cheap = Conv(c2 // 2, c2 // 2, k, g=c2 // 2, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Concatenate the primary and the cheap half."""
        primary = self.primary(x)
        return torch.cat((primary, self.cheap(primary)), 1)


class GhostBlock(nn.Module):
    """Two Ghost convolutions beside a depthwise separable shortcut.

    Args:
        c1: Input channels.
        c2: Output channels, even.
        k: Kernel size of the shortcut.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, H, W)``

    Raises:
        ValueError: If ``c2`` is odd.

    Example:
        >>> GhostBlock(192, 96)(torch.zeros(1, 192, 12, 12)).shape
        torch.Size([1, 96, 12, 12])
    """

    def __init__(self, c1: int, c2: int, k: int = 5) -> None:
        super().__init__()
        self.expand = Ghost(c1, c2)
        self.project = Ghost(c2, c2, act=False)
        self.shortcut = nn.Sequential(Conv(c1, c1, k, g=c1, act=False), Conv(c1, c2, 1, act=False))

    def forward(self, x: Tensor) -> Tensor:
        """Add the two paths."""
        out: Tensor = self.project(self.expand(x)) + self.shortcut(x)
        return out
