"""Dynamic soft label assignment: which anchor point learns which ground truth, and how good its box already is.

Paper: LIDD-Net, section 1.3 (LATM, "dynamic soft labels"); method and constants: NanoDet-Plus. Works on the padded
batch as a whole: no loop over images, and no value ever goes to the host.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lidd_yolo.geometry import pairwise_iou, points_inside


class Assignment(NamedTuple):
    """Result for a batch of B images with A anchor points.

    Shape:
        - foreground: ``(B, A)``, bool
        - gt_index: ``(B, A)``, row of the assigned ground truth; 0 where there is none
        - quality: ``(B, A)``, IoU of the predicted box with the assigned one; 0 where there is none
    """

    foreground: Tensor
    gt_index: Tensor
    quality: Tensor


@torch.no_grad()
def assign_dynamic_soft_labels(  # noqa: PLR0913 - predictions, anchor points and ground truth are what assignment is about
    *,
    logits: Tensor,
    pred_boxes_xyxy: Tensor,
    points: Tensor,
    gt_labels: Tensor,
    gt_boxes_xyxy: Tensor,
    gt_mask: Tensor,
    topk: int = 13,
    iou_weight: float = 3.0,
    center_radius: float | None = None,
    strides: Tensor | None = None,
    nearest: bool = False,
) -> Assignment:
    """Assign every ground truth its cheapest anchor points.

    Candidates are the points strictly inside any box. The cost of a pair is the quality focal loss (beta 2) of the
    point's scores against the soft label "IoU at the class of the box" plus ``iou_weight`` times -log IoU. A box takes
    as many points as the sum of its ``topk`` largest IoUs, at least one; a point wanted by several boxes goes to the
    one it costs least.

    Args:
        logits: Class logits.
        pred_boxes_xyxy: Predicted boxes in pixels.
        points: Anchor points in pixels.
        gt_labels: Class indices.
        gt_boxes_xyxy: Boxes in pixels.
        gt_mask: True for real rows, False for padding.
        topk: How many IoUs are summed for the number of points of a box.
        iou_weight: Weight of the IoU term.
        center_radius: Adds RTMDet's soft centre prior ``10^(distance / stride - radius)`` to the cost; None (the
            paper) does not.
        strides: Stride of each point in pixels; needed with ``center_radius`` and ``nearest``.
        nearest: Give a box without a point inside the points that it would hold if no side were shorter than the
            finest stride, and none of other boxes; it wins them against boxes that hold points. The paper does not:
            there such a box, a pit or a thin scratch, may get no point, and what it shows is taught as background.

    Shape:
        - logits: ``(B, A, C)``
        - pred_boxes_xyxy: ``(B, A, 4)``
        - points: ``(A, 2)``
        - gt_labels, gt_mask: ``(B, G)``
        - gt_boxes_xyxy: ``(B, G, 4)``
        - strides: ``(A,)``
    """
    dtype = torch.promote_types(logits.dtype, torch.float32)
    logits, pred, gt = logits.to(dtype), pred_boxes_xyxy.to(dtype), gt_boxes_xyxy.to(dtype)
    b, a, _ = logits.shape
    if gt.shape[1] == 0:
        none = torch.zeros(b, a, device=logits.device)
        return Assignment(none.bool(), none.long(), none.to(dtype))
    real = gt_mask.unsqueeze(1)
    inside = points_inside(points.to(dtype), gt) & real
    allowed = inside.any(-1, keepdim=True) & real
    small = torch.zeros_like(real)
    if nearest and strides is not None:
        small = ~inside.any(1, keepdim=True) & real
        allowed = torch.where(small, points_inside(points.to(dtype), _at_least(gt, strides.min())), allowed)
    iou = pairwise_iou(pred, gt) * allowed
    cost = _class_cost(logits, gt_labels.long(), iou) - iou_weight * (iou + 1e-7).log()
    if center_radius is not None and strides is not None:
        centers = (gt[..., :2] + gt[..., 2:]) / 2
        distance = (points.to(dtype).unsqueeze(1) - centers.unsqueeze(1)).norm(dim=-1)
        cost = cost + 10.0 ** (distance / strides.view(-1, 1) - center_radius)
    cost = cost.masked_fill(~allowed, torch.inf)

    taken = _cheapest(cost, iou, topk)
    cheapest_gt = cost.masked_fill(taken & small, -torch.inf).argmin(-1)
    several = taken.sum(-1, keepdim=True) > 1
    taken = torch.where(several, F.one_hot(cheapest_gt, gt.shape[1]).bool(), taken)
    gt_index = taken.int().argmax(-1)
    quality = (iou * taken).sum(-1)
    return Assignment(taken.any(-1), gt_index, quality)


def _at_least(boxes_xyxy: Tensor, side: Tensor) -> Tensor:
    """Return boxes whose sides are longer than ``side``, by a hair, about the same middles."""
    middle = (boxes_xyxy[..., :2] + boxes_xyxy[..., 2:]) / 2
    half = ((boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]) / 2).clamp(min=side * 0.5001)
    return torch.cat((middle - half, middle + half), -1)


def _class_cost(logits: Tensor, labels: Tensor, iou: Tensor) -> Tensor:
    """Return the quality focal loss, summed over classes, of every point against every ground truth's soft label.

    Only the class of the ground truth has a target other than 0, so the sum over classes is taken once with all targets
    0 and corrected in that one class: ``(B, A, G)`` instead of ``(B, A, G, C)``.
    """
    score = logits.sigmoid()
    empty = F.softplus(logits) * score.square()
    index = labels.unsqueeze(1).expand(-1, logits.shape[1], -1)
    z, s = logits.gather(-1, index), score.gather(-1, index)
    hit = F.binary_cross_entropy_with_logits(z, iou, reduction="none") * (iou - s).square()
    return empty.sum(-1, keepdim=True) - empty.gather(-1, index) + hit


def _cheapest(cost: Tensor, iou: Tensor, topk: int) -> Tensor:
    """Return which points each ground truth takes, ``(B, A, G)``: the ``int(sum of topk IoUs)`` cheapest, or one."""
    k = min(topk, cost.shape[1])
    wanted = iou.topk(k, dim=1).values.sum(1).int().clamp(min=1)
    cheapest = cost.topk(k, dim=1, largest=False)
    rank = torch.arange(k, device=cost.device).view(1, k, 1)
    use = (rank < wanted.unsqueeze(1)) & cheapest.values.isfinite()
    return torch.zeros_like(cost, dtype=torch.bool).scatter(1, cheapest.indices, use)
