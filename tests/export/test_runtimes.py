"""Runtimes of the formats, each on a file whose outputs are known; TensorRT by a stand-in where there is no GPU."""

import ctypes
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from lidd_yolo.export import runtimes
from lidd_yolo.export import runtimes as tensorrt_runtime
from lidd_yolo.export.making import make_export
from lidd_yolo.export.runtimes import (
    default_openvino_precision,
    engine_bytes,
    open_openvino_as_is,
    open_runtime,
    open_tensorrt,
)

NEEDED = "export needs the extra lidd-yolo[export]"


class Two(nn.Module):
    """Outputs of four and three axes, in this order: the runtime must turn them round."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return x * self.factor, x.flatten(2) + 1


@pytest.fixture
def batch():
    return torch.arange(24.0).view(2, 3, 2, 2)


def check(runtime, batch):
    flat, maps = runtime(batch)
    torch.testing.assert_close(flat, batch.flatten(2) + 1)
    torch.testing.assert_close(maps, batch * 2)


def write_onnx(file, kind):
    onnx = pytest.importorskip("onnx", reason=NEEDED)
    pytest.importorskip("onnxruntime", reason=NEEDED)
    helper, shape = onnx.helper, [2, 3, 2, 2]
    number = getattr(onnx.TensorProto, kind)
    two = helper.make_tensor("two", number, [], [2.0])
    node = helper.make_node("Mul", ["images", "two"], ["output0"])
    infos = [helper.make_tensor_value_info(name, number, shape) for name in ("images", "output0")]
    graph = helper.make_graph([node], "g", infos[:1], infos[1:], [two])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
    return file


class TestOpenRuntime:
    def test_torchscript(self, tmp_path, batch):
        file = tmp_path / "two.torchscript"
        torch.jit.trace(Two(), batch).save(str(file))
        check(open_runtime("torchscript", file), batch)

    @pytest.mark.parametrize("kind", ["FLOAT", "FLOAT16"])
    def test_onnx__float32_given_whatever_it_takes(self, tmp_path, batch, kind):
        (output,) = open_runtime("onnx", write_onnx(tmp_path / "two.onnx", kind))(batch)
        assert output.dtype == torch.float32
        torch.testing.assert_close(output, batch * 2)

    @pytest.mark.trains
    def test_openvino__in_float32(self, tmp_path):
        """A product that bfloat16 rounds: 1 + 2^-10 needs ten bits behind the point, it has seven."""
        folder = write_openvino(tmp_path)
        x = torch.full((1, 64, 8, 8), 1 + 2**-10)
        (output,) = open_runtime("openvino", folder)(x)
        torch.testing.assert_close(output, torch.full_like(output, 64 * (1 + 2**-10)), rtol=1e-6, atol=0)
        (as_is,) = open_openvino_as_is(folder)(x)
        assert as_is.shape == output.shape
        assert default_openvino_precision(folder) in {"f32", "f16", "bfloat16"}

    def test_ncnn__goes_to_its_process(self, tmp_path, batch, monkeypatch):
        seen = []

        def run_ncnn(folder, given, threads):
            seen.append((folder, threads))
            return [given]

        monkeypatch.setattr(runtimes, "run_ncnn", run_ncnn)
        (output,) = open_runtime("ncnn", tmp_path)(batch)
        torch.testing.assert_close(output, batch)
        assert seen == [(tmp_path, torch.get_num_threads())]


def write_openvino(folder):
    openvino = pytest.importorskip("openvino", reason=NEEDED)
    conv = nn.Conv2d(64, 64, 1, bias=False)
    nn.init.ones_(conv.weight)
    model = openvino.convert_model(conv, example_input=torch.zeros(1, 64, 8, 8), input=[1, 64, 8, 8])
    openvino.save_model(model, folder / "best.xml", compress_to_fp16=False)
    assert np.fromfile(folder / "best.bin", np.float32).size >= 64 * 64
    return folder


def write_engine(file, metadata=b'{"stride": 32}', engine=b"engine"):
    file.write_bytes(len(metadata).to_bytes(4, "little") + metadata + engine)
    return file


class Context:
    """Doubles its input, at the addresses that it is told."""

    def __init__(self):
        self.at, self.shape = {}, None

    def set_input_shape(self, name, shape):
        assert name == "images"
        self.shape = tuple(shape)

    def get_tensor_shape(self, name):
        return self.shape if name == "images" else (self.shape[0], 2)

    def set_tensor_address(self, name, address):
        self.at[name] = address

    def execute_async_v3(self, _):
        count = int(np.prod(self.shape))
        given = np.frombuffer(ctypes.string_at(self.at["images"], 2 * count), np.float16).reshape(self.shape)
        sums = np.float32([[2 * picture.sum(), picture.max()] for picture in given])
        ctypes.memmove(self.at["output0"], sums.tobytes(), sums.nbytes)
        return True


class Engine:
    num_io_tensors = 2

    def get_tensor_name(self, place):
        return ("images", "output0")[place]

    def get_tensor_mode(self, name):
        return {"images": "in", "output0": "out"}[name]

    def get_tensor_dtype(self, name):
        return SimpleNamespace(name={"images": "HALF", "output0": "FLOAT"}[name])

    def create_execution_context(self):
        return Context()


@pytest.fixture
def known(monkeypatch):
    """A stand-in for TensorRT on the CPU; the list holds the engines that it can read."""
    engines = [b"engine"]

    class Runtime:
        def __init__(self, _):
            pass

        def deserialize_cuda_engine(self, content):
            return Engine() if content in engines else None

    class Logger:
        ERROR = 1

        def __init__(self, _):
            pass

    module = SimpleNamespace(Runtime=Runtime, Logger=Logger, TensorIOMode=SimpleNamespace(INPUT="in", OUTPUT="out"))
    monkeypatch.setitem(sys.modules, "tensorrt", module)
    monkeypatch.setattr(tensorrt_runtime, "_DEVICE", "cpu")
    stream = SimpleNamespace(cuda_stream=0, synchronize=lambda: None)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    return engines


class TestEngineBytes:
    def test_engine__behind_the_metadata(self, tmp_path):
        assert engine_bytes(write_engine(tmp_path / "a.engine", engine=b"\x00\x01rest")) == b"\x00\x01rest"

    @pytest.mark.parametrize("content", [b"", b"\x00\x00\x00\x00engine", b"\xff\xff\x00\x00short"])
    def test_other_file__refused(self, content, tmp_path):
        (tmp_path / "a.engine").write_bytes(content)
        with pytest.raises(ValueError, match=r"a.engine is no engine of Ultralytics"):
            engine_bytes(tmp_path / "a.engine")


class TestOpenTensorRT:
    @pytest.mark.usefixtures("known")
    def test_run__numbers_go_in_and_out(self, tmp_path):
        run = open_tensorrt(write_engine(tmp_path / "a.engine"))
        pictures = np.arange(12, dtype=np.float32).reshape(2, 1, 2, 3)
        (found,) = run(pictures)
        assert found.tolist() == [[30, 5], [102, 11]]
        assert run(pictures[:1])[0].tolist() == [[30, 5]]

    def test_engine__of_another_gpu(self, known, tmp_path):
        known.clear()
        with pytest.raises(ValueError, match="another TensorRT or for another GPU"):
            open_tensorrt(write_engine(tmp_path / "a.engine"))

    def test_real__equals_the_network(self, lidd, tmp_path):
        pytest.importorskip("tensorrt", reason="needs TensorRT")
        if not torch.cuda.is_available():
            pytest.skip("needs an NVIDIA GPU")
        from lidd_yolo.export.formats import InputShape, Variant  # noqa: PLC0415

        variant = Variant(InputShape(64, 64))
        file = make_export(lidd.weights, tmp_path / "made", "engine", variant, half=False, arguments={})
        picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            want = lidd.folded(picture)[0].numpy()
        (got,) = open_tensorrt(file)(picture.numpy())
        assert np.abs(got - want).max() <= 1e-2 * np.abs(want).max()
