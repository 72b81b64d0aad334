"""Distillation: what a trained detector says of a picture, put to another network's anchor points, and its losses.

Origin: Zheng et al., "Localization Distillation for Dense Object Detection", CVPR 2022 (the sides' distributions are
matched); Li et al., "Generalized Focal Loss", 2020 (sides as distributions); Yang et al., "Bridging Cross-task
Protocol Inconsistency for Distillation in Dense Object Detection", ICCV 2023 (each class by itself). Ours: teacher and
student may have other levels, strides and numbers of bins, and the temperature is 1: a softened distribution has
another mean, so that it cannot be moved to other bins.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lidd_yolo.geometry import boxes_from_ltrb, pairwise_iou
from lidd_yolo.losses.generalized_focal import quality_focal_loss


class Level(NamedTuple):
    """One map of a detector: pixels between its anchor points, and how many rows and columns of them."""

    stride: float
    height: int
    width: int


class TeacherOutput(NamedTuple):
    """What a teacher says at its own anchor points.

    Attributes:
        scores: Class scores 0-1, of the classes that the student knows too: ``(B, A, C)``.
        classes: Which of the student's classes these are: ``(C,)``.
        sides: Probabilities of each side's distances: ``(B, A, 4, bins)``.
        distances: The distances in the teacher's grid cells, same shape.
        points: Anchor points in pixels, level by level: ``(A, 2)``.
        levels: The maps that the points belong to.
    """

    scores: Tensor
    classes: Tensor
    sides: Tensor
    distances: Tensor
    points: Tensor
    levels: tuple[Level, ...]


class Lesson(NamedTuple):
    """What the student's anchor points should predict.

    Attributes:
        scores: Class scores 0-1 of the common classes: ``(B, A, C)``.
        classes: Which of the student's classes these are: ``(C,)``.
        sides: A distribution over the student's bins for each side: ``(B, A, 4, bins)``.
        weight: How much the box of each point counts, the largest of its scores: ``(B, A)``.
    """

    scores: Tensor
    classes: Tensor
    sides: Tensor
    weight: Tensor


@torch.no_grad()
def resample(teacher: TeacherOutput, points: Tensor, levels: tuple[Level, ...], bins: int) -> Lesson:
    """Put what a teacher says to a student's anchor points.

    A point listens to the teacher's level of the nearest stride, there to the point with the highest score among those
    in its own cell (one, where the teacher's cells are as large or larger). A box that the student's bins cannot
    express there, too large or beside the point, lowers the score by the IoU of the box and the nearest one that they
    can.

    Args:
        teacher: What the teacher says of the same pictures.
        points: The student's anchor points in pixels, level by level.
        levels: The student's maps.
        bins: The student's whole distances 0 .. bins - 1, in its grid cells.

    Shape:
        - points: ``(A, 2)``
    """
    index = _listen(teacher, points, levels)
    stride = torch.cat([points.new_full((level.height * level.width,), level.stride) for level in levels])
    theirs = torch.cat([points.new_full((level.height * level.width,), level.stride) for level in teacher.levels])

    row = index[..., None, None].expand(-1, -1, *teacher.sides.shape[2:])
    shift = points - teacher.points[index]
    in_pixels = teacher.distances.gather(1, row) * theirs[index][..., None, None]
    distances = (in_pixels + torch.cat((shift, -shift), -1).unsqueeze(-1)) / stride[:, None, None]
    probabilities = teacher.sides.gather(1, row)
    sides = project(probabilities, distances, bins)

    scores = teacher.scores.gather(1, index.unsqueeze(-1).expand(-1, -1, teacher.scores.shape[-1]))
    fit = _overlap((probabilities * distances).sum(-1), (sides * torch.arange(bins, device=points.device)).sum(-1))
    scores = scores * fit.unsqueeze(-1)
    return Lesson(scores, teacher.classes, sides, scores.amax(-1))


def project(probabilities: Tensor, distances: Tensor, bins: int) -> Tensor:
    """Move distributions to whole distances 0 .. bins - 1: each value is shared by its two neighbours, as in DFL.

    The mean stays what it was but for distances outside, which go to the first or last bin.

    Shape:
        - probabilities, distances: ``(..., n)``
        - Output: ``(..., bins)``
    """
    distances = distances.clamp(0, bins - 1)
    shares = [(probabilities * (1 - (distances - i).abs()).clamp(min=0)).sum(-1) for i in range(bins)]
    return torch.stack(shares, -1)


def distillation_losses(logits: Tensor, sides: Tensor, lesson: Lesson) -> tuple[Tensor, Tensor]:
    """Return the sum over all points of the scores' loss and of the boxes' loss.

    Scores: binary cross-entropy of each class, weighted by the distance to the teacher's score, so that the many points
    of the background on which both agree add nothing. Boxes: Kullback-Leibler divergence of each side's distribution,
    the mean of the four, weighted by the lesson.

    Args:
        logits: The student's class logits.
        sides: The student's logits of each side's bins.
        lesson: What they should be.

    Shape:
        - logits: ``(B, A, all classes)``
        - sides: ``(B, A, 4, bins)``
    """
    scores = quality_focal_loss(logits[..., lesson.classes], lesson.scores, beta=1.0).sum()
    divergence = F.kl_div(F.log_softmax(sides, -1), lesson.sides, reduction="none").sum(-1).mean(-1)
    return scores, (divergence * lesson.weight).sum()


def nearest_level(stride: float, levels: tuple[Level, ...]) -> int:
    """Return which level's stride is nearest by ratio; the finer of two that are equally near."""
    return min(range(len(levels)), key=lambda i: (abs(math.log(levels[i].stride / stride)), levels[i].stride))


def _listen(teacher: TeacherOutput, points: Tensor, levels: tuple[Level, ...]) -> Tensor:
    """Return which of the teacher's points each point of the student listens to: ``(B, A)``."""
    sizes = [level.height * level.width for level in teacher.levels]
    loudest = teacher.scores.amax(-1)
    chosen = []
    for level, own in zip(levels, points.split([level.height * level.width for level in levels]), strict=True):
        number = nearest_level(level.stride, teacher.levels)
        candidates = _points_in_cell(own, level.stride, teacher.levels[number]) + sum(sizes[:number])
        best = loudest[:, candidates].argmax(-1, keepdim=True)
        chosen.append(candidates.expand(len(loudest), -1, -1).gather(-1, best).squeeze(-1))
    return torch.cat(chosen, 1)


def _points_in_cell(points: Tensor, stride: float, level: Level) -> Tensor:
    """Return which points of a level lie in the cell around each point, at least the nearest: ``(A, candidates)``."""
    n = max(1, math.ceil(stride / level.stride - 1e-6))
    offsets = ((torch.arange(n, device=points.device) + 0.5) / n - 0.5) * stride
    columns, rows = (((points[:, axis, None] + offsets) / level.stride).floor().long() for axis in (0, 1))
    columns, rows = columns.clamp(0, level.width - 1), rows.clamp(0, level.height - 1)
    return (rows.unsqueeze(2) * level.width + columns.unsqueeze(1)).flatten(1)


def _overlap(first: Tensor, second: Tensor) -> Tensor:
    """Return the IoU of two boxes around the same point, given by their distances: ``(..., 4)`` -> ``(...)``."""
    middle = first.new_zeros(2)
    box, other = (boxes_from_ltrb(middle, ltrb).unsqueeze(-2) for ltrb in (first, second))
    return pairwise_iou(box, other).flatten(-3)
