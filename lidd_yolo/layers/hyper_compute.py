"""HyperCompute: message passing over a hypergraph of the pixels of one map.

Paper: WLNet, section 1 (its baseline, Hyper-YOLO); origin: Feng et al., Hyper-YOLO, TPAMI 2024.
Differs from the origin: distances come from one Gram matrix of centred features, and the incidence is divided by its
degrees before the product. The function is the same, but it exports without a distance operator and does not overflow.
Outside an export the matrix is never whole in floating point: it is worked off in blocks of rows and remembered as one
byte for each pair of pixels.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.exporting import exporting
from lidd_yolo.layers.reparam import batch_norm_scale_shift

_ENTRIES_CPU, _ENTRIES = 2**20, 2**24  # of the matrix at a time: what fits a cache; what keeps an accelerator busy


def hyperedge_means(nodes: Tensor, radius: float) -> Tensor:
    """Return the matrix that replaces every node by the mean of all nodes within a radius.

    Every node spans one hyperedge, the nodes less than ``radius`` away from it. That relation is symmetric, so this
    one matrix is the mean of a hyperedge's nodes and also the mean of a node's hyperedges. Centring and scaling leave
    the comparison as it is and keep the numbers small; float32 resolves the radius up to 1000 radii from the mean.

    Args:
        nodes: Features, ``(B, N, C)``; no gradient flows through the comparison.
        radius: Euclidean distance in the C-dimensional feature space.

    Returns:
        ``(B, N, N)``, rows of sum 1.
    """
    z, square = _centred(nodes, radius)
    middle = nodes.shape[1] // 2
    first, last = (z[:, :middle], square[:, :middle]), (z[:, middle:], square[:, middle:])
    across = _near(*first, *last)  # symmetric: one of the four quarters is not computed
    above = torch.cat((_near(*first, *first), across), 2)
    below = torch.cat((across.transpose(1, 2), _near(*last, *last)), 2)
    incidence = torch.cat((above, below), 1)
    return incidence / incidence.sum(2, keepdim=True).clamp(min=1)


def _near(z: Tensor, square: Tensor, other_z: Tensor, other_square: Tensor) -> Tensor:
    """Return 1 where a node ``(B, N, C)`` and another ``(B, M, C)`` are less than 1 apart, else 0: ``(B, N, M)``."""
    inside = 1 - square - (other_square.transpose(1, 2) - (2 * z) @ other_z.transpose(1, 2))
    return torch.sign(torch.relu(inside))  # inside > 0, in operators that ncnn has


def two_step_means(nodes: Tensor, message: Tensor, radius: float) -> Tensor:
    """Apply the matrix of `hyperedge_means` twice, without ever holding it.

    Args:
        nodes: Features, ``(B, N, C)``; no gradient flows through the comparison.
        message: What is averaged, ``(B, N, D)``, of the same type.
        radius: Euclidean distance in the C-dimensional feature space.

    Returns:
        ``(B, N, D)``. For the backward pass N^2 bytes are kept for each image.
    """
    if torch.is_grad_enabled() and message.requires_grad:
        means: Tensor = _TwoStepMeans.apply(nodes.detach(), message, radius)
        return means
    return _two_steps(nodes, message, radius)  # in plain sight of whatever counts operations


def _two_steps(nodes: Tensor, message: Tensor, radius: float, kept: list[Tensor] | None = None) -> Tensor:
    """Return the means of each image in turn; append incidence and degrees of each to ``kept``."""
    out = torch.empty_like(message, memory_format=torch.contiguous_format)
    for image, (z, square) in enumerate(zip(*_centred(nodes, radius), strict=True)):
        incidence = _incidence(z, square)
        degree = _degrees(incidence, message.dtype)
        edges = _sums(incidence, message[image]) / degree
        torch.div(_sums(incidence, edges), degree, out=out[image])
        if kept is not None:
            kept += [incidence, degree]
    return out


class _TwoStepMeans(torch.autograd.Function):
    """D^-1 H D^-1 H; its gradient is H D^-1 H D^-1, since the incidence H is symmetric and D holds its row sums."""

    @staticmethod
    def forward(ctx: Any, nodes: Tensor, message: Tensor, radius: float) -> Tensor:
        kept: list[Tensor] = []
        out = _two_steps(nodes, message, radius, kept)
        ctx.save_for_backward(*kept)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, None]:
        incidences, degrees = ctx.saved_tensors[0::2], ctx.saved_tensors[1::2]
        out = torch.empty_like(grad, memory_format=torch.contiguous_format)
        with torch.autocast(grad.device.type, enabled=False):
            for image, (incidence, degree) in enumerate(zip(incidences, degrees, strict=True)):
                out[image] = _sums(incidence, _sums(incidence, grad[image] / degree) / degree)
        return None, out, None


def _centred(nodes: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Return nodes ``(B, N, C)`` in radii from their mean, and the squares of their lengths ``(B, N, 1)``."""
    z = nodes.detach()
    z = (z - z.mean(1, keepdim=True)) / radius
    return z, (z * z).sum(2, keepdim=True)


def _blocks(incidence: Tensor) -> list[slice]:
    """Return runs of rows that hold a bounded number of entries."""
    nodes = len(incidence)
    rows = max(1, (_ENTRIES_CPU if incidence.device.type == "cpu" else _ENTRIES) // nodes)
    return [slice(first, min(first + rows, nodes)) for first in range(0, nodes, rows)]


def _incidence(z: Tensor, square: Tensor) -> Tensor:
    """Return which of one image's nodes ``(N, C)`` are less than 1 apart: bool ``(N, N)``, exactly symmetric."""
    incidence = torch.empty(len(z), len(z), dtype=torch.bool, device=z.device)
    for rows in _blocks(incidence):
        right = slice(rows.start, None)  # what lies to the left was filled in by the blocks above
        near = torch.matmul(-2 * z[rows], z[right].t()).add_(square[right].t()) < 1 - square[rows]
        incidence[rows, right] = near
        incidence[rows.stop :, rows] = near[:, rows.stop - rows.start :].t()
    return incidence


def _sums(incidence: Tensor, message: Tensor) -> Tensor:
    """Return the sum of the message ``(N, D)`` over each node's neighbours."""
    out = torch.empty_like(message, memory_format=torch.contiguous_format)
    for rows in _blocks(incidence):
        torch.matmul(incidence[rows].to(message.dtype), message, out=out[rows])
    return out


def _degrees(incidence: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the number of neighbours ``(N, 1)``, at least 1: a node whose features are not finite has none."""
    return incidence.sum(1, keepdim=True).clamp(min=1).to(dtype)


def pooling_factor(height: int, width: int, max_nodes: int | None) -> int:
    """Return the smallest power of 2 by which a grid must be pooled to have at most ``max_nodes`` nodes."""
    factor = 1
    while max_nodes is not None and -(-height // factor) * -(-width // factor) > max_nodes:
        factor *= 2
    return factor


class HyperCompute(nn.Module):
    """Add to every pixel what its hyperedges say: project, gather into the hyperedges, scatter back.

    Args:
        c: Channels in and out.
        r: Radius of the hyperedges, a Euclidean distance of features.

    The comparison and the two means are computed in float32 at least, whatever the network computes in: half precision
    takes one neighbour in a hundred for a stranger or the other way round.

    ``max_nodes`` bounds the hypergraph: a larger grid is averaged over squares of 2, 4, ... pixels, and all pixels of a
    square get its message. None, the paper's, leaves the grid as it is. An export fixes the side of the squares at the
    size it is made with; ``pooled_by`` tells that of the last forward.

    Shape:
        - Input: ``(B, c, H, W)``
        - Output: ``(B, c, H, W)``

    Raises:
        ValueError: If ``r`` is not positive.
    """

    max_nodes: int | None = None
    pooled_by: int = 1

    def __init__(self, c: int, r: float) -> None:
        super().__init__()
        if r <= 0:
            raise ValueError(f"HyperCompute: the radius must be positive, got {r}")
        self.radius = r
        self.project = nn.Linear(c, c)
        self.bn = nn.BatchNorm2d(c)
        self.act = deepcopy(Conv.default_act)

    def forward(self, x: Tensor) -> Tensor:
        """Return the activated sum of the map and its message."""
        h, w = x.shape[2:]
        factor = 1 if self.max_nodes is None else pooling_factor(h, w, self.max_nodes)
        if factor == 1:
            spread = self._spread(x)
        else:
            pooled = F.avg_pool2d(x, factor, ceil_mode=True, count_include_pad=False)
            spread = F.interpolate(self._spread(pooled), scale_factor=factor)[..., :h, :w]
        if factor != self.pooled_by:
            self.pooled_by = factor
        out: Tensor = self.act(self.bn(x + spread) if hasattr(self, "bn") else self._scaled(x) + spread)
        return out

    def fold_batch_norm(self) -> bool:
        """Fold the batch normalisation in place; return whether there was any left.

        Its scale goes into the projection, which the means commute with, and beside the map; its shift stays.
        """
        if not hasattr(self, "bn"):
            return False
        weight = self.project.weight
        scale, shift = batch_norm_scale_shift(self.bn)
        kernel, bias = (t.detach().cpu().double() for t in (weight, self.project.bias))
        self.project.weight = nn.Parameter((kernel * scale.view(-1, 1)).to(weight))
        self.project.bias = nn.Parameter((bias * scale).to(weight))
        self.scale, self.shift = nn.Parameter(scale.to(weight)), nn.Parameter(shift.to(weight))
        del self.bn
        return True

    def _spread(self, x: Tensor) -> Tensor:
        """Return the message that the hyperedges bring to each pixel of the map ``(B, c, H, W)``."""
        b, c, h, w = x.shape
        nodes = x.permute(0, 2, 3, 1).reshape(b, h * w, c)  # in channels-last order nothing is moved
        message: Tensor = self.project(nodes)
        exact = torch.promote_types(x.dtype, torch.float32)
        nodes, message = nodes.to(exact), message.to(exact)
        with torch.autocast(x.device.type, enabled=False):
            if exporting():  # its operators must not depend on sizes, so the matrix is one
                means = hyperedge_means(nodes, self.radius)
                message = means @ (means @ message)
            else:
                message = two_step_means(nodes, message, self.radius)
        return message.to(x.dtype).reshape(b, h, w, c).permute(0, 3, 1, 2)

    def _scaled(self, x: Tensor) -> Tensor:
        """Return what the folded batch normalisation makes of the map itself."""
        return x * self.scale.view(1, -1, 1, 1) + self.shift.view(1, -1, 1, 1)
