"""A generated batch for one training step: pictures, two boxes in each and, for segmentation, the masks of these boxes.

Own work, in the form that Ultralytics' data loaders give to its losses.
"""

from __future__ import annotations

import torch
from torch import Tensor

_MASK_RATIO = 4
"""Ultralytics trains on masks of a quarter of the input's side."""
_OBJECTS = 2

MEAN_SIZE = 0.25
"""Mean side of an object as a share of the picture's: what training on such pictures would measure for NWD."""


def generated_batch(imgsz: int, batch: int, *, classes: int, masks: bool) -> dict[str, Tensor]:
    """Return a batch, the same at every call.

    Sides of objects are even between 0.1 and 0.4 of the picture's, their centres between 0.3 and 0.7.

    Args:
        imgsz: Side of the pictures in pixels.
        batch: Pictures; two objects in each.
        classes: Classes of the network.
        masks: Whether to add ``masks`` of shape ``(batch, imgsz / 4, imgsz / 4)``: 0 for no object, else the number of
            the picture's object, from 1; where two lie over each other the second one's.
    """
    generator = torch.Generator().manual_seed(0)
    objects = _OBJECTS * batch
    centers = torch.rand(objects, 2, generator=generator) * 0.4 + 0.3
    data = {
        "img": torch.rand(batch, 3, imgsz, imgsz, generator=generator),
        "batch_idx": torch.arange(batch).repeat_interleave(_OBJECTS).float(),
        "cls": torch.randint(0, classes, (objects, 1), generator=generator).float(),
        "bboxes": torch.cat((centers, torch.rand(objects, 2, generator=generator) * 0.3 + 0.1), 1),
    }
    if masks:
        data["masks"] = _masks(data["bboxes"].view(batch, _OBJECTS, 4), imgsz // _MASK_RATIO)
    return data


def _masks(boxes_xywh: Tensor, side: int) -> Tensor:
    """Paint the boxes ``(B, N, 4)``, 0-1, in their order."""
    masks = torch.zeros(len(boxes_xywh), side, side)
    corners = torch.cat(
        (boxes_xywh[..., :2] - boxes_xywh[..., 2:] / 2, boxes_xywh[..., :2] + boxes_xywh[..., 2:] / 2), -1
    )
    for mask, of_picture in zip(masks, (corners * side).round().int().tolist(), strict=True):
        for number, (x1, y1, x2, y2) in enumerate(of_picture, 1):
            mask[y1:y2, x1:x2] = number
    return masks
