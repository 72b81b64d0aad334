"""Side-by-side times of predictions."""

import pytest
import torch
from torch import nn

from lidd_yolo.benchmark.inference_time import measure_latency, ways_to_run
from lidd_yolo.layers.gs_conv import GSConv


class _Work(nn.Module):
    """Multiplies matrices ``n`` times and notes how it was called."""

    def __init__(self, n):
        super().__init__()
        self.n, self.calls = n, []

    def forward(self, picture):
        self.calls.append((picture.shape, torch.get_num_threads(), torch.is_inference_mode_enabled()))
        y = torch.eye(200)
        for _ in range(self.n):
            y = y @ y
        return y


class TestMeasureLatency:
    def test_ratio__to_the_reference(self):
        result = measure_latency({"a": _Work(2), "b": _Work(60)}, imgsz=32, rounds=5, reference="a")
        assert result["a"]["ratio"] == 1
        assert result["b"]["ratio"] > 2
        assert result["b"]["median_s"] >= result["b"]["min_s"] > 0

    @pytest.mark.parametrize("threads", [1, 2])
    def test_calls__two_more_to_warm_up(self, threads):
        before, work = torch.get_num_threads(), _Work(1)
        measure_latency({"a": work}, imgsz=32, threads=threads, rounds=3, reference="a")
        assert work.calls == [((1, 3, 32, 32), threads, True)] * 5
        assert torch.get_num_threads() == before


class TestWaysToRun:
    def test_ours__beside_the_folding_of_ultralytics(self):
        plain, usual = ways_to_run("wlnet-t.yaml").items()
        assert (plain[0], usual[0]) == ("wlnet-t.yaml, folded by Ultralytics", "wlnet-t.yaml")
        for (_, model), interleaves in ((plain, True), (usual, False)):
            assert not model.training
            assert not any(hasattr(conv, "bn") for conv in model.modules() if type(conv).__name__ == "Conv")
            assert all(conv.interleaves is interleaves for conv in model.modules() if isinstance(conv, GSConv))

    def test_stock__beside_its_channels_last_order(self):
        usual, last = ways_to_run("yolov8n-seg.yaml").items()
        assert (usual[0], last[0]) == ("yolov8n-seg.yaml", "yolov8n-seg.yaml, channels-last")
        orders = [m.model[0].conv.weight.is_contiguous(memory_format=torch.channels_last) for _, m in (usual, last)]
        assert orders == [False, True]

    def test_activations__in_place(self):
        for model in ways_to_run("yolov8n-seg.yaml").values():
            assert {m.inplace for m in model.modules() if isinstance(m, nn.SiLU)} == {True}
