"""MSFFM: multi-scale feature fusion from one depthwise kernel at three dilations and a pooled branch.

Paper: LIDD-Net, section 1.1.2 (MSFFM).
Differs from the paper: rates 1, 2, 3, a batch normalisation and activation per rate, depthwise kernels and the plain
sum are our choices, made so that the block counts 44 832 parameters at 256 channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import reduce
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.channel_order import order_inputs, order_outputs
from lidd_yolo.layers.do_conv import DOConv2d, DOConvBN
from lidd_yolo.layers.reparam import conv_from_kernel, fold_batch_norm


class SharedDilatedConv(nn.Module):
    """Sum of one depthwise 3x3 kernel applied at several dilations, each with its own normalisation and activation.

    Args:
        c: Channels in and out.
        rates: Dilations; the padding equals the dilation.

    Shape:
        - Input: ``(B, c, H, W)``
        - Output: ``(B, c, H, W)``
    """

    def __init__(self, c: int, rates: tuple[int, ...] = (1, 2, 3)) -> None:
        super().__init__()
        self.rates = rates
        self.weight: nn.Parameter | None = nn.Parameter(nn.Conv2d(c, c, 3, groups=c, bias=False).weight.detach())
        self.bns = nn.ModuleList(nn.BatchNorm2d(c) for _ in rates)
        self.convs = nn.ModuleList()
        self.act = deepcopy(Conv.default_act)

    def forward(self, x: Tensor) -> Tensor:
        """Add the activated responses at all dilations."""
        # one by one: a sum over a stack is a wrong number in ncnn, which has no such axis
        out: Tensor = reduce(torch.add, [self.act(response) for response in self._responses(x)])
        return out

    def _responses(self, x: Tensor) -> list[Tensor]:
        """Return the normalised response at each dilation."""
        if self.weight is None:
            return [conv(x) for conv in self.convs]
        c, kernel = x.shape[1], self.weight
        pairs = zip(self.rates, self.bns, strict=True)
        return [bn(F.conv2d(x, kernel, padding=rate, dilation=rate, groups=c)) for rate, bn in pairs]

    def fold_batch_norm(self) -> bool:
        """Replace the shared kernel by one folded convolution per dilation; return whether it was still shared.

        The kernel can no longer be shared, which costs ``len(rates) - 1`` more kernels but one pass less per
        dilation. The total of 626 248 parameters given for the folded network counts three kernels.
        """
        if self.weight is None:
            return False
        c = self.weight.shape[0]
        for rate, bn in zip(self.rates, self.bns, strict=True):
            kernel, bias = fold_batch_norm(self.weight, None, cast("nn.BatchNorm2d", bn))
            self.convs.append(conv_from_kernel(kernel, bias, padding=rate, dilation=rate, groups=c))
        self.weight, self.bns = None, nn.ModuleList()
        return True


class MSFFM(nn.Module):
    """Add to the input three dilated depthwise responses and a squeezed, pooled context.

    Args:
        c1: Input channels, divisible by 16.
        c2: Output channels, equal to ``c1``.
        pw_mul: Depth of D in the 1x1 DO-Conv; 0 means no D.
        rates: Dilations of the shared kernel.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c1, H, W)``

    Raises:
        ValueError: If the channels differ or are not divisible by 16, or a rate is smaller than 1.

    Example:
        >>> MSFFM(256, 256)(torch.zeros(2, 256, 7, 6)).shape
        torch.Size([2, 256, 7, 6])
    """

    def __init__(self, c1: int, c2: int, pw_mul: int = 0, rates: Sequence[int] = (1, 2, 3)) -> None:
        super().__init__()
        if not rates or min(rates) < 1:
            raise ValueError(f"MSFFM needs dilations of at least 1, got {list(rates)}")
        if c1 != c2:
            raise ValueError(f"MSFFM keeps its channels, got {c1} in and {c2} out")
        if c1 <= 0 or c1 % 16:
            raise ValueError(f"MSFFM squeezes to 1/16, so the channels must be divisible by 16, got {c1}")
        self.dilated = SharedDilatedConv(c1, tuple(rates))
        self.pool = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
        self.squeeze = DOConvBN(c1, c1 // 16, 3)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        self.restore: nn.Conv2d = DOConv2d(c1 // 16, c1, 1, pw_mul=pw_mul)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of the five branches."""
        h, w = x.shape[2:]
        # A fixed factor and a crop, because a size taken from the input exports as a data-dependent resize.
        context = self.upsample(self.squeeze(self.pool(x)))[..., :h, :w]
        out: Tensor = x + self.dilated(x) + self.restore(context)
        return out

    def reparameterize(self) -> bool:
        """Replace the DO-Convs by plain convolutions; return whether there were any left."""
        merged = self.squeeze.reparameterize()
        if isinstance(self.restore, DOConv2d):
            self.restore = self.restore.to_conv2d()
            merged = True
        return merged

    def fold_batch_norm(self) -> bool:
        """Fold the normalisation of the dilated branches; return whether there was any left."""
        return self.dilated.fold_batch_norm()

    def reorder(self, order: Sequence[int]) -> None:
        """Take and return the channels in another order; all must be folded.

        Args:
            order: The channel at each place of the input, and of the output.
        """
        for conv in [*self.dilated.convs, self.restore]:
            order_outputs(cast("nn.Conv2d", conv), order)
        order_inputs(self.squeeze.conv, order)
