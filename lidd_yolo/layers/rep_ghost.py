"""RepGhostBlock: a Ghost bottleneck with a multi-branch depthwise stage that folds into one convolution.

Paper: LIDD-Net, section 1.2 (RepGhostPAN); origins: GhostNet (Han et al., CVPR 2020) and MobileOne (Vasu et al.,
CVPR 2023). Differs from the paper: the branches are depthwise and stand between the two Ghost convolutions, and the
"single branch" is a batch normalisation of the input; the text leaves all three open.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F
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


class DepthwiseBranches(nn.Module):
    """Sum of n parallel depthwise convolutions, each with its own batch normalisation.

    One convolution and one normalisation hold the parameters of all branches (branch j has channels ``j * c`` to
    ``(j + 1) * c``). In training branches with neighbours (k > 1) run one by one: as one grouped convolution they take
    two to four times as long on a CPU (docs/decisions/0005-branches-one-by-one.md). Branches without (k = 1) only scale
    their input, so its mean and variance give those of all of them. In eval mode their sum is one convolution.

    Args:
        c: Channels in and out.
        k: Kernel size, odd.
        n: Number of branches.

    Shape:
        - Input: ``(B, c, H, W)``
        - Output: ``(B, c, H, W)``
    """

    def __init__(self, c: int, k: int, n: int = 4) -> None:
        super().__init__()
        self.c, self.n = c, n
        self.conv = nn.Conv2d(c * n, c * n, k, padding=k // 2, groups=c * n, bias=False)
        self.bn = nn.BatchNorm2d(c * n)

    def forward(self, x: Tensor) -> Tensor:
        """Add the normalised responses of all branches."""
        if not self.bn.training:
            kernel, bias = self._sum(self.conv.weight, *self._statistics())
            return F.conv2d(x, kernel, bias, padding=self.conv.padding, groups=self.c)
        momentum = self._momentum()
        return self._scaled(x, momentum) if self.conv.kernel_size == (1, 1) else self._one_by_one(x, momentum)

    def _one_by_one(self, x: Tensor, momentum: float) -> Tensor:
        total = torch.zeros_like(x)
        bn = self.bn
        branches = (self.conv.weight, *self._statistics(), bn.weight, bn.bias)
        for kernel, mean, var, weight, bias in zip(*(t.split(self.c) for t in branches), strict=True):
            response = F.conv2d(x, kernel, padding=self.conv.padding, groups=self.c)
            total = total + F.batch_norm(response, mean, var, weight, bias, True, momentum, bn.eps)
        return total

    def _scaled(self, x: Tensor, momentum: float) -> Tensor:
        """Return ``sum_j gamma_j (w_j x - mean(w_j x)) / sqrt(var(w_j x) + eps) + beta_j``, where k = 1."""
        var, mean = torch.var_mean(x.float() if x.dtype is torch.float16 else x, (0, 2, 3), correction=0)
        factor = self.conv.weight.flatten()
        var, mean = factor.square() * var.repeat(self.n), factor * mean.repeat(self.n)
        with torch.no_grad():
            count = x.numel() // self.c
            running_mean, running_var = self._statistics()
            running_mean.lerp_(mean.to(running_mean), momentum)
            running_var.lerp_(var.to(running_var) * (count / max(count - 1, 1)), momentum)
        scale, shift = self._sum(self.conv.weight, mean, var)
        return x * scale.view(-1, 1, 1).to(x) + shift.view(-1, 1, 1).to(x)

    def _sum(self, kernel: Tensor, mean: Tensor, var: Tensor) -> tuple[Tensor, Tensor]:
        """Return kernel ``(c, 1, k, k)`` and bias ``(c,)`` of the sum, given the statistics of all branches."""
        scale = self.bn.weight * (var + self.bn.eps).rsqrt()
        bias = self.bn.bias - scale * mean
        kernel = kernel * scale.view(-1, 1, 1, 1)
        return kernel.view(self.n, self.c, *kernel.shape[1:]).sum(0), bias.view(self.n, self.c).sum(0)

    def _momentum(self) -> float:
        """Count a training batch and return its weight in the statistics, as ``nn.BatchNorm2d`` does.

        Without a momentum all batches weigh the same, which is how statistics are measured anew.
        """
        bn, count = self.bn, self.bn.num_batches_tracked
        if not bn.training or count is None:
            return 0.0
        count.add_(1)
        return 1 / float(count) if bn.momentum is None else bn.momentum

    def _statistics(self) -> tuple[Tensor, Tensor]:
        assert self.bn.running_mean is not None
        assert self.bn.running_var is not None
        return self.bn.running_mean, self.bn.running_var

    def merged(self) -> tuple[Tensor, Tensor]:
        """Return the one kernel ``(c, 1, k, k)`` and bias ``(c,)`` of the sum, in float64 on the CPU."""
        kernel, bias = fold_batch_norm(self.conv.weight.detach().cpu().double(), None, self.bn)
        return kernel.view(self.n, self.c, *kernel.shape[1:]).sum(0), bias.view(self.n, self.c).sum(0)


class RepDepthwise(nn.Module):
    """One identity, n 1x1 and n 3x3 depthwise branches, added and activated; one depthwise 3x3 at inference.

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
        self.point: DepthwiseBranches | None = DepthwiseBranches(c, 1, n)
        self.spatial: DepthwiseBranches | None = DepthwiseBranches(c, _KERNEL, n)
        self.conv: nn.Conv2d | None = None
        self.act = deepcopy(Conv.default_act)

    def forward(self, x: Tensor) -> Tensor:
        """Add the branches, or run what they were merged into, and activate."""
        if self.identity is None or self.point is None or self.spatial is None:
            assert self.conv is not None
            total = self.conv(x)
        else:
            total = self.identity(x) + self.point(x) + self.spatial(x)
        out: Tensor = self.act(total)
        return out

    def reparameterize(self) -> bool:
        """Merge the branches into one depthwise 3x3 convolution; return whether there were any left."""
        if self.identity is None or self.point is None or self.spatial is None:
            return False
        scale, shift = batch_norm_scale_shift(self.identity)
        point_kernel, point_bias = self.point.merged()
        kernel, bias = self.spatial.merged()
        kernel = kernel + center_kernel(point_kernel + scale.view(-1, 1, 1, 1), _KERNEL)
        weight = self.spatial.conv.weight
        bias = bias + point_bias + shift
        self.conv = conv_from_kernel(kernel.to(weight), bias.to(weight), padding=1, groups=len(bias))
        self.identity = self.point = self.spatial = None
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
