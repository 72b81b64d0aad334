"""ShuffleUnit: the unit of ShuffleNetV2, the baseline's backbone.

Paper: LIDD-Net, table 2 (BaseLine row, NanoDet-Plus with ShuffleNetV2 1.0x); origin: Ma et al., ECCV 2018.
Differs from the origin: the activation is Ultralytics' ``Conv.default_act`` (LeakyReLU in NanoDet-Plus).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.channel_order import channel_shuffle


class ShuffleUnit(nn.Module):
    """Two parallel branches of half the output channels each, interleaved.

    At stride 1 the input is split in halves, one of which passes unchanged; at stride 2 both branches see all of it.

    Args:
        c1: Input channels.
        c2: Output channels, even.
        s: Stride, 1 (needs ``c1 == c2``) or 2.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, ceil(H / s), ceil(W / s))``

    Raises:
        ValueError: If ``c2`` is odd, ``s`` is neither 1 nor 2, or the channels differ at stride 1.

    Example:
        >>> ShuffleUnit(24, 116, 2)(torch.zeros(1, 24, 48, 48)).shape
        torch.Size([1, 116, 24, 24])
    """

    def __init__(self, c1: int, c2: int, s: int = 1) -> None:
        super().__init__()
        if c2 % 2:
            raise ValueError(f"ShuffleUnit has two equal branches, so its channels must be even, got {c2}")
        if s not in {1, 2}:
            raise ValueError(f"ShuffleUnit knows strides 1 and 2, got {s}")
        if s == 1 and c1 != c2:
            raise ValueError(f"ShuffleUnit keeps its channels at stride 1, got {c1} in and {c2} out")
        half = c2 // 2
        self.s = s
        self.side: nn.Module = nn.Identity()
        if s == 2:
            self.side = nn.Sequential(Conv(c1, c1, 3, 2, g=c1, act=False), Conv(c1, half, 1))
        self.main = nn.Sequential(
            Conv(half if s == 1 else c1, half, 1),
            Conv(half, half, 3, s, g=half, act=False),
            Conv(half, half, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Run both branches and shuffle their channels together."""
        side, main = x.chunk(2, 1) if self.s == 1 else (x, x)
        return channel_shuffle(torch.cat((self.side(side), self.main(main)), 1), 2)
