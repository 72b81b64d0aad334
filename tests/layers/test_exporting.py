"""Exporting: every way to record a graph is noticed, and nothing else."""

import torch
from torch import Tensor, nn

from lidd_yolo.layers.exporting import exporting


class Telltale(nn.Module):
    """Adds 1 while a graph is recorded."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if exporting() else x + 0


class TestExporting:
    def test_eager__no(self):
        assert not exporting()
        assert Telltale()(torch.zeros(1)).item() == 0

    def test_trace(self):
        assert torch.jit.trace(Telltale(), torch.zeros(1), check_trace=False)(torch.zeros(1)).item() == 1
        assert not exporting()

    def test_torch_export(self):
        program = torch.export.export(Telltale(), (torch.zeros(1),))
        assert program.module()(torch.zeros(1)).item() == 1
