"""The order of a network's maps in memory: on a CPU channels-last, in which our many small convolutions copy nothing.

Own work; why: docs/decisions/0024-channels-last-on-a-cpu.md.
"""

from __future__ import annotations

import torch
from torch import nn


def prefer_channels_last(network: nn.Module) -> None:
    """Lay out the weights of a network on a CPU so that its maps come in channels-last order; same output.

    Args:
        network: Changed in place; left as it is on any other device.
    """
    if next(network.parameters()).device.type == "cpu":
        network.to(memory_format=torch.channels_last)
