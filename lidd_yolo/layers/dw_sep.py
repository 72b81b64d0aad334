"""DWSep: depthwise separable convolution, in the neck (stride 2) and the head's towers.

Paper: LIDD-Net, section 1.2 (RepGhostPAN) and the detection head; origin: NanoDet-Plus, after MobileNet.
"""

from __future__ import annotations

from torch import Tensor, nn
from ultralytics.nn.modules import Conv


class DWSep(nn.Module):
    """Depthwise k x k and 1x1 convolution, each with batch normalisation and activation.

    Args:
        c1: Input channels.
        c2: Output channels.
        k: Kernel size of the depthwise convolution.
        s: Stride.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, ceil(H / s), ceil(W / s))``
    """

    def __init__(self, c1: int, c2: int, k: int = 5, s: int = 1) -> None:
        super().__init__()
        self.depthwise = Conv(c1, c1, k, s, g=c1)
        self.pointwise = Conv(c1, c2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Filter each channel, then mix them."""
        out: Tensor = self.pointwise(self.depthwise(x))
        return out
