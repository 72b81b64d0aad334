"""Side-by-side times of predictions."""

import pytest
import torch
from torch import nn

from lidd_yolo.bench.latency import measure_latency, on_threads, ways_to_run
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
    def test_ratio__to_the_first_of_its_runtime(self):
        found = measure_latency(
            {"x": {"a": _Work(2), "b": _Work(60)}, "y": {"a": _Work(60), "b": _Work(2)}}, imgsz=32, rounds=5
        )
        assert list(found) == ["x", "y"]
        assert found["x"]["a"]["ratio"] == found["y"]["a"]["ratio"] == 1
        assert found["x"]["b"]["ratio"] > 2
        assert found["y"]["b"]["ratio"] < 0.5
        assert found["x"]["b"]["median_s"] >= found["x"]["b"]["min_s"] > 0

    @pytest.mark.parametrize(("threads", "batch"), [(1, 1), (2, 3)])
    def test_calls__two_more_to_warm_up(self, threads, batch):
        before, work = torch.get_num_threads(), _Work(1)
        measure_latency({"x": {"a": work}}, imgsz=32, batch=batch, threads=threads, rounds=3)
        assert work.calls == [((batch, 3, 32, 32), threads, True)] * 5
        assert torch.get_num_threads() == before


class TestOnThreads:
    def test_threads__as_before_after_an_error(self):
        before = torch.get_num_threads()
        with pytest.raises(KeyError), on_threads(before + 1):
            raise KeyError
        assert torch.get_num_threads() == before


class TestWaysToRun:
    def test_ours__beside_the_folding_of_ultralytics(self):
        usual, plain, trained = ways_to_run("wlnet-t.yaml").items()
        assert [usual[0], plain[0]] == ["wlnet-t.yaml", "wlnet-t.yaml, folded by Ultralytics"]
        assert trained[0] == "wlnet-t.yaml, unfused"
        for (_, model), interleaves in ((plain, True), (usual, False)):
            assert not model.training
            assert not batch_norms(model)
            assert all(conv.interleaves is interleaves for conv in model.modules() if isinstance(conv, GSConv))
        assert batch_norms(trained[1])
        assert not trained[1].training

    def test_stock__beside_its_channels_last_order(self):
        usual, last, trained = ways_to_run("yolov8n-seg.yaml").items()
        assert (usual[0], last[0]) == ("yolov8n-seg.yaml", "yolov8n-seg.yaml, channels-last")
        orders = [m.model[0].conv.weight.is_contiguous(memory_format=torch.channels_last) for _, m in (usual, last)]
        assert orders == [False, True]
        assert batch_norms(trained[1])

    def test_activations__in_place(self):
        for model in ways_to_run("yolov8n-seg.yaml").values():
            assert {m.inplace for m in model.modules() if isinstance(m, nn.SiLU)} == {True}


def batch_norms(model):
    """Return the batch normalisations that ``Conv`` blocks still run."""
    return [conv for conv in model.modules() if type(conv).__name__ == "Conv" and hasattr(conv, "bn")]
