"""Predictions side by side: the networks that are timed, what each runtime gets, times."""

import pytest
import torch
from torch import nn
from ultralytics import YOLO

from lidd_yolo.bench import latency as timed_models
from lidd_yolo.bench.latency import (
    as_checkpoint,
    make_exports,
    measure_latency,
    on_threads,
    open_networks,
    parse_runtimes,
    ways_to_run,
)
from lidd_yolo.layers.gs_conv import GSConv
from lidd_yolo.models.lidd import LIDDModel
from tests.helpers.checkpoints import write_lidd


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


NEEDED = "export needs the extra lidd-yolo[export]"


class TestParseRuntimes:
    def test_runtimes__each_once(self):
        pytest.importorskip("onnxruntime", reason=NEEDED)
        assert parse_runtimes("onnx, PyTorch,onnx") == ("onnx", "pytorch")

    @pytest.mark.parametrize(("text", "told"), [("tflite,pytorch", "tflite: no such runtime"), (",", "no runtime")])
    def test_runtimes__unknown(self, text, told):
        with pytest.raises(ValueError, match=told):
            parse_runtimes(text)

    def test_runtimes__package_missing(self, monkeypatch):
        monkeypatch.setattr("lidd_yolo.optional.find_spec", lambda package: None if package == "openvino" else package)
        assert parse_runtimes("pytorch,onnx") == ("pytorch", "onnx")
        with pytest.raises(ValueError, match=r"openvino not installed.*lidd-yolo\[export\].*--runtimes pytorch"):
            parse_runtimes("onnx,openvino")


class TestChannels:
    def test_four__one_line(self, tmp_path):
        file = tmp_path / "four.pt"
        torch.save({"model": LIDDModel("lidd.yaml", ch=4, verbose=False)}, file)
        with pytest.raises(ValueError, match=r"four\.pt takes pictures of 4 channels"):
            ways_to_run(str(file))
        with pytest.raises(ValueError, match=r"four\.pt takes pictures of 4 channels"):
            make_exports([str(file)], ["onnx"], tmp_path, imgsz=64, batch=1, say=print)


class TestAsCheckpoint:
    def test_yaml__start_values(self, tmp_path):
        file = as_checkpoint("wlnet-t.yaml", tmp_path / "new")
        assert file == tmp_path / "new" / "wlnet-t.pt"
        assert type(YOLO(file).model).__name__ == "WLNetModel"

    def test_checkpoint__a_copy(self, tmp_path):
        weights = write_lidd(tmp_path / "best.pt")
        file = as_checkpoint(str(weights), tmp_path / "new")
        assert file.read_bytes() == weights.read_bytes()
        assert file != weights


class TestMakeExports:
    @pytest.mark.trains
    def test_exports__of_one_shape_and_equal_to_the_network(self, tmp_path):
        for package in ("onnx", "onnxruntime", "onnxslim", "openvino"):
            pytest.importorskip(package, reason=NEEDED)
        weights = str(write_lidd(tmp_path / "best.pt"))
        threads, said = torch.get_num_threads(), []
        exports = make_exports(
            [weights], ("pytorch", "onnx", "openvino"), tmp_path / "exports", imgsz=64, batch=2, say=said.append
        )
        assert said == [f"exporting {weights} for {runtime}, 64 px, batch 2" for runtime in ("onnx", "openvino")]
        assert [list(files) for files in exports.values()] == [[weights]] * 2
        assert sorted(file.name for file in tmp_path.iterdir()) == ["best.pt", "exports"]
        networks = open_networks({}, exports, threads=threads)
        pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
        model = YOLO(weights).model.float().eval()
        with torch.no_grad():
            want = model(pictures)[0]
        for runtime in ("onnx", "openvino"):
            (got,) = networks[runtime][weights](pictures)
            torch.testing.assert_close(got, want, atol=1e-3 * float(want.abs().max()), rtol=0)
        with pytest.raises(Exception, match=r"(?i)dimension"):
            networks["onnx"][weights](pictures[:1])


class TestOpenNetworks:
    def test_opened__on_the_threads(self, tmp_path, monkeypatch):
        asked = []

        def opener(runtime, file):
            asked.append((runtime, file, torch.get_num_threads()))
            return runtime

        monkeypatch.setattr(timed_models, "open_runtime", opener)
        file = tmp_path / "a.onnx"
        opened = open_networks({"a": "network"}, {"onnx": {"a": file}}, threads=3)
        assert opened == {"pytorch": {"a": "network"}, "onnx": {"a": "onnx"}}
        assert asked == [("onnx", file, 3)]
