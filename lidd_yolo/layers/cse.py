"""CSE: channel separation enhancement, the two blocks of the backbone CISB-Net.

Paper: LIDD-Net, section 1.1.1 (CSE-A and CSE-B); origin of the split: AugShuffleNet (Ye et al., 2022).
Differs from the paper: its subscripts contradict each other, so the AugShuffleNet reading is built, whose shares of
6/16, 5/16 and 5/16 close the channel count; the Add joins the enhanced map and its own input; CSE-A raises the
channels at the input resolution and reduces the idle channels by max-pooling. The parameter counts ask for both.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.do_conv import DOConvBN
from lidd_yolo.layers.shuffle import channel_shuffle
from lidd_yolo.layers.simam import SimAM


class _ChannelSeparation(nn.Module):
    """Convolve 6/16 of the channels, enhance half of the result with 5/16 of them, pass the rest on, and shuffle.

    Args:
        c: Channels in and out, divisible by 16.
        s: Stride, 1 or 2.
        pw_mul: Depth of D in the 1x1 DO-Conv; 0 means no D.

    Raises:
        ValueError: If ``c`` is not divisible by 16.
    """

    def __init__(self, c: int, s: int, pw_mul: int) -> None:
        super().__init__()
        if c <= 0 or c % 16:
            raise ValueError(f"CSE splits its channels 6:5:5, so they must be divisible by 16, got {c}")
        self.c_conv, self.c_idle = c * 6 // 16, c * 5 // 16
        self.pointwise = Conv(self.c_conv, self.c_conv, 1, act=False)
        self.depthwise = Conv(self.c_conv, self.c_conv, 3, s, g=self.c_conv, act=False)
        self.idle = nn.MaxPool2d(3, s, 1) if s > 1 else nn.Identity()
        self.attention = SimAM()
        self.enhance = DOConvBN(c // 2, c // 2, 1, pw_mul=pw_mul)

    def forward(self, x: Tensor) -> Tensor:
        """Run the five steps: split, convolve, enhance, add, shuffle."""
        active, idle = x.split([self.c_conv, 2 * self.c_idle], 1)
        passed, shared = self.depthwise(self.pointwise(active)).chunk(2, 1)
        idle_shared, idle_passed = self.idle(idle).chunk(2, 1)
        mixed = torch.cat((shared, idle_shared), 1)
        enhanced = mixed + self.enhance(self.attention(mixed))
        return channel_shuffle(torch.cat((passed, idle_passed, enhanced), 1), 2)


class CSEB(_ChannelSeparation):
    """CSE-B: channel separation enhancement at constant size.

    Args:
        c1: Input channels, divisible by 16.
        c2: Output channels, equal to ``c1``.
        pw_mul: Depth of D in the 1x1 DO-Conv; 0 means no D.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c1, H, W)``

    Raises:
        ValueError: If the channels differ or are not divisible by 16.

    Example:
        >>> CSEB(64, 64)(torch.zeros(1, 64, 24, 24)).shape
        torch.Size([1, 64, 24, 24])
    """

    def __init__(self, c1: int, c2: int, pw_mul: int = 0) -> None:
        if c1 != c2:
            raise ValueError(f"CSEB keeps its channels, got {c1} in and {c2} out")
        super().__init__(c1, 1, pw_mul)


class CSEA(_ChannelSeparation):
    """CSE-A: raise the channels, then channel separation enhancement at half the size.

    Args:
        c1: Input channels.
        c2: Output channels, divisible by 16.
        pw_mul: Depth of D in the 1x1 DO-Convs; 0 means no D.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, ceil(H / 2), ceil(W / 2))``

    Raises:
        ValueError: If ``c2`` is not divisible by 16.

    Example:
        >>> CSEA(24, 64)(torch.zeros(1, 24, 49, 48)).shape
        torch.Size([1, 64, 25, 24])
    """

    def __init__(self, c1: int, c2: int, pw_mul: int = 0) -> None:
        super().__init__(c2, 2, pw_mul)
        self.expand = DOConvBN(c1, c2, 1, pw_mul=pw_mul)

    def forward(self, x: Tensor) -> Tensor:
        """Raise the channels at the input resolution, then separate."""
        return super().forward(self.expand(x))
