"""Dynamic soft label assignment with plain Python loops and floats, one image at a time."""

import math
from dataclasses import dataclass, field

from torch import Tensor

Box = list[float]


@dataclass
class NaiveAssignment:
    """Result for one image: ``owner[a]`` is the ground truth of anchor point ``a``, ``quality[a]`` their IoU.

    ``cost[a, g]`` and ``iou[a, g]`` hold every pair of a candidate and a ground truth; ``wanted[g]`` is how many points
    a ground truth asks for and ``contested`` lists the points that several of them took.
    """

    owner: dict[int, int] = field(default_factory=dict)
    quality: dict[int, float] = field(default_factory=dict)
    cost: dict[tuple[int, int], float] = field(default_factory=dict)
    iou: dict[tuple[int, int], float] = field(default_factory=dict)
    wanted: dict[int, int] = field(default_factory=dict)
    contested: list[int] = field(default_factory=list)


def naive_iou(a: Box, b: Box) -> float:
    """Return intersection over union of two boxes, 0 when neither has an area."""
    overlap = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - overlap
    return overlap / union if union > 0 else 0.0


def quality_cost(logits: list[float], label: int, iou: float) -> float:
    """Return the sum over classes of cross-entropy times the squared error to the soft label."""
    total = 0.0
    for c, z in enumerate(logits):
        target = iou if c == label else 0.0
        score = 1 / (1 + math.exp(-z))
        log_score = -math.log1p(math.exp(-z))
        log_rest = -math.log1p(math.exp(z))
        total += -(target * log_score + (1 - target) * log_rest) * (target - score) ** 2
    return total


def assign_one_image(  # noqa: PLR0913
    logits: Tensor,
    pred_boxes: Tensor,
    points: Tensor,
    labels: list[int],
    gt_boxes: list[Box],
    *,
    topk: int = 13,
    iou_weight: float = 3.0,
    center_radius: float | None = None,
    strides: Tensor | None = None,
) -> NaiveAssignment:
    """Assign the ground truths of one image; boxes and points in pixels, no padding."""
    result = NaiveAssignment()
    position = points.double().tolist()
    candidates = [
        a for a, (x, y) in enumerate(position) if any(x1 < x < x2 and y1 < y < y2 for x1, y1, x2, y2 in gt_boxes)
    ]
    scores, boxes = logits.double().tolist(), pred_boxes.double().tolist()
    for a in candidates:
        for g, gt in enumerate(gt_boxes):
            iou = naive_iou(boxes[a], gt)
            cost = quality_cost(scores[a], labels[g], iou) + iou_weight * -math.log(iou + 1e-7)
            if center_radius is not None and strides is not None:
                center = ((gt[0] + gt[2]) / 2, (gt[1] + gt[3]) / 2)
                cost += 10 ** (math.dist(position[a], center) / float(strides[a]) - center_radius)
            result.iou[a, g], result.cost[a, g] = iou, cost
    _share(result, candidates, len(gt_boxes), topk)
    return result


def _share(result: NaiveAssignment, candidates: list[int], num_gt: int, topk: int) -> None:
    """Let every ground truth take its cheapest candidates, then settle who keeps a contested one."""
    takers: dict[int, list[int]] = {}
    for g in range(num_gt):
        best = sorted((result.iou[a, g] for a in candidates), reverse=True)[:topk]
        result.wanted[g] = max(1, int(sum(best)))
        for a in sorted(candidates, key=lambda a: result.cost[a, g])[: result.wanted[g]]:
            takers.setdefault(a, []).append(g)
    for a, wanting in takers.items():
        result.owner[a] = wanting[0]
        if len(wanting) > 1:
            result.contested.append(a)
            result.owner[a] = min(range(num_gt), key=lambda g: result.cost[a, g])
        result.quality[a] = result.iou[a, result.owner[a]]
