"""Sum: add feature maps of one shape, a YAML row that Ultralytics lacks.

Paper: LIDD-Net, section 1.2 (the extra level P6 of RepGhostPAN); origin: NanoDet-Plus.
"""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor, nn


class Sum(nn.Module):
    """Add any number of feature maps.

    Shape:
        - Input: list of ``(B, C, H, W)``
        - Output: ``(B, C, H, W)``

    Example:
        >>> Sum()([torch.ones(1, 2, 3, 3), torch.ones(1, 2, 3, 3)]).max()
        tensor(2.)
    """

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return the sum of the maps, leaving them unchanged."""
        return reduce(torch.add, maps)  # a sum over a stack is a wrong number in ncnn, which has no such axis
