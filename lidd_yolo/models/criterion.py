"""LIDD-Net's criterion: one assignment for both heads, then quality focal, distribution focal and GIoU loss of each.

Paper: LIDD-Net, section 1.3 (the auxiliary head's output is used for label assignment and enters the loss); loss terms
and weights: NanoDet-Plus. The weights are the usual ``cls``, ``dfl`` and ``box`` arguments of ``yolo train``. With a
teacher (``distill_model``) both heads learn from it too, the auxiliary one because it makes the assignment.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torchvision.ops import generalized_box_iou_loss
from ultralytics.utils.ops import xywh2xyxy
from ultralytics.utils.tal import make_anchors

from lidd_yolo.assigners.dynamic_soft_label import Assignment, assign_dynamic_soft_labels
from lidd_yolo.geometry import boxes_from_ltrb, ltrb_from_boxes
from lidd_yolo.losses.distillation import Lesson, Level, distillation_losses, resample
from lidd_yolo.losses.generalized_focal import distribution_focal_loss, quality_focal_loss
from lidd_yolo.models.options import Options, read_options
from lidd_yolo.models.upstream import loss_items

LOSS_NAMES = ("qfl_loss", "dfl_loss", "box_loss", "aux_loss")
DISTILLATION = "dis_loss"
"""Name of one more in a training with a teacher, as in Ultralytics."""


class LIDDCriterion:
    """Sum of the loss terms of one batch. Not multiplied by the batch size: the clip norm of 35 belongs to this scale.

    Args:
        model: The network; its last layer is the head, ``args`` hold the gains.
    """

    def __init__(self, model: Any) -> None:
        head = model.model[-1]
        self.gains = model.args
        self.stride, self.nc, self.bins = head.stride, head.nc, head.reg_max
        options = read_options(model.yaml, Options)
        self.center_radius, self.nearest = options.center_radius, options.candidates == "nearest"
        self.class_weights = getattr(model, "class_weights", None)

    def __call__(self, preds: Any, batch: dict[str, Tensor]) -> tuple[Tensor, Any]:
        """Return the terms whose sum is minimised, and the same terms detached for the log.

        Args:
            preds: The head's dict, or the (decoded, dict) pair of inference.
            batch: ``batch_idx``, ``cls`` and ``bboxes`` (xywh, 0-1) of all objects; ``teacher`` if there is one.
        """
        preds = preds[1] if isinstance(preds, (tuple, list)) else preds
        feats = preds["feats"]
        points, strides = make_anchors(feats, self.stride.to(feats[0].device), 0.5)
        points, strides = points.float(), strides.float()
        height, width = (side * float(self.stride[0]) for side in feats[0].shape[2:])
        labels, boxes, mask = pad_targets(batch, len(feats[0]), (width, height), feats[0].device)

        main = self._decoded(preds["boxes"], preds["scores"], points)
        aux = self._decoded(preds["aux_boxes"], preds["aux_scores"], points) if "aux_boxes" in preds else None
        logits, _, pred_boxes = main if aux is None else aux
        assignment = assign_dynamic_soft_labels(
            logits=logits.detach(),
            pred_boxes_xyxy=pred_boxes.detach() * strides,
            points=points * strides,
            gt_labels=labels,
            gt_boxes_xyxy=boxes,
            gt_mask=mask,
            center_radius=self.center_radius,
            strides=strides,
            nearest=self.nearest,
        )
        target = _Target(assignment, labels, boxes, points, strides, self.nc)
        terms = self._terms(main, target)
        terms["aux_loss"] = torch.zeros_like(terms["box_loss"])
        if aux is not None:
            terms["aux_loss"] = torch.stack(list(self._terms(aux, target).values())).sum()
        if getattr(self.gains, "distill_model", None) is not None:
            terms[DISTILLATION] = torch.zeros_like(terms["box_loss"])  # all there is of it in a validation
        if "teacher" in batch:
            maps = zip(self.stride.tolist(), feats, strict=True)
            levels = tuple(Level(stride, *feat.shape[2:]) for stride, feat in maps)
            lesson = resample(cast("Any", batch["teacher"]), points * strides, levels, self.bins)
            terms[DISTILLATION] = self._taught([main] if aux is None else [main, aux], lesson)
        return torch.stack(list(terms.values())), loss_items(terms)

    def _taught(self, predictions: list[tuple[Tensor, Tensor, Tensor]], lesson: Lesson) -> Tensor:
        """Return the weighted distance of the heads to what a teacher says."""
        parts = [part for logits, sides, _ in predictions for part in distillation_losses(logits, sides, lesson)]
        gain: float = self.gains.dis
        return torch.stack(parts).sum() * gain / _total_over_processes(lesson.weight.sum()).clamp(min=1)

    def _decoded(self, box_logits: Tensor, class_logits: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return class logits ``(B, A, C)``, side logits ``(B, A, 4, bins)`` and boxes ``(B, A, 4)``.

        Boxes are xyxy in grid cells; all is float32, whatever the network computed in. That is why the expectation is
        a sum: autocast would run a matrix product in half precision, and round a box by more than a pixel.
        """
        logits = class_logits.float().transpose(1, 2)
        sides = box_logits.float().transpose(1, 2).unflatten(-1, (4, self.bins))
        distance = (sides.softmax(-1) * torch.arange(self.bins, device=sides.device)).sum(-1)
        return logits, sides, boxes_from_ltrb(points, distance)

    def _terms(self, prediction: tuple[Tensor, Tensor, Tensor], target: _Target) -> dict[str, Tensor]:
        """Return the weighted terms of one head.

        Every anchor point takes part, the background with weight 0, so that nothing waits for the number of positives.
        """
        logits, sides, boxes = prediction
        weight = logits.detach().sigmoid().amax(-1) * target.foreground
        count = _total_over_processes(target.foreground.sum().float()).clamp(min=1)
        weight_sum = _total_over_processes(weight.sum()).clamp(min=1)

        qfl = quality_focal_loss(logits, target.quality)
        if self.class_weights is not None:
            qfl = qfl * self.class_weights.view(1, 1, -1)
        dfl = distribution_focal_loss(sides, target.ltrb).mean(-1) * weight
        box = generalized_box_iou_loss(torch.where(target.foreground.unsqueeze(-1), boxes, target.boxes), target.boxes)
        return {
            "qfl_loss": qfl.sum() / count * self.gains.cls,
            "dfl_loss": dfl.sum() / weight_sum * self.gains.dfl,
            "box_loss": (box * weight).sum() / weight_sum * self.gains.box,
        }


class _Target:
    """What each anchor point should predict: class quality, box and side distances in grid cells."""

    def __init__(
        self, assignment: Assignment, labels: Tensor, boxes: Tensor, points: Tensor, strides: Tensor, nc: int
    ) -> None:
        self.foreground = assignment.foreground
        b, a = self.foreground.shape
        self.quality = torch.zeros(b, a, nc, device=points.device)
        self.boxes = boxes.new_zeros(b, a, 4)
        if labels.shape[1]:
            index = assignment.gt_index
            label = labels.gather(1, index).unsqueeze(-1)
            self.quality.scatter_(-1, label, assignment.quality.to(self.quality.dtype).unsqueeze(-1))
            self.boxes = boxes.gather(1, index.unsqueeze(-1).expand(-1, -1, 4)) / strides
        self.ltrb = ltrb_from_boxes(points, self.boxes)


def pad_targets(
    batch: dict[str, Tensor], size: int, image_wh: tuple[float, float], device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Sort a batch's objects into one row of slots for each image.

    Args:
        batch: ``batch_idx`` ``(N,)``, ``cls`` ``(N, 1)``, ``bboxes`` ``(N, 4)`` as xywh 0-1.
        size: Number of images B.
        image_wh: Width and height in pixels.
        device: Where the result lies.

    Returns:
        Labels ``(B, G)``, boxes ``(B, G, 4)`` as xyxy in pixels and a mask ``(B, G)`` of the slots in use.
    """
    index = batch["batch_idx"].to(device).long().view(-1)
    counts = torch.bincount(index, minlength=size)
    slots = int(counts.max()) if len(index) else 0
    order = index.argsort(stable=True)
    index = index[order]
    slot = torch.arange(len(index), device=device) - (counts.cumsum(0) - counts)[index]
    labels = torch.zeros(size, slots, dtype=torch.long, device=device)
    boxes = torch.zeros(size, slots, 4, device=device)
    mask = torch.zeros(size, slots, dtype=torch.bool, device=device)
    scale = torch.tensor([*image_wh, *image_wh], device=device)
    labels[index, slot] = batch["cls"].to(device).long().view(-1)[order]
    boxes[index, slot] = xywh2xyxy(batch["bboxes"].to(device).float()[order] * scale)
    mask[index, slot] = True
    return labels, boxes, mask


def _total_over_processes(value: Tensor) -> Tensor:
    """Add a normaliser over all training processes.

    Ultralytics multiplies the loss by the number of processes and DDP averages gradients: with the total below each
    process's share, the gradient is that of one process with the whole batch. Validation, which needs no gradients,
    runs in one of them alone and must not wait for the others.
    """
    if torch.is_grad_enabled() and torch.distributed.is_available() and torch.distributed.is_initialized():
        value = value.clone()
        torch.distributed.all_reduce(value)
    return value
