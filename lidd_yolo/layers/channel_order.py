"""Orders of channels moved into the weights of the next convolutions, so that nothing shuffles at inference.

For LIDD-Net, section 1.1.1 (the shuffle of CSE). An order lists, for each place of a map, the channel of the
trained network that stands there.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def order_inputs(conv: nn.Conv2d, order: Sequence[int]) -> None:
    """Let a convolution of one group read its inputs in the given order; its output stays.

    Raises:
        ValueError: If the order is not one of all input channels.
    """
    _check(order, conv.weight.shape[1], "input")
    conv.weight = nn.Parameter(conv.weight.detach()[:, _index(order, conv)].clone())


def order_outputs(conv: nn.Conv2d, order: Sequence[int]) -> None:
    """Let a convolution return its outputs in the given order; a depthwise one thereby reads its inputs in it too.

    Raises:
        ValueError: If the order is not one of all output channels.
    """
    _check(order, conv.weight.shape[0], "output")
    conv.weight = nn.Parameter(conv.weight.detach()[_index(order, conv)].clone())
    if conv.bias is not None:
        conv.bias = nn.Parameter(conv.bias.detach()[_index(order, conv)].clone())


def _index(order: Sequence[int], conv: nn.Conv2d) -> torch.Tensor:
    return torch.tensor(order, device=conv.weight.device)


def _check(order: Sequence[int], channels: int, side: str) -> None:
    if sorted(order) != list(range(channels)):
        raise ValueError(f"an order of {channels} {side} channels names each of them once, got {list(order)}")


def channel_shuffle(x: Tensor, groups: int = 2) -> Tensor:
    """Interleave ``groups`` equal runs of channels: with two, channels 0..3 become 0, 2, 1, 3.

    Args:
        x: Feature map, ``(B, C, H, W)`` with C divisible by ``groups``.
        groups: Number of runs.

    Returns:
        The same channels in the new order, ``(B, C, H, W)``.
    """
    b, c, h, w = x.shape
    return x.view(b, groups, c // groups, h, w).transpose(1, 2).reshape(b, c, h, w)
