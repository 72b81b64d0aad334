"""GSConv and what is made of it: half of the channels convolved densely, the other half depthwise from the first.

Paper: WLNet, section 1.1, figures 2 and 3; origin: slim-neck (Li et al., 2022). The paper's GSConv has a 1x1 dense
convolution; the second one of a bottleneck is 3x3 here, as in the origin and as the paper's sizes need. Differs from
the origin: the convolution that VoVGSCSP declares but never runs is left out
(docs/decisions/0010-wlnet-from-its-sizes.md), and for inference the halves are no longer interleaved: inside a VoVGSCSP
the next convolution takes them one after the other.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.channel_order import channel_shuffle
from lidd_yolo.layers.reparam import fold_conv_block

_DEPTHWISE_KERNEL = 5


class GSConv(nn.Module):
    """Dense convolution to half of the channels, depthwise 5x5 of these as the other half, both interleaved.

    Args:
        c1: Input channels.
        c2: Output channels, even.
        k: Kernel size of the dense convolution.
        s: Stride of the dense convolution.
        act: Whether both convolutions are activated.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, ceil(H / s), ceil(W / s))``

    Raises:
        ValueError: If ``c2`` is odd.
    """

    interleaves: bool = True

    def __init__(self, c1: int, c2: int, k: int = 1, s: int = 1, act: bool = True) -> None:
        super().__init__()
        if c2 % 2:
            raise ValueError(f"GSConv: the number of output channels must be even, got {c2}")
        half = c2 // 2
        self.dense = Conv(c1, half, k, s, act=act)
        self.depthwise = Conv(half, half, _DEPTHWISE_KERNEL, g=half, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Return channels dense 0, depthwise 0, dense 1, depthwise 1, and so on."""
        dense = self.dense(x)
        halves = torch.cat((dense, self.depthwise(dense)), 1)
        return channel_shuffle(halves) if self.interleaves else halves


class GSBottleneck(nn.Module):
    """Two GSConvs beside a linear 1x1 convolution, added without activation.

    Args:
        c1: Input channels, even.
        c2: Output channels, even.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, H, W)``
    """

    def __init__(self, c1: int, c2: int) -> None:
        super().__init__()
        self.gs1 = GSConv(c1, c2, 1)
        self.gs2 = GSConv(c2, c2, 3, act=False)
        self.shortcut = Conv(c1, c2, 1, act=False)

    def forward(self, x: Tensor) -> Tensor:
        """Add the two paths."""
        out: Tensor = self.gs2(self.gs1(x)) + self.shortcut(x)
        return out

    def reparameterize(self) -> bool:
        """Let the second GSConv take the halves of the first one as they come; what comes in and goes out stays."""
        if not self.gs1.interleaves:
            return False
        self.gs1.interleaves = False
        _reorder(self.gs2.dense, inputs=_halves(self.gs2.dense.conv.in_channels))
        return True


class VoVGSCSP(nn.Module):
    """Cross stage partial block: GSBottlenecks on one half, a 1x1 convolution as the other, aggregated once.

    Args:
        c1: Input channels.
        c2: Output channels, a multiple of 4.
        n: Number of GSBottlenecks.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, H, W)``
    """

    def __init__(self, c1: int, c2: int, n: int = 1) -> None:
        super().__init__()
        half = c2 // 2
        self.main = nn.Sequential(Conv(c1, half, 1), *(GSBottleneck(half, half) for _ in range(n)))
        self.partial = Conv(c1, half, 1)
        self.merge = Conv(2 * half, c2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Run both paths on the input and mix them."""
        out: Tensor = self.merge(torch.cat((self.partial(x), self.main(x)), 1))
        return out

    def reparameterize(self) -> bool:
        """Let everything that takes the output of a GSBottleneck take its halves as they come."""
        bottlenecks: list[Any] = list(self.main)[1:]
        if not any(bottleneck.gs2.interleaves for bottleneck in bottlenecks):
            return False
        half = self.merge.conv.in_channels // 2
        order = _halves(half)
        for index, bottleneck in enumerate(bottlenecks):
            bottleneck.gs2.interleaves = False
            inputs = order if index else None  # the first one takes the output of a plain convolution
            _reorder(bottleneck.gs1.dense, inputs=inputs)
            _reorder(bottleneck.shortcut, inputs=inputs, outputs=order)
        _reorder(self.merge, inputs=torch.cat((torch.arange(half), half + order)))
        return True


def _halves(channels: int) -> Tensor:
    """Return the places in GSConv's order of its dense half and then of its depthwise half: 0, 2, ... 1, 3, ..."""
    return channel_shuffle(torch.arange(channels).view(1, -1, 1, 1), channels // 2).flatten()


def _reorder(block: Conv, *, inputs: Tensor | None = None, outputs: Tensor | None = None) -> None:
    """Rearrange a convolution of one group, its batch normalisation folded, to other orders of channels."""
    fold_conv_block(block)
    kernel, bias = block.conv.weight.detach(), block.conv.bias.detach()
    if inputs is not None:
        kernel = kernel[:, inputs.to(kernel.device)]
    if outputs is not None:
        kernel, bias = kernel[outputs.to(kernel.device)], bias[outputs.to(bias.device)]
    block.conv.weight, block.conv.bias = nn.Parameter(kernel.contiguous()), nn.Parameter(bias)
