"""LATM, LIDD-Net's training-only branch: a copy of the neck with its own weights and the auxiliary head on both necks.

Paper: LIDD-Net, section 1.3, figure 1b. Layout: NanoDet-Plus.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class RowGraph(nn.Module):
    """A copy of consecutive rows of an Ultralytics network that runs on its own.

    Args:
        rows: The rows; each knows its number ``i`` and its sources ``f``.
        taps: Numbers of the earlier rows whose outputs are given to `forward`.
        outputs: Numbers of the rows whose outputs `forward` returns.
    """

    def __init__(self, rows: Sequence[nn.Module], taps: Sequence[int], outputs: Sequence[int]) -> None:
        super().__init__()
        self.rows = nn.ModuleList(copy.deepcopy(list(rows)))
        self.taps, self.outputs = list(taps), list(outputs)

    def forward(self, tapped: list[Tensor]) -> list[Tensor]:
        """Run the rows on the outputs of the tapped rows."""
        y = dict(zip(self.taps, tapped, strict=True))
        for row in self.rows:
            index, source = _place(row)
            inputs = [y[index + s if s < 0 else s] for s in ([source] if isinstance(source, int) else source)]
            y[index] = row(inputs[0] if isinstance(source, int) else inputs)
        return [y[i] for i in self.outputs]


def _place(row: Any) -> tuple[int, int | list[int]]:
    """Return a row's number and sources, which Ultralytics' parser wrote on it."""
    return row.i, row.f


class LATM(nn.Module):
    """Auxiliary neck and head.

    Args:
        neck: Copy of the network's neck.
        head: Head on main and auxiliary neck, concatenated.

    While `detached` is True the branch goes on learning but no longer shapes backbone and main neck.

    Shape:
        - Input: levels of the main neck ``(B, C, H_i, W_i)`` and the backbone maps under the neck
        - Output: box and class logits of the auxiliary head
    """

    def __init__(self, neck: RowGraph, head: nn.Module) -> None:
        super().__init__()
        self.neck, self.head = neck, head
        self.detached = False

    def forward(self, levels: list[Tensor], taps: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Predict from both necks; see the class for shapes."""
        if self.detached:
            levels, taps = [x.detach() for x in levels], [x.detach() for x in taps]
        own = self.neck(taps)
        boxes, scores = self.head([torch.cat(pair, 1) for pair in zip(levels, own, strict=True)])
        return boxes, scores
