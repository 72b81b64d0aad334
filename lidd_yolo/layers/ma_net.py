"""MANet: mixed aggregation of a 1x1, a depthwise and a chain of 3x3 convolutions.

Paper: WLNet, section 1 (its baseline, Hyper-YOLO); origin: Feng et al., Hyper-YOLO, TPAMI 2024.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from ultralytics.nn.modules import Conv
from ultralytics.nn.modules.block import Bottleneck


class MANet(nn.Module):
    """Three kinds of convolution on one projected map, every stage of the chain kept, all mixed by a 1x1 convolution.

    Args:
        c1: Input channels.
        c2: Output channels, even.
        n: Number of bottlenecks in the chain.
        shortcut: Whether each bottleneck adds its input.
        p: Widening of the depthwise path.
        k: Kernel size of the depthwise path, odd.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, H, W)``

    Raises:
        ValueError: If ``c2`` is odd.
    """

    def __init__(self, c1: int, c2: int, n: int = 1, shortcut: bool = False, p: int = 1, k: int = 3) -> None:
        super().__init__()
        if c2 % 2:
            raise ValueError(f"MANet: the number of output channels must be even, got {c2}")
        half = c2 // 2
        wide = p * 2 * half
        self.stem = Conv(c1, 2 * half, 1)
        self.point = Conv(2 * half, half, 1)
        self.separable = nn.Sequential(Conv(2 * half, wide, 1), Conv(wide, wide, k, g=wide), Conv(wide, half, 1))
        self.chain = nn.ModuleList(Bottleneck(half, half, shortcut, k=(3, 3), e=1.0) for _ in range(n))
        self.merge = Conv((4 + n) * half, c2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Concatenate point, separable, both halves of the stem and all stages of the chain, and mix them."""
        stem = self.stem(x)
        stages = [self.point(stem), self.separable(stem), stem]
        stage = stem[:, stem.shape[1] // 2 :]
        for bottleneck in self.chain:
            stage = bottleneck(stage)
            stages.append(stage)
        out: Tensor = self.merge(torch.cat(stages, 1))
        return out
