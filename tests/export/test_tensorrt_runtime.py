"""Engines are read and run as TensorRT's interface wants it; a real one where there is a GPU with TensorRT."""

import ctypes
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lidd_yolo.export import runtimes as tensorrt_runtime
from lidd_yolo.export.making import make_export
from lidd_yolo.export.runtimes import engine_bytes, open_tensorrt


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
