"""HyperCompute: message passing over a hypergraph of the pixels of one map.

Paper: WLNet, section 1 (its baseline, Hyper-YOLO); origin: Feng et al., Hyper-YOLO, TPAMI 2024.
Differs from the origin: distances come from one Gram matrix of centred features, and the incidence is divided by its
degrees before the product. The function is the same, but it exports without a distance operator and does not overflow.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from ultralytics.nn.modules import Conv


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
    z = nodes.detach()
    z = (z - z.mean(1, keepdim=True)) / radius
    square = (z * z).sum(2, keepdim=True)
    distance = square + square.transpose(1, 2) - 2 * (z @ z.transpose(1, 2))
    incidence = (distance < 1).to(z.dtype)
    return incidence / incidence.sum(2, keepdim=True).clamp(min=1)


class HyperCompute(nn.Module):
    """Add to every pixel what its hyperedges say: project, gather into the hyperedges, scatter back.

    Args:
        c: Channels in and out.
        r: Radius of the hyperedges, a Euclidean distance of features.

    The comparison and the two means are computed in float32 at least, whatever the network computes in: half precision
    takes one neighbour in a hundred for a stranger or the other way round.

    Shape:
        - Input: ``(B, c, H, W)``
        - Output: ``(B, c, H, W)``

    Raises:
        ValueError: If ``r`` is not positive.
    """

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
        nodes = x.flatten(2).transpose(1, 2)
        message = self.project(nodes)
        exact = torch.promote_types(x.dtype, torch.float32)
        with torch.autocast(x.device.type, enabled=False):
            means = hyperedge_means(nodes.to(exact), self.radius)
            message = means @ (means @ message.to(exact))
        spread = message.to(x.dtype).transpose(1, 2).reshape(x.shape)
        out: Tensor = self.act(self.bn(x + spread))
        return out
