"""Box loss of Ultralytics' criterion with a share of NWD in it.

Paper: WLNet, section 1.2, equation 5: ``iou_weight`` of the IoU loss (here Ultralytics' CIoU), the rest of NWD.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lidd_yolo.losses.nwd import nwd
from lidd_yolo.models.upstream import box_criteria


class BlendedBoxLoss(nn.Module):
    """Ultralytics' box loss with a part of its CIoU term replaced by NWD; distribution focal loss as it is.

    Args:
        stock: Ultralytics' box loss.
        strides: Stride of each level in pixels, shape ``(L,)``.
        iou_weight: Share of the CIoU term; 1 gives the stock loss bit for bit.
        c_rel: NWD's constant as a share of the longer side of the network's input.
    """

    def __init__(self, stock: nn.Module, strides: Tensor, iou_weight: float, c_rel: float) -> None:
        super().__init__()
        self.stock, self.strides, self.iou_weight, self.c_rel = stock, strides, iou_weight, c_rel

    def forward(self, pred_dist: Tensor, *args: Any) -> tuple[Tensor, Tensor]:
        """Return box term and distribution focal term; arguments as Ultralytics' box loss, boxes in grid cells."""
        box, dfl = self.stock(pred_dist, *args)
        if self.iou_weight < 1:
            box = self.iou_weight * box + (1 - self.iou_weight) * self._nwd_term(*args[:6])
        return box, dfl

    def _nwd_term(
        self,
        pred_boxes: Tensor,
        anchor_points: Tensor,
        target_boxes: Tensor,
        target_scores: Tensor,
        target_scores_sum: Tensor | float,
        fg_mask: Tensor,
    ) -> Tensor:
        """Return the NWD loss of the assigned anchor points, weighted and normalised as the CIoU term is."""
        stride = self._stride_of(anchor_points)
        side = ((anchor_points + 0.5).float() * stride).amax()  # every level covers the same input
        image, anchor = fg_mask.nonzero(as_tuple=True)
        scale = stride[anchor]
        similarity = nwd(
            pred_boxes[image, anchor].float() * scale,
            target_boxes[image, anchor].float() * scale,
            self.c_rel * side,
        )
        weight = target_scores[image, anchor].sum(-1, keepdim=True)
        return ((1 - similarity) * weight).sum() / target_scores_sum

    def _stride_of(self, anchor_points: Tensor) -> Tensor:
        """Return the stride of each anchor point, shape ``(A, 1)``: a level starts where its first cell's centre is."""
        level = (anchor_points == 0.5).all(-1).cumsum(0) - 1
        return self.strides.to(anchor_points.device, torch.float32)[level].unsqueeze(-1)


def blend_nwd(criterion: Any, iou_weight: float, c_rel: float) -> Any:
    """Give a criterion of Ultralytics, or both parts of an end-to-end one, the blended box loss; return it."""
    for part in box_criteria(criterion):
        part.bbox_loss = BlendedBoxLoss(part.bbox_loss, part.stride, iou_weight, c_rel)
    return criterion
