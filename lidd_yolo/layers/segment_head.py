"""WLNet's segmentation head: Ultralytics' own with one class branch on every release, the depthwise one.

Paper: WLNet, section 1 (its baseline); that its 14.17 M parameters mean the depthwise branch is established by count.
Differs from the origin, whose branch depends on the release and on the other rows of the YAML file.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from torch import nn
from ultralytics.nn.modules import Conv, DWConv, Segment
from ultralytics.nn.modules.block import Proto

from lidd_yolo.layers.prototypes import MergedPrototypes

_MOST_CLASSES = 100  # up to so many, the class branch is at least as wide as it has outputs


class WLNetSegment(Segment):
    """Segmentation head over several levels; outputs of all modes are those of Ultralytics' ``Segment``.

    Args:
        nc: Number of classes.
        masks: Number of mask prototypes.
        prototypes: Channels inside the prototype branch.
        upstream: What Ultralytics' parser appends, last of it the channels of the levels.

    Shape:
        - Input: list of ``(B, C_i, H_i, W_i)``
        - Output in inference: ``(B, 4 + nc + masks, A)`` with xywh in pixels, scores 0-1 and coefficients, and
          prototypes ``(B, masks, 2 * H_0, 2 * W_0)``
    """

    legacy: bool
    proto: nn.Module

    def __init__(self, nc: int, masks: int, prototypes: int, *upstream: Any) -> None:
        super().__init__(nc, masks, prototypes, *upstream)
        channels = list(upstream[-1])
        width = max(channels[0], min(nc, _MOST_CLASSES))
        self.legacy = False
        self.cv3 = nn.ModuleList(_depthwise_class_branch(c, width, nc) for c in channels)
        if hasattr(self, "one2one_cv3"):  # releases from 8.4, when the YAML file says end2end
            self.one2one_cv3 = deepcopy(self.cv3)

    def reparameterize(self) -> bool:
        """Let exports do the work of two layers of the prototypes in one."""
        if not isinstance(self.proto, Proto):
            return False
        self.proto = MergedPrototypes(self.proto)
        return True


def _depthwise_class_branch(c1: int, width: int, nc: int) -> nn.Sequential:
    """Two depthwise separable 3x3 convolutions and the prediction, nested as Ultralytics nests them."""
    return nn.Sequential(
        nn.Sequential(DWConv(c1, c1, 3), Conv(c1, width, 1)),
        nn.Sequential(DWConv(width, width, 3), Conv(width, width, 1)),
        nn.Conv2d(width, nc, 1),
    )
