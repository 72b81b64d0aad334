"""Final detections of two forms of a network, after NMS, matched one to one: how well boxes, scores and masks agree.

Two forms differ by rounding, so a score may cross the threshold: detections are looked for down to half the
stated confidence, and only those above it must have a partner. Rounding also decides which of two anchor points with
nearly one score survives NMS; such a pair is counted, but its boxes are not held to be two readings of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import batched_nms, box_iou
from ultralytics.utils.ops import process_mask, xywh2xyxy

NMS_IOU = 0.7
MOST = 300
_SAME_OBJECT = 0.5


@dataclass(frozen=True)
class Detections:
    """What one form of a network finds in one picture.

    Args:
        boxes: ``(n, 4)``, xyxy in pixels of the input.
        scores: ``(n,)``, descending.
        classes: ``(n,)``.
        anchors: ``(n,)``, the anchor point that each comes from.
        masks: ``(n, H, W)`` of bool, or None.
    """

    boxes: Tensor
    scores: Tensor
    classes: Tensor
    anchors: Tensor
    masks: Tensor | None


@dataclass(frozen=True)
class Agreement:
    """How well the detections of two forms agree.

    Args:
        matched: Pairs of detections.
        unmatched: Detections above the confidence, of either form, without a partner.
        swapped: Pairs of which NMS kept another anchor point; they do not count for what follows.
        box_iou: Smallest IoU of a pair's boxes.
        mask_iou: Smallest IoU of a pair's masks; 1 without masks.
        score: Largest difference of a pair's scores.
    """

    matched: int = 0
    unmatched: int = 0
    swapped: int = 0
    box_iou: float = 1.0
    mask_iou: float = 1.0
    score: float = 0.0

    def and_with(self, other: Agreement) -> Agreement:
        """Return the worst of both, counts added."""
        return Agreement(
            self.matched + other.matched,
            self.unmatched + other.unmatched,
            self.swapped + other.swapped,
            min(self.box_iou, other.box_iou),
            min(self.mask_iou, other.mask_iou),
            max(self.score, other.score),
        )


def detections(parts: Mapping[str, Tensor], side: tuple[int, int], conf: float) -> Detections:
    """Return the detections in one picture, each anchor point with its best class.

    Args:
        parts: Outputs of one picture by name, without a batch axis: ``boxes`` ``(4, A)``, ``scores`` ``(nc, A)``, and
            for segmentation ``coefficients`` ``(masks, A)`` and ``prototypes`` ``(masks, h, w)``.
        side: Height and width of the input in pixels.
        conf: Smallest score.
    """
    scores, classes = parts["scores"].max(0)
    index = (scores > conf).nonzero().flatten()
    boxes = xywh2xyxy(parts["boxes"].T[index])
    kept = batched_nms(boxes, scores[index], classes[index], NMS_IOU)[:MOST]
    boxes, index = boxes[kept], index[kept]
    masks = None
    if "prototypes" in parts:
        empty = torch.zeros(0, *side, dtype=torch.bool)
        found = (parts["prototypes"], parts["coefficients"].T[index], boxes, side)
        masks = process_mask(*found, upsample=True).bool() if len(index) else empty
    return Detections(boxes, scores[index], classes[index], index, masks)


def agreement(got: Detections, want: Detections, conf: float) -> Agreement:
    """Match the detections of two forms in one picture, pairs of the largest IoU first.

    Args:
        got: Of one form, down to a smaller score than ``conf``.
        want: Of the other.
        conf: Score from which on a detection must have a partner.
    """
    ious = box_iou(got.boxes, want.boxes) * (got.classes[:, None] == want.classes[None])
    pairs: list[tuple[int, int]] = []
    free_got, free_want = set(range(len(got.scores))), set(range(len(want.scores)))
    rows, columns = (ious >= _SAME_OBJECT).nonzero(as_tuple=True)
    order = ious[rows, columns].argsort(descending=True, stable=True)
    for i, j in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if i in free_got and j in free_want:
            free_got.remove(i)
            free_want.remove(j)
            pairs.append((i, j))
    alone = sum(float(got.scores[i]) >= conf for i in free_got) + sum(float(want.scores[j]) >= conf for j in free_want)
    counted = [(i, j) for i, j in pairs if max(float(got.scores[i]), float(want.scores[j])) >= conf]
    result = Agreement(unmatched=alone)
    for i, j in counted:
        if got.anchors[i] == want.anchors[j]:
            score = abs(float(got.scores[i]) - float(want.scores[j]))
            pair = Agreement(1, 0, 0, float(ious[i, j]), _mask_iou(got, want, i, j), score)
        else:
            pair = Agreement(1, 0, 1)
        result = result.and_with(pair)
    return result


def _mask_iou(got: Detections, want: Detections, i: int, j: int) -> float:
    if got.masks is None or want.masks is None:
        return 1.0
    both, either = (got.masks[i] & want.masks[j]).sum(), (got.masks[i] | want.masks[j]).sum()
    return float(both / either) if either else 1.0
