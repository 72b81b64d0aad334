"""Boxes and scores from raw head outputs, one anchor point at a time, in float64."""

import math

import torch
from torch import Tensor


def naive_decode(preds: dict[str, Tensor], strides: list[int], bins: int) -> Tensor:
    """Return xywh in pixels and scores 0-1, ``(B, 4 + nc, A)``, from box and class logits and the levels' shapes."""
    cells = [
        (x + 0.5, y + 0.5, stride)
        for stride, level in zip(strides, preds["feats"], strict=True)
        for y in range(level.shape[2])
        for x in range(level.shape[3])
    ]
    rows = []
    for boxes, scores in zip(preds["boxes"].double().tolist(), preds["scores"].double().tolist(), strict=True):
        columns = []
        for a, (x, y, stride) in enumerate(cells):
            left, top, right, bottom = (
                _expectation([row[a] for row in boxes[s * bins : (s + 1) * bins]]) for s in range(4)
            )
            x1, y1, x2, y2 = (v * stride for v in (x - left, y - top, x + right, y + bottom))
            score = [1 / (1 + math.exp(-row[a])) for row in scores]
            columns.append([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, *score])
        rows.append(list(zip(*columns, strict=True)))
    return torch.tensor(rows, dtype=torch.float64)


def _expectation(logits: list[float]) -> float:
    weights = [math.exp(z) for z in logits]
    return sum(k * w for k, w in enumerate(weights)) / sum(weights)
