"""The networks that are timed: what each runtime gets."""

import pytest
import torch
from ultralytics import YOLO

from lidd_yolo.bench import latency as timed_models
from lidd_yolo.bench.latency import as_checkpoint, make_exports, open_networks, parse_runtimes
from tests.helpers.checkpoints import write_lidd

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
        monkeypatch.setattr(timed_models, "find_spec", lambda package: None if package == "openvino" else package)
        assert parse_runtimes("pytorch,onnx") == ("pytorch", "onnx")
        with pytest.raises(ValueError, match=r"openvino not installed.*lidd-yolo\[export\].*--runtimes pytorch"):
            parse_runtimes("onnx,openvino")


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
