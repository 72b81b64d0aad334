"""Auxiliary training head (ATH) of LIDD-Net's LATM: a second, wider head that exists in training only.

Paper: LIDD-Net, section 1.3 and figure 7; sizes of ``dense``: NanoDet-Plus. ``light`` is ours: the paper calls LATM
lightweight, but the dense head costs 21 times the network's own forward pass
(docs/decisions/0003-light-auxiliary-head.md).
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from ultralytics.nn.modules import Conv

_GROUPS = 32
_DEPTH = 4
_PRIOR_LOGIT = -4.595


class AuxiliaryHead(nn.Module):
    """Two towers (class, box) whose weights all levels share.

    Args:
        c1: Channels of a level: main and auxiliary neck together.
        nc: Number of classes.
        bins: Whole distances of a box side.
        levels: Number of levels; each has its own scale of the box logits.
        kind: ``dense`` (3x3 convolutions on c1 channels) or ``light`` (depthwise-separable on half of them).

    Shape:
        - Input: list of ``(B, c1, H_i, W_i)``
        - Output: box logits ``(B, 4 * bins, A)`` and class logits ``(B, nc, A)``
    """

    def __init__(self, c1: int, nc: int, bins: int, levels: int, kind: str = "light") -> None:
        super().__init__()
        block, c2, k = _KINDS[kind]
        width = c2(c1)
        self.entry = nn.Identity() if kind == "dense" else _separable_entry(c1, width)
        self.cls_tower = nn.Sequential(*(block(width) for _ in range(_DEPTH)))
        self.box_tower = nn.Sequential(*(block(width) for _ in range(_DEPTH)))
        self.cls_pred = nn.Conv2d(width, nc, k, padding=k // 2)
        self.box_pred = nn.Conv2d(width, 4 * bins, k, padding=k // 2)
        self.scales = nn.Parameter(torch.ones(levels))
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and (kind == "dense" or module in (self.cls_pred, self.box_pred)):
                nn.init.normal_(module.weight, std=0.01)
        nn.init.constant_(self.cls_pred.bias, _PRIOR_LOGIT)  # type: ignore[arg-type]
        nn.init.zeros_(self.box_pred.bias)  # type: ignore[arg-type]

    def forward(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Predict on every level; see the class for shapes."""
        boxes, scores = [], []
        for level, scale in zip(levels, self.scales, strict=True):
            x = self.entry(level)
            boxes.append((self.box_pred(self.box_tower(x)) * scale).flatten(2))
            scores.append(self.cls_pred(self.cls_tower(x)).flatten(2))
        return torch.cat(boxes, 2), torch.cat(scores, 2)


def _act() -> nn.Module:
    act: nn.Module = copy.deepcopy(Conv.default_act)
    return act


def _norm(c: int) -> nn.Module:
    return nn.GroupNorm(_GROUPS, c)


def _dense(c: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(c, c, 3, padding=1, bias=False), _norm(c), _act())


def _separable(c: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(c, c, 3, padding=1, groups=c, bias=False), nn.Conv2d(c, c, 1, bias=False), _norm(c), _act()
    )


def _separable_entry(c1: int, c2: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(c1, c2, 1, bias=False), _norm(c2), _act())


_KINDS: dict[str, tuple[Callable[[int], nn.Module], Callable[[int], int], int]] = {
    "dense": (_dense, lambda c: c, 3),
    "light": (_separable, lambda c: max(_GROUPS, c // 2 // _GROUPS * _GROUPS), 1),
}
