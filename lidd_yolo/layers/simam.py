"""SimAM: parameter-free attention from the energy of each position.

Paper: LIDD-Net, section 1.1.1 (CSE); origin: Yang et al., ICML 2021, equation 5.
Differs from the paper: statistics in at least float32 whatever the input type, as the squares overflow float16; the
variance of a single position is 0 instead of undefined.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SimAM(nn.Module):
    """Weight every position by how much it differs from its channel's mean.

    ``out = x * sigmoid(d / (4 * (v + e_lambda)) + 0.5)`` with ``d = (x - mean)**2`` and v the unbiased variance over
    the H x W positions of one image and channel.

    Args:
        e_lambda: Regulariser added to the variance.

    Shape:
        - Input: ``(B, C, H, W)``
        - Output: ``(B, C, H, W)``, in the dtype of the input

    Example:
        >>> SimAM()(torch.zeros(1, 8, 32, 32)).shape
        torch.Size([1, 8, 32, 32])
    """

    fixed_size = False  # True while a file is made that takes maps of one size only

    def __init__(self, e_lambda: float = 1e-4) -> None:
        super().__init__()
        self.e_lambda = e_lambda

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted input."""
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        positions = x.shape[2] * x.shape[3]
        if self.fixed_size and positions > 1:
            return (wide * torch.sigmoid(self._normalised(wide, int(positions)).square() + 0.5)).to(x.dtype)
        deviation = wide - wide.mean((2, 3), keepdim=True)
        deviation = deviation.square() if wide.requires_grad else deviation.square_()
        # The mean, unlike the sum, stays small should a runtime execute it in half precision after all.
        variance = deviation.mean((2, 3), keepdim=True)
        spread = variance * (4 * positions / max(positions - 1, 1)) + 4 * self.e_lambda
        if wide.requires_grad:
            return (wide * torch.sigmoid(deviation / spread + 0.5)).to(x.dtype)
        return deviation.div_(spread).add_(0.5).sigmoid_().mul_(wide).to(x.dtype)

    def _normalised(self, x: Tensor, positions: int) -> Tensor:
        """Return the root of ``d / (4 * (v + e_lambda))`` as an instance normalisation, one operator in most runtimes.

        It divides by the biased variance ``v * (positions - 1) / positions``, so regulariser and scale shrink with it.
        """
        shrink = (positions - 1) / positions
        scale = torch.full((x.shape[1],), math.sqrt(shrink) / 2, dtype=x.dtype, device=x.device)
        return F.instance_norm(x, weight=scale, bias=torch.zeros_like(scale), eps=self.e_lambda * shrink)

    def extra_repr(self) -> str:
        """Show the regulariser."""
        return f"e_lambda={self.e_lambda}"
