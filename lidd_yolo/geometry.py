"""Boxes and anchor points: pure functions on tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def pairwise_iou(first_xyxy: Tensor, second_xyxy: Tensor, eps: float = 1e-7) -> Tensor:
    """Return the intersection over union of every box of one set with every box of another, batch by batch.

    torchvision's ``box_iou`` does the same for one image at a time.

    Args:
        first_xyxy: Boxes, any unit.
        second_xyxy: Boxes, same unit.
        eps: Smallest union; keeps boxes without area at 0 and equal boxes at exactly 1.

    Shape:
        - first_xyxy: ``(..., N, 4)``
        - second_xyxy: ``(..., M, 4)``
        - Output: ``(..., N, M)``
    """
    a, b = first_xyxy.unsqueeze(-2), second_xyxy.unsqueeze(-3)

    def shared(low: int, high: int) -> Tensor:
        """Return the length that two boxes share; in place, as every map of all pairs counts in memory."""
        longest = torch.minimum(a[..., high], b[..., high])
        return longest.sub_(torch.maximum(a[..., low], b[..., low])).clamp_(min=0)

    overlap = shared(0, 2) * shared(1, 3)
    return overlap / (box_area(a) + box_area(b)).sub_(overlap).clamp_(min=eps)


def box_area(boxes_xyxy: Tensor) -> Tensor:
    """Return width times height; 0 for inverted boxes. ``(..., 4)`` -> ``(...)``."""
    return (boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]).clamp(min=0).prod(-1)


def points_inside(points: Tensor, boxes_xyxy: Tensor) -> Tensor:
    """Tell which points lie strictly inside which boxes.

    Shape:
        - points: ``(A, 2)`` as x, y in the boxes' unit
        - boxes_xyxy: ``(..., G, 4)``
        - Output: ``(..., A, G)``, bool
    """
    x, y = points.unsqueeze(-2).unbind(-1)
    left, top, right, bottom = boxes_xyxy.unsqueeze(-3).unbind(-1)
    return (x > left) & (x < right) & (y > top) & (y < bottom)


def ltrb_from_boxes(points: Tensor, boxes_xyxy: Tensor) -> Tensor:
    """Return the distances from points to the left, top, right and bottom side of their boxes, in the boxes' unit.

    Shape:
        - points: ``(..., 2)``
        - boxes_xyxy: ``(..., 4)``
        - Output: ``(..., 4)``
    """
    return torch.cat((points - boxes_xyxy[..., :2], boxes_xyxy[..., 2:] - points), -1)


def boxes_from_ltrb(points: Tensor, ltrb: Tensor) -> Tensor:
    """Return the boxes at these distances around points; inverse of `ltrb_from_boxes`."""
    return torch.cat((points - ltrb[..., :2], points + ltrb[..., 2:]), -1)
