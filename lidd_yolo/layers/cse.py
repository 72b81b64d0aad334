"""CSE: channel separation enhancement, the two blocks of the backbone CISB-Net.

Paper: LIDD-Net, section 1.1.1 (CSE-A and CSE-B); origin of the split: AugShuffleNet (Ye et al., 2022).
Differs from the paper: its subscripts contradict each other, so the AugShuffleNet reading is built, whose shares of
6/16, 5/16 and 5/16 close the channel count; the Add joins the enhanced map and its own input; CSE-A raises the
channels at the input resolution and reduces the idle channels by max-pooling. The parameter counts ask for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.channel_order import channel_shuffle
from lidd_yolo.layers.do_conv import DOConvBN
from lidd_yolo.layers.reparam import conv_from_kernel, fold_conv_block
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

    shuffles = True  # False where the next weights have been rearranged instead

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

    def forward(self, x: Tensor) -> Any:
        """Run the five steps: split, convolve, enhance, add, shuffle."""
        return self._separated(*x.split([self.c_conv, 2 * self.c_idle], 1))

    def _separated(self, active: Tensor, idle: Tensor) -> Tensor:
        idle_shared, idle_passed = self.idle(idle).chunk(2, 1)
        passed, enhanced = self.separate(active, [idle_shared])
        joined = torch.cat((passed, idle_passed, enhanced), 1)
        return channel_shuffle(joined, 2) if self.shuffles else joined

    def separate(self, active: Tensor, shared: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Convolve and enhance.

        Args:
            active: The 6/16 of the channels that are convolved.
            shared: Maps that together hold the 5/16 that are enhanced, at the output's size.

        Returns:
            The half of the convolved channels that passes on, and the enhanced 8/16.
        """
        passed, convolved = self.depthwise(self.pointwise(active)).chunk(2, 1)
        mixed = torch.cat((convolved, *shared), 1)
        return passed, mixed + self.enhance(self.attention(mixed))


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

    def forward(self, x: Tensor, shared: Sequence[Tensor] | None = None) -> Any:
        """Run the five steps; given ``shared``, as a `CSEBChain` does, only those of `separate`."""
        return super().forward(x) if shared is None else self.separate(x, shared)


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
        self.expand: Conv | None = DOConvBN(c1, c2, 1, pw_mul=pw_mul)

    def forward(self, x: Tensor) -> Tensor:
        """Raise the channels at the input resolution, then separate."""
        if self.expand is None:
            return self._separated(self.expand_active(x), self.expand_idle(x))
        out: Tensor = super().forward(self.expand(x))
        return out

    def fold_batch_norm(self) -> bool:
        """Divide the expansion into that of the active and that of the idle channels; return whether it was whole.

        Both read the same input, and neither of the two results needs to be cut out of a larger one.
        """
        if self.expand is None:
            return False
        fold_conv_block(self.expand)
        self.expand_active, self.expand_idle = deepcopy(self.expand), deepcopy(self.expand)
        conv, sizes = self.expand.conv, [self.c_conv, 2 * self.c_idle]
        parts = zip(conv.weight.split(sizes), conv.bias.split(sizes), strict=True)
        for block, (kernel, bias) in zip((self.expand_active, self.expand_idle), parts, strict=True):
            block.conv = conv_from_kernel(kernel, bias)
        self.expand = None
        return True

    def order(self) -> list[int]:
        """Return the channel at each place of the output where it is left unshuffled."""
        half = (self.c_conv + 2 * self.c_idle) // 2
        return [*range(0, 2 * half, 2), *range(1, 2 * half, 2)]
