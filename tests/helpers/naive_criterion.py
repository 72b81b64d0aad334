"""LIDD-Net's loss, one positive and one side at a time, in float64 and differentiable."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.helpers.naive_assigner import NaiveAssignment, assign_one_image


@dataclass
class Setting:
    """What the network and the user fix: strides in pixels, classes, bins, gains and options."""

    strides: tuple[int, ...] = (8, 16, 32, 64)
    nc: int = 3
    bins: int = 8
    qfl: float = 1.0
    dfl: float = 0.25
    box: float = 2.0
    center_radius: float | None = None
    candidates: str = "inside"
    class_weights: tuple[float, ...] | None = None


@dataclass
class _Positive:
    image: int
    anchor: int
    label: int
    quality: float
    box: list[float]  # xyxy in pixels


def naive_terms(preds: dict[str, Tensor], batch: dict[str, Tensor], setting: Setting) -> dict[str, Tensor]:
    """Return the four terms of a batch."""
    cells = _cells(preds, setting)
    height, width = (side * setting.strides[0] for side in preds["feats"][0].shape[2:])
    source = "aux_" if "aux_boxes" in preds else ""
    positives = []
    for image in range(len(preds["scores"])):
        labels, boxes = _objects(batch, image, width, height)
        found = _assign(preds[f"{source}boxes"][image], preds[f"{source}scores"][image], cells, labels, boxes, setting)
        positives += [
            _Positive(image, a, labels[g], found.quality[a], boxes[g]) for a, g in sorted(found.owner.items())
        ]
    terms = _head_terms(preds["boxes"], preds["scores"], cells, positives, setting)
    terms["aux_loss"] = torch.zeros((), dtype=torch.float64)
    if source:
        aux = _head_terms(preds["aux_boxes"], preds["aux_scores"], cells, positives, setting)
        terms["aux_loss"] = aux["qfl_loss"] + aux["dfl_loss"] + aux["box_loss"]
    return terms


def _cells(preds: dict[str, Tensor], setting: Setting) -> list[tuple[float, float, int]]:
    """Return x, y in grid cells and the stride in pixels of every anchor point."""
    return [
        (x + 0.5, y + 0.5, stride)
        for stride, level in zip(setting.strides, preds["feats"], strict=True)
        for y in range(level.shape[2])
        for x in range(level.shape[3])
    ]


def _objects(batch: dict[str, Tensor], image: int, width: float, height: float) -> tuple[list[int], list[list[float]]]:
    """Return classes and boxes (xyxy in pixels) of one image."""
    labels, boxes = [], []
    for index, label, (x, y, w, h) in zip(
        batch["batch_idx"].tolist(), batch["cls"].flatten().tolist(), batch["bboxes"].tolist(), strict=True
    ):
        if index == image:
            labels.append(int(label))
            corners = (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
            boxes.append(list(corners))
    return labels, boxes


def _box(sides: Tensor, cell: tuple[float, float, int], bins: int) -> list[Tensor]:
    """Decode ``(4 * bins,)`` logits to xyxy in grid cells."""
    x, y, _ = cell
    left, top, right, bottom = (
        sum(k * p for k, p in enumerate(sides[side * bins : (side + 1) * bins].double().softmax(0)))
        for side in range(4)
    )
    return [x - left, y - top, x + right, y + bottom]


def _assign(
    boxes: Tensor, scores: Tensor, cells: list[tuple[float, float, int]], labels: list[int], gt: list, setting: Setting
) -> NaiveAssignment:
    pred = [
        [float(v) * cell[2] for v in _box(boxes[:, a].detach(), cell, setting.bins)] for a, cell in enumerate(cells)
    ]
    return assign_one_image(
        scores.detach().T,
        torch.tensor(pred, dtype=torch.float64),
        torch.tensor([(x * s, y * s) for x, y, s in cells], dtype=torch.float64),
        labels,
        gt,
        center_radius=setting.center_radius,
        strides=torch.tensor([s for _, _, s in cells]),
    )


def _head_terms(
    boxes: Tensor, scores: Tensor, cells: list[tuple[float, float, int]], positives: list[_Positive], setting: Setting
) -> dict[str, Tensor]:
    target = torch.zeros(scores.shape, dtype=torch.float64)
    weight_sum = dfl = giou = torch.zeros((), dtype=torch.float64)
    for p in positives:
        target[p.image, p.label, p.anchor] = p.quality
        weight = scores[p.image, :, p.anchor].detach().double().sigmoid().max()
        sides, cell = boxes[p.image, :, p.anchor], cells[p.anchor]
        weight_sum = weight_sum + weight
        giou = giou + weight * (1 - _giou(_box(sides, cell, setting.bins), [v / cell[2] for v in p.box]))
        dfl = dfl + weight * _dfl(sides.double(), cell, [v / cell[2] for v in p.box], setting.bins)
    z = scores.double()
    cross_entropy = -(target * F.logsigmoid(z) + (1 - target) * F.logsigmoid(-z))
    qfl = cross_entropy * (target - z.sigmoid()) ** 2
    if setting.class_weights is not None:
        qfl = qfl * torch.tensor(setting.class_weights).view(1, -1, 1)
    weight_sum = weight_sum.clamp(min=1)
    return {
        "qfl_loss": setting.qfl * qfl.sum() / max(len(positives), 1),
        "dfl_loss": setting.dfl * dfl / weight_sum,
        "box_loss": setting.box * giou / weight_sum,
    }


def _giou(a: list[Tensor], b: list[float]) -> Tensor:
    """Return IoU minus the share of the smallest common box that neither fills."""
    zero = torch.zeros((), dtype=torch.float64)
    b = [torch.tensor(v, dtype=torch.float64) for v in b]
    low, high = [torch.maximum(a[i], b[i]) for i in (0, 1)], [torch.minimum(a[i], b[i]) for i in (2, 3)]
    overlap = torch.maximum(high[0] - low[0], zero) * torch.maximum(high[1] - low[1], zero)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - overlap
    width = torch.maximum(a[2], b[2]) - torch.minimum(a[0], b[0])
    height = torch.maximum(a[3], b[3]) - torch.minimum(a[1], b[1])
    return overlap / union - (width * height - union) / (width * height)


def _dfl(sides: Tensor, cell: tuple[float, float, int], gt: list[float], bins: int) -> Tensor:
    """Return the mean over the four sides of the cross-entropy with the two whole distances around the true one."""
    x, y, _ = cell
    total = torch.zeros((), dtype=torch.float64)
    for side, distance in enumerate((x - gt[0], y - gt[1], gt[2] - x, gt[3] - y)):
        d = min(max(distance, 0.0), bins - 1.1)
        log_p = sides[side * bins : (side + 1) * bins].log_softmax(0)
        total = total - (int(d) + 1 - d) * log_p[int(d)] - (d - int(d)) * log_p[int(d) + 1]
    return total / 4
