"""DO-Conv: depthwise over-parameterised convolution, an ordinary convolution at inference.

Paper: LIDD-Net, section 1.1.1 (CSE) and section 1.1.2 (MSFFM); origin: Cao et al., IEEE TIP 2022.
Differs from the paper: the factor D of a 1x1 layer is optional (``pw_mul``), as the origin creates none; with several
groups a kernel is composed with the D of its own group's inputs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.reparam import conv_from_kernel


class DOConv2d(nn.Conv2d):
    """Convolution whose kernel is the product of a depthwise factor D and a conventional factor W.

    With K = k * k and depth S, the kernel of output o and input i is ``sum_s (D + I)[i, :, s] * W[o, i, s]``,
    where I is constant. D starts at 0, so the layer starts as an ordinary convolution. It has no bias.

    Args:
        c1: Input channels.
        c2: Output channels.
        k: Kernel size.
        s: Stride.
        p: Padding; None keeps the size at stride 1.
        d: Dilation.
        g: Groups.
        d_mul: Depth S for k > 1, at least K; None means K.
        pw_mul: Depth S for k = 1; 0 means no D, that is a plain convolution.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, H', W')``, as ``torch.nn.Conv2d``

    Raises:
        ValueError: If the depth is smaller than K, or ``pw_mul`` is negative.
    """

    identity: Tensor

    def __init__(  # noqa: PLR0913 - the letters of a convolution plus the two depths
        self,
        c1: int,
        c2: int,
        k: int = 1,
        s: int = 1,
        p: int | None = None,
        *,
        d: int = 1,
        g: int = 1,
        d_mul: int | None = None,
        pw_mul: int = 0,
    ) -> None:
        padding = d * (k - 1) // 2 if p is None else p
        super().__init__(c1, c2, k, s, padding, dilation=d, groups=g, bias=False)
        taps = k * k
        depth = pw_mul if taps == 1 else taps if d_mul is None else d_mul
        self.depthwise: nn.Parameter | None = None
        if taps == 1 and depth == 0:
            return
        if depth < taps:
            raise ValueError(f"depth of a {k}x{k} DO-Conv must be at least {taps}, got {depth}")
        self.weight = nn.Parameter(torch.empty(c2, c1 // g, depth))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        self.depthwise = nn.Parameter(torch.zeros(c1, taps, depth))
        # A 1x1 kernel averages its S copies; a larger one repeats the unit matrix.
        identity = torch.eye(taps)[:, torch.arange(depth) % taps] / (depth if taps == 1 else 1)
        self.register_buffer("identity", identity.unsqueeze(0), persistent=False)

    def kernel(self) -> Tensor:
        """Return the composed kernel, ``(c2, c1 / g, k, k)``."""
        if self.depthwise is None:
            return self.weight
        g, depth = self.groups, self.weight.shape[-1]
        factor = (self.depthwise + self.identity).view(g, self.in_channels // g, -1, depth)
        weight = self.weight.view(g, self.out_channels // g, -1, depth)
        return torch.einsum("giks,gois->goik", factor, weight).reshape(self.out_channels, -1, *self.kernel_size)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve with the composed kernel."""
        return F.conv2d(input, self.kernel(), None, self.stride, self.padding, self.dilation, self.groups)

    def reparameterize(self) -> bool:
        """Compose the kernel once and delete D; return whether there was a D."""
        if self.depthwise is None:
            return False
        self.weight = nn.Parameter(self.kernel().detach())
        self.depthwise = None
        del self.identity
        return True

    def to_conv2d(self) -> nn.Conv2d:
        """Return the plain convolution with the composed kernel."""
        stride, padding, dilation = (int(v[0]) for v in (self.stride, self.padding, self.dilation))
        return conv_from_kernel(
            self.kernel(), None, stride=stride, padding=padding, dilation=dilation, groups=self.groups
        )


class DOConvBN(Conv):
    """DO-Conv, batch normalisation and activation; after ``reparameterize()`` an ordinary Ultralytics ``Conv``.

    Args:
        c1: Input channels.
        c2: Output channels.
        k: Kernel size.
        s: Stride.
        act: Activation: True for ``Conv.default_act``, False for none, or a module.
        pw_mul: Depth of D for k = 1; 0 means no D.

    Shape:
        - Input: ``(B, c1, H, W)``
        - Output: ``(B, c2, ceil(H / s), ceil(W / s))``
    """

    def __init__(
        self, c1: int, c2: int, k: int = 1, s: int = 1, *, act: bool | nn.Module = True, pw_mul: int = 0
    ) -> None:
        super().__init__(c1, c2, k, s, act=act)
        self.conv: nn.Conv2d = DOConv2d(c1, c2, k, s, pw_mul=pw_mul)

    def reparameterize(self) -> bool:
        """Replace the DO-Conv by a plain convolution; return whether it still was one."""
        if not isinstance(self.conv, DOConv2d):
            return False
        self.conv = self.conv.to_conv2d()
        return True
