"""Profiles of the runtimes name the operators of a small network that is known, and their times."""

import pytest
import torch
from torch import nn

from lidd_yolo.bench.operators import operator_times


class Small(nn.Module):
    """Three convolutions, a pooling and two joins."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = (nn.Conv2d(3, 8, 3, padding=1) for _ in range(3))

    def forward(self, x):
        joined = torch.cat([self.one(x), self.two(x.flip(1))], 1)
        return torch.cat([nn.functional.max_pool2d(joined, 2), nn.functional.max_pool2d(self.three(x), 2)], 1)


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    pytest.importorskip("onnxruntime", reason="needs the extra lidd-yolo[export]")
    file = tmp_path_factory.mktemp("onnx") / "small.onnx"
    torch.onnx.export(Small().eval(), (torch.zeros(1, 3, 128, 128),), str(file), dynamo=False)
    return file


@pytest.fixture(scope="module")
def openvino_folder(onnx_file, tmp_path_factory):
    openvino = pytest.importorskip("openvino", reason="needs the extra lidd-yolo[export]")
    folder = tmp_path_factory.mktemp("openvino")
    openvino.save_model(openvino.convert_model(onnx_file), folder / "small.xml", compress_to_fp16=False)
    return folder


class TestOperatorTimes:
    @pytest.mark.trains
    @pytest.mark.parametrize(
        ("runtime", "kinds"), [("onnx", ("Conv", "MaxPool")), ("openvino", ("Convolution", "MaxPool"))]
    )
    def test_types__counted_and_timed(self, runtime, kinds, onnx_file, openvino_folder):
        file = {"onnx": onnx_file, "openvino": openvino_folder}[runtime]
        threads = torch.get_num_threads()
        found = operator_times(runtime, {"small": file}, imgsz=128, rounds=30)["small"]
        assert torch.get_num_threads() == threads
        assert [found["operators"][kind]["count"] for kind in kinds] == [3, 2]
        seconds = [part["seconds"] for part in found["operators"].values()]
        assert seconds == sorted(seconds, reverse=True)
        assert 0 < found["operators"][kinds[0]]["seconds"] < 1
        assert 0 < found["whole_s"] < 1
