"""Reparameterisation: fold batch normalisation into convolutions and merge parallel branches.

Paper: LIDD-Net, section 1.1 (DO-Conv) and section 1.2 (RepGhostPAN), both merged for inference; origin of the verb:
MobileOne (Vasu et al., CVPR 2023). Differs from the paper, which gives no procedure: every sum is formed in float64
on the CPU and cast back, because a small running variance makes float32 sums visibly inexact.

The contract of ``reparameterize()``: it acts once and a second call is harmless, it works on any dtype and device,
deletes the training branches and keeps the output of the module in eval mode.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from ultralytics.nn.modules import Conv
from ultralytics.nn.modules.conv import Conv2


@runtime_checkable
class Reparameterizable(Protocol):
    """A module that can merge its training branches into its inference form."""

    def reparameterize(self) -> bool:
        """Merge the training branches in place; return whether there was anything left to merge."""


@runtime_checkable
class BatchNormFoldable(Protocol):
    """A module whose batch normalisation is not part of an Ultralytics ``Conv`` and which folds it itself."""

    def fold_batch_norm(self) -> bool:
        """Fold the batch normalisation in place; return whether there was any left."""


def batch_norm_scale_shift(bn: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return what a batch normalisation does in eval mode, as ``scale * x + shift``.

    Args:
        bn: Batch normalisation with running statistics and affine parameters.

    Returns:
        Scale and shift, each ``(C,)`` in float64 on the CPU.

    Raises:
        ValueError: If ``bn`` keeps no running statistics.
    """
    if bn.running_mean is None or bn.running_var is None:
        raise ValueError("cannot fold a batch normalisation without running statistics")
    mean, var, gamma, beta = (_as_float64(t) for t in (bn.running_mean, bn.running_var, bn.weight, bn.bias))
    scale = gamma / torch.sqrt(var + bn.eps)
    return scale, beta - scale * mean


def fold_batch_norm(kernel: Tensor, bias: Tensor | None, bn: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Fold the batch normalisation that follows a convolution into its kernel and bias.

    Args:
        kernel: Convolution kernel, ``(C_out, C_in / groups, k, k)``.
        bias: Convolution bias, ``(C_out,)``, or None.
        bn: Batch normalisation of ``C_out`` channels.

    Returns:
        Folded kernel and bias, in the dtype and on the device of ``kernel``.

    Raises:
        ValueError: If ``bn`` keeps no running statistics.
    """
    scale, shift = batch_norm_scale_shift(bn)
    folded_kernel = _as_float64(kernel) * scale.view(-1, 1, 1, 1)
    folded_bias = shift if bias is None else shift + scale * _as_float64(bias)
    return folded_kernel.to(kernel), folded_bias.to(kernel)


def center_kernel(kernel: Tensor, k: int) -> Tensor:
    """Zero-pad a square kernel ``(C_out, C_in, j, j)`` to ``(C_out, C_in, k, k)``; ``k - j`` must be even."""
    margin = (k - kernel.shape[-1]) // 2
    return F.pad(kernel, [margin] * 4)


def conv_from_kernel(
    kernel: Tensor, bias: Tensor | None, *, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
) -> nn.Conv2d:
    """Build a plain convolution that holds the given kernel ``(C_out, C_in / groups, k, k)`` and bias ``(C_out,)``."""
    c2, c1, k = kernel.shape[0], kernel.shape[1] * groups, kernel.shape[2]
    conv = nn.Conv2d(c1, c2, k, stride, padding, dilation, groups, bias=bias is not None, device="meta")
    conv.weight = nn.Parameter(kernel.detach().clone())
    conv.bias = None if bias is None else nn.Parameter(bias.detach().clone())
    return conv


def fold_conv_block(block: Conv) -> bool:
    """Fold the batch normalisation of an Ultralytics ``Conv`` in place, exactly as its own ``fuse`` marks it.

    Args:
        block: Block with ``conv``, ``bn`` and ``act``; a block without ``bn`` is already folded.

    Returns:
        Whether there was a batch normalisation to fold.

    Raises:
        ValueError: If ``bn`` keeps no running statistics.
    """
    if not hasattr(block, "bn"):
        return False
    conv = block.conv
    kernel, bias = fold_batch_norm(conv.weight, conv.bias, block.bn)
    conv.weight, conv.bias = nn.Parameter(kernel), nn.Parameter(bias)
    del block.bn
    block.forward = block.forward_fuse  # what BaseModel.fuse does
    return True


def fold_conv_blocks(module: nn.Module) -> int:
    """Fold every Ultralytics ``Conv`` inside ``module`` in place and return how many were folded."""
    blocks = [m for m in module.modules() if isinstance(m, Conv) and not isinstance(m, Conv2)]
    return sum(fold_conv_block(block) for block in blocks)


def reparameterize_model(model: nn.Module) -> int:
    """Call ``reparameterize()`` on every submodule that has it, in place, parents before children.

    Args:
        model: Any module; fold a copy if training is to go on.

    Returns:
        Number of modules that were merged; 0 on a second call.
    """
    count = int(bool(model.reparameterize())) if isinstance(model, Reparameterizable) else 0
    # A parent may have replaced its children, so they are listed only now.
    return count + sum(reparameterize_model(child) for child in model.children())


def fold_all_batch_norm(model: nn.Module) -> int:
    """Reparameterise ``model`` and then fold every batch normalisation that follows a convolution, in place.

    Args:
        model: Any module; fold a copy if training is to go on.

    Returns:
        Number of modules that were changed; 0 on a second call.
    """
    count = reparameterize_model(model)
    foldable = [m for m in model.modules() if isinstance(m, BatchNormFoldable)]
    return count + sum(bool(m.fold_batch_norm()) for m in foldable) + fold_conv_blocks(model)


def _as_float64(tensor: Tensor) -> Tensor:
    """Return a detached float64 copy on the CPU; not every accelerator knows float64."""
    return tensor.detach().cpu().double()
