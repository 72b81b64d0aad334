"""Runtimes of the formats, each on a file whose outputs are known."""

import numpy as np
import pytest
import torch
from torch import nn

from lidd_yolo.export import runtimes
from lidd_yolo.export.runtimes import default_openvino_precision, open_openvino_as_is, open_runtime

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
