"""What torchvision's Mask R-CNN wants to know of a batch: boxes, labels and masks for each picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from ultralytics.utils.ops import xywh2xyxy


def mask_targets(batch: dict[str, Tensor], *, overlap: bool) -> list[dict[str, Tensor]]:
    """Turn the labels of a batch of Ultralytics into targets of torchvision.

    Args:
        batch: ``img`` ``(B, 3, H, W)``; ``batch_idx`` ``(N,)``, ``cls`` ``(N, 1)`` and ``bboxes`` ``(N, 4)`` (xywh,
            0-1) of all objects; ``masks`` of any size.
        overlap: Whether ``masks`` is ``(B, h, w)``, holding for each pixel the number of the picture's object, from 1;
            else it is ``(N, h, w)`` of 0 and 1.

    Returns:
        For each picture ``boxes`` ``(n, 4)`` as xyxy in pixels, ``labels`` ``(n,)`` from 1 and ``masks`` ``(n, H, W)``;
        objects without extent are left out.
    """
    device, (height, width) = batch["img"].device, batch["img"].shape[2:]
    scale = torch.tensor([width, height, width, height], device=device)
    index, all_masks = batch["batch_idx"].to(device).view(-1), batch["masks"].to(device)
    all_boxes = xywh2xyxy(batch["bboxes"].to(device).float().view(-1, 4) * scale)
    labels = batch["cls"].to(device).long().view(-1) + 1
    targets = []
    for picture in range(len(batch["img"])):
        own = index == picture
        boxes = all_boxes[own]
        masks = _split(all_masks[picture], len(boxes)) if overlap else all_masks[own]
        solid = (boxes[:, 2:] > boxes[:, :2]).all(1)
        targets.append(
            {
                "boxes": boxes[solid],
                "labels": labels[own][solid],
                "masks": _resized(masks[solid], height, width),
            }
        )
    return targets


def _split(numbers: Tensor, count: int) -> Tensor:
    """Return a mask ``(count, h, w)`` for each object number in ``(h, w)``."""
    return numbers == torch.arange(1, count + 1, device=numbers.device).view(-1, 1, 1)


def _resized(masks: Tensor, height: int, width: int) -> Tensor:
    """Return masks ``(n, h, w)`` in another size; their edges follow those of the smaller ones without steps."""
    if not len(masks):
        return torch.zeros(0, height, width, dtype=torch.uint8, device=masks.device)
    if masks.shape[1:] != (height, width):
        masks = F.interpolate(masks[None].float(), (height, width), mode="bilinear", align_corners=False)[0] > 0.5
    return masks.to(torch.uint8)
