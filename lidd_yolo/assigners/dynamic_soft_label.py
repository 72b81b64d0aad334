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

AT_ONCE = 1 << 22
"""Pairs of an anchor point and a box that are looked at together, so that memory does not grow with the objects."""


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
    points, labels, real = points.to(dtype), gt_labels.long(), gt_mask.unsqueeze(1)
    b, a, _ = logits.shape
    if gt.shape[1] == 0:
        none = torch.zeros(b, a, device=logits.device)
        return Assignment(none.bool(), none.long(), none.to(dtype))
    size = max(1, AT_ONCE // (b * a))
    parts = [slice(first, first + size) for first in range(0, gt.shape[1], size)]
    candidate = torch.zeros(b, a, 1, dtype=torch.bool, device=logits.device)
    without = []
    for part in parts:
        inside = points_inside(points, gt[:, part]) & real[..., part]
        candidate |= inside.any(-1, keepdim=True)
        without.append(~inside.any(1, keepdim=True))
    small = torch.cat(without, -1) & real if nearest and strides is not None else torch.zeros_like(real)

    def take(part: slice) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return for each point, ``(B, A)``: number and first of the boxes that take it, least cost and its box."""
        boxes, allowed = gt[:, part], candidate & real[..., part]
        if nearest and strides is not None:
            allowed = torch.where(small[..., part], points_inside(points, _at_least(boxes, strides.min())), allowed)
        iou = pairwise_iou(pred, boxes).mul_(allowed)
        cost = _class_cost(logits, labels[:, part], iou).sub_((iou + 1e-7).log_().mul_(iou_weight))
        if center_radius is not None and strides is not None:
            centers = (boxes[..., :2] + boxes[..., 2:]) / 2
            distance = (points.unsqueeze(1) - centers.unsqueeze(1)).norm(dim=-1)
            cost += 10.0 ** (distance / strides.view(-1, 1) - center_radius)
        cost.masked_fill_(~allowed, torch.inf)
        taken = _cheapest(cost, iou, topk)
        least, cheapest = cost.masked_fill_(taken & small[..., part], -torch.inf).min(-1)
        return taken.sum(-1), taken.to(torch.uint8).argmax(-1) + part.start, least, cheapest + part.start

    takers, taker, least, cheapest_gt = take(parts[0])
    for part in parts[1:]:
        more, first, lower, cheaper_gt = take(part)
        taker = torch.where(takers == 0, first, taker)
        cheapest_gt = torch.where(lower < least, cheaper_gt, cheapest_gt)
        takers, least = takers + more, torch.minimum(least, lower)
    foreground = takers > 0
    gt_index = torch.where(takers > 1, cheapest_gt, taker) * foreground
    own = gt.gather(1, gt_index.unsqueeze(-1).expand(-1, -1, 4))
    quality = pairwise_iou(pred.unsqueeze(2), own.unsqueeze(2)).flatten(1) * foreground
    return Assignment(foreground, gt_index, quality)


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
    index = labels.unsqueeze(1).expand(-1, logits.shape[1], -1)
    score = logits.sigmoid()
    empty = F.softplus(logits) * score.square()
    # Cross-entropy with logits, and what follows, in place: every map of all pairs counts in memory.
    hit = (1 - iou).mul_(logits.gather(-1, index)).sub_(F.logsigmoid(logits).gather(-1, index))
    hit *= score.gather(-1, index).sub_(iou).square_()
    return hit.add_(empty.gather(-1, index).neg_().add_(empty.sum(-1, keepdim=True)))


def _cheapest(cost: Tensor, iou: Tensor, topk: int) -> Tensor:
    """Return which points each ground truth takes, ``(B, A, G)``: the ``int(sum of topk IoUs)`` cheapest, or one."""
    k = min(topk, cost.shape[1])
    wanted = iou.topk(k, dim=1).values.sum(1).int().clamp(min=1)
    cheapest = cost.topk(k, dim=1, largest=False)
    rank = torch.arange(k, device=cost.device).view(1, k, 1)
    use = (rank < wanted.unsqueeze(1)) & cheapest.values.isfinite()
    return torch.zeros_like(cost, dtype=torch.bool).scatter(1, cheapest.indices, use)
