"""Side-by-side step times."""

import torch
from torch import nn

from lidd_yolo.benchmark.step_time import measure_steps, trainable


class _Work(nn.Module):
    """Multiplies matrices ``n`` times."""

    def __init__(self, n):
        super().__init__()
        self.n, self.w = n, nn.Parameter(torch.eye(200))

    def forward(self, batch):
        y = self.w
        for _ in range(self.n):
            y = y @ self.w
        return y.mean() + batch["img"].mean(), {}


class TestMeasureSteps:
    def test_measure_steps__ratio_to_the_reference(self):
        result = measure_steps({"a": _Work(2), "b": _Work(60)}, imgsz=32, batch=2, rounds=5, reference="a")
        assert result["a"]["ratio"] == 1
        assert result["b"]["ratio"] > 2
        assert result["b"]["median_s"] >= result["b"]["min_s"] > 0


class TestTrainable:
    def test_trainable__options_reach_the_network(self):
        assert trainable("lidd.yaml", aux="off").head.latm is None
        dense = trainable("lidd.yaml", aux="dense")
        assert dense.head.latm is not None
        assert dense.training
