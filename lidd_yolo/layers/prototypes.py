"""Mask prototypes in exports: the learned upsampling and the 3x3 convolution after it as one transposed convolution.

Paper: WLNet, section 1 (its baseline's head); origin: Ultralytics' ``Proto``. Differs from the origin in exports, and
there in nothing but work: no activation lies between the two, so together they are one 4x4 transposed convolution of
stride 2, which takes 16 products for each pixel of the small map and pair of channels where the two take 40.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from ultralytics.nn.modules.block import Proto

from lidd_yolo.layers.exporting import exporting
from lidd_yolo.layers.reparam import fold_conv_block


class MergedPrototypes(nn.Module):
    """A folded ``Proto`` that is itself in PyTorch and does less work in an export.

    Parameters, their names and what counters count stay those of the folded ``Proto``; the merged kernel is a buffer.

    Args:
        proto: What is folded; its layers are taken over.

    Shape:
        - Input: ``(B, C, H, W)``
        - Output: ``(B, masks, 2 H, 2 W)``
    """

    def __init__(self, proto: Proto) -> None:
        super().__init__()
        self.cv1, self.upsample, self.cv2, self.cv3 = proto.cv1, proto.upsample, proto.cv2, proto.cv3
        fold_conv_block(self.cv2)
        c1, c2 = self.upsample.in_channels, self.cv2.conv.out_channels
        self.enlarge = nn.ConvTranspose2d(c1 + 1, c2, 4, 2, 1, device="meta")
        del self.enlarge.weight, self.enlarge.bias
        _merge(self)
        self.register_load_state_dict_post_hook(_merge)

    def forward(self, x: Tensor) -> Tensor:
        """Return the prototypes."""
        x = self.cv1(x)
        out: Tensor = self.cv3(self.cv2.act(self._enlarged(x)) if exporting() else self.cv2(self.upsample(x)))
        return out

    def _enlarged(self, x: Tensor) -> Tensor:
        """Return what the two layers make of a map, before the activation.

        A channel of ones carries the upsampling's bias, which is missing where the second layer reads its padding.
        """
        out: Tensor = self.enlarge(F.pad(x, (0, 0, 0, 0, 0, 1), value=1.0))
        return out


def _merge(module: MergedPrototypes, *_: Any) -> None:
    """Make the product of the two layers, in float64: what the convolution makes of each impulse of the upsampling."""
    upsample, conv = module.upsample, module.cv2.conv
    weight, bias, kernel = (t.detach().cpu().double() for t in (upsample.weight, upsample.bias, conv.weight))
    impulses = torch.cat((weight, bias.view(1, -1, 1, 1).expand(1, -1, *weight.shape[2:])))
    merged = F.conv2d(impulses, kernel, padding=2).to(conv.weight)
    module.enlarge.register_buffer("weight", merged, persistent=False)
    module.enlarge.register_buffer("bias", conv.bias.detach().clone(), persistent=False)
