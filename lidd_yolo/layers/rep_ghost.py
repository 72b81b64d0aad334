"""RepGhostBlock: a Ghost bottleneck with a multi-branch depthwise stage that folds into one convolution.

Paper: LIDD-Net, section 1.2 (RepGhostPAN); origins: GhostNet (Han et al., CVPR 2020) and MobileOne (Vasu et al.,
CVPR 2023). Differs from the paper: the branches are depthwise and stand between the two Ghost convolutions, and the
"single branch" is a batch normalisation of the input; the text leaves all three open.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from torch import Tensor, nn
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.ghost_pan import Ghost
from lidd_yolo.layers.reparam import (
    batch_norm_scale_shift,
    center_kernel,
    conv_from_kernel,
    fold_batch_norm,
    fold_conv_blocks,
)

_KERNEL = 3


class RepDepthwise(nn.Module):
    """One identity, n 1x1 and n 3x3 depthwise branches, added and activated; one depthwise 3x3 at inference.

    The branches run one after the other: as one grouped convolution they took 2 to 4 times as long on a CPU.

    Args:
        c: Channels in and out.
        n: Number of branches of each kernel size.

    Shape:
        - Input: ``(B, c, H, W)``
        - Output: ``(B, c, H, W)``
    """

    def __init__(self, c: int, n: int = 4) -> None:
        super().__init__()
        self.identity: nn.BatchNorm2d | None = nn.BatchNorm2d(c)
        self.branches: nn.ModuleList | None = nn.ModuleList(
            Conv(c, c, k, g=c, act=False) for k in (1, _KERNEL) for _ in range(n)
        )
        self.conv: nn.Conv2d | None = None
        self.act = deepcopy(Conv.default_act)

    def forward(self, x: Tensor) -> Tensor:
        """Add the branches, or run what they were merged into, and activate."""
        if self.identity is None or self.branches is None:
            assert self.conv is not None
            total = self.conv(x)
        else:
            total = self.identity(x)
            for branch in self.branches:
                total = total + branch(x)
        out: Tensor = self.act(total)
        return out

    def reparameterize(self) -> bool:
        """Merge the branches into one depthwise 3x3 convolution; return whether there were any left."""
        if self.identity is None or self.branches is None:
            return False
        branches: list[Any] = list(self.branches)
        weight: Tensor = branches[0].conv.weight
        scale, bias = batch_norm_scale_shift(self.identity)
        kernel = center_kernel(scale.view(-1, 1, 1, 1), _KERNEL)
        for branch in branches:
            part, shift = fold_batch_norm(branch.conv.weight.detach().cpu().double(), None, branch.bn)
            kernel, bias = kernel + center_kernel(part, _KERNEL), bias + shift
        self.conv = conv_from_kernel(kernel.to(weight), bias.to(weight), padding=1, groups=len(bias))
        self.identity = self.branches = None
        return True


class RepGhostBlock(nn.Module):
    """Two Ghost convolutions with the multi-branch stage between them, beside a depthwise separable shortcut.

    Args:
        c1: Input channels.
        c2: Output channels, even.
        k: Kernel size of the depthwise operations of the Ghost convolutions and the shortcut.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, H, W)``

    Raises:
        ValueError: If ``c2`` is odd.

    Example:
        >>> import torch
        >>> RepGhostBlock(192, 96)(torch.zeros(1, 192, 12, 12)).shape
        torch.Size([1, 96, 12, 12])
    """

    def __init__(self, c1: int, c2: int, k: int = 5) -> None:
        super().__init__()
        self.expand = Ghost(c1, c2, k)
        self.branches = RepDepthwise(c2)
        self.project = Ghost(c2, c2, k, act=False)
        self.shortcut = nn.Sequential(Conv(c1, c1, k, g=c1, act=False), Conv(c1, c2, 1, act=False))

    def forward(self, x: Tensor) -> Tensor:
        """Add the two paths."""
        out: Tensor = self.project(self.branches(self.expand(x))) + self.shortcut(x)
        return out

    def reparameterize(self) -> bool:
        """Merge the branches and fold every batch normalisation of the block; return whether any was left."""
        merged = self.branches.reparameterize()
        return fold_conv_blocks(self) > 0 or merged
