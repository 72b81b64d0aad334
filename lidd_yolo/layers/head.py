"""LIDD-Net's detection head: one tower per level, shared by class and box, and a slot for the training-only branch.

Paper: LIDD-Net, figure 1a; sizes: NanoDet-Plus (two depthwise-separable 5x5 convolutions, distances 0-7).
Differs from NanoDet-Plus: the anchor point is the middle of its cell, as in Ultralytics, in loss and inference alike.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from ultralytics.nn.modules import Conv, Detect
from ultralytics.nn.modules.block import DFL
from ultralytics.utils.tal import make_anchors

from lidd_yolo.layers.latm import LATM
from lidd_yolo.layers.reparam import conv_from_kernel

PRIOR_LOGIT = -7.6  # a class score of 0.0005 before training; docs/decisions/0006-class-prior.md


class LIDDDetect(Detect):
    """Detection head over several levels; its YAML row lists the levels first, then the backbone maps that LATM reads.

    ``cv2`` holds, for each level, tower and box prediction, ``cv3`` the class prediction on the same tower: the places
    in which Ultralytics looks for them when it transfers weights between models.

    Args:
        nc: Number of classes.
        levels: How many of the inputs are levels of the pyramid.
        bins: Whole distances 0 .. bins - 1 over which a box side is a distribution.
        upstream: What Ultralytics' parser appends, last of it the channels of all inputs.

    Shape:
        - Input: list of ``(B, C, H_i, W_i)`` maps, levels then taps
        - Output in training: dict of ``boxes`` ``(B, 4 * bins, A)``, ``scores`` ``(B, nc, A)`` (logits), ``feats`` (the
          levels) and, with LATM, ``aux_boxes`` and ``aux_scores``
        - Output in inference: ``(B, 4 + nc, A)`` with xywh in pixels and scores 0-1; with the dict unless exporting
    """

    latm: LATM | None
    joint: nn.ModuleList  # after folding, both predictions of each level
    cv2: Any  # one nn.Sequential for each level; Any because only its parts are indexed
    cv3: Any
    shape: Any

    def __init__(self, nc: int, levels: int = 4, bins: int = 8, *upstream: Any) -> None:
        super(Detect, self).__init__()
        channels = list(upstream[-1])[:levels]
        self.nc, self.nl, self.reg_max = nc, levels, bins
        self.no = nc + 4 * bins
        self.stride = torch.zeros(levels)
        self.cv2 = nn.ModuleList(nn.Sequential(*_tower(c), nn.Conv2d(c, 4 * bins, 1)) for c in channels)
        self.cv3 = nn.ModuleList(nn.Sequential(nn.Conv2d(c, nc, 1)) for c in channels)
        self.dfl = DFL(bins)
        self.latm = None

    def forward(self, x: list[Tensor]) -> Any:
        """Predict boxes and scores; see the class for shapes."""
        levels, taps = list(x[: self.nl]), list(x[self.nl :])
        if self.training and not self.stride.any() and not hasattr(Detect, "forward_head"):
            return levels  # releases before 8.4 read the strides off a list of maps
        preds = self._predict(levels)
        if self.training:
            if self.latm is not None:
                preds["aux_boxes"], preds["aux_scores"] = self.latm(levels, taps)
            return preds
        y = self._decode(preds)
        return y if self.export else (y, preds)

    @property
    def joined(self) -> bool:
        """Whether class and box prediction of a level are one convolution, which they are after folding."""
        return not len(self.cv3)

    def _predict(self, levels: list[Tensor]) -> dict[str, Any]:
        if self.joined:
            maps = [joint(tower(x)).flatten(2) for x, tower, joint in zip(levels, self.cv2, self.joint, strict=True)]
            joined = torch.cat(maps, 2)
            return {"boxes": joined[:, : 4 * self.reg_max], "scores": joined[:, 4 * self.reg_max :], "feats": levels}
        boxes, scores = [], []
        for level, box, cls in zip(levels, self.cv2, self.cv3, strict=True):
            tower = box[:-1](level)
            boxes.append(box[-1](tower).flatten(2))
            scores.append(cls(tower).flatten(2))
        return {"boxes": torch.cat(boxes, 2), "scores": torch.cat(scores, 2), "feats": levels}

    def _decode(self, preds: dict[str, Any]) -> Tensor:
        shape = preds["feats"][0].shape
        if self.dynamic or self.shape != shape:
            anchors, strides = make_anchors(preds["feats"], self.stride, 0.5)
            self.anchors, self.strides, self.shape = anchors.transpose(0, 1), strides.transpose(0, 1), shape
        if not self.joined:
            boxes = self.decode_bboxes(self.dfl(preds["boxes"]), self.anchors.unsqueeze(0)) * self.strides
        else:
            boxes = self._decode_at_once(preds["boxes"])
        return torch.cat((boxes, preds["scores"].sigmoid()), 1)

    def _decode_at_once(self, logits: Tensor) -> Tensor:
        """Return the same boxes from three products with constants: two sums over the bins, and sides to boxes.

        Boxes are xywh, or xyxy where the exporter asks for it, as it does for a file with NMS inside.

        The softmax of the stock decoding runs over an axis that is not the last one, for which some runtimes copy the
        whole tensor twice.
        """
        b, _, points = logits.shape
        distances = logits.view(b, 4, self.reg_max, points)
        powers = (distances - distances.amax(2, keepdim=True)).exp().view(b, 4 * self.reg_max, points)
        bins = self.dfl.conv.weight.detach().view(1, 1, -1)
        sides = torch.eye(4, dtype=bins.dtype, device=bins.device)
        weights = sides.unsqueeze(2) * torch.cat((bins, torch.ones_like(bins))).unsqueeze(1)
        sums = weights.view(8, 4 * self.reg_max) @ powers
        left_top, right_bottom = sides[:2], sides[2:]
        if getattr(self, "xyxy", False):  # releases before the first that has it decode to xywh always
            to_boxes, origins = torch.cat((-left_top, right_bottom)), torch.cat((self.anchors, self.anchors))
        else:
            to_boxes = torch.cat(((right_bottom - left_top) / 2, left_top + right_bottom))
            origins = torch.cat((self.anchors, torch.zeros_like(self.anchors)))
        boxes: Tensor = (to_boxes @ (sums[:, :4] / sums[:, 4:]) + origins) * self.strides
        return boxes

    def bias_init(self) -> None:
        """Start the predictions near zero, scores at 0.0005."""
        for box, cls in zip(self.cv2, self.cv3, strict=True):
            for conv, bias in ((box[-1], 0.0), (cls[-1], PRIOR_LOGIT)):
                nn.init.normal_(conv.weight, std=0.01)
                nn.init.constant_(conv.bias, bias)

    def fold_batch_norm(self) -> bool:
        """Join class and box prediction of every level into one convolution; return whether they were apart."""
        if self.joined:
            return False
        pairs = [(box[-1], cls[-1]) for box, cls in zip(self.cv2, self.cv3, strict=True)]
        kernels = [(torch.cat((a.weight, b.weight)), torch.cat((a.bias, b.bias))) for a, b in pairs]
        self.joint = nn.ModuleList(conv_from_kernel(kernel, bias) for kernel, bias in kernels)
        self.cv2, self.cv3 = nn.ModuleList(box[:-1] for box in self.cv2), nn.ModuleList()
        return True

    def fuse(self) -> None:
        """Drop the training-only branch."""
        self.latm = None


def _tower(c: int) -> list[nn.Module]:
    """Two depthwise-separable 5x5 convolutions, flat so that the first is an Ultralytics ``Conv``."""
    return [layer for _ in range(2) for layer in (Conv(c, c, 5, 1, g=c), Conv(c, c, 1))]
