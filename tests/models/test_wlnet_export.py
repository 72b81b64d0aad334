"""WLNet exported by ``YOLO.export``: raw outputs equal PyTorch's at sizes and batches it was not traced with."""

import numpy as np
import pytest
import torch
from ultralytics import YOLO

from tests.helpers.checks import noise
from tests.helpers.wlnet_model import build_wlnet, with_statistics

INPUTS = ((1, 3, 64, 64), (2, 3, 96, 64), (1, 3, 64, 160))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    file = tmp_path_factory.mktemp("export") / "wlnet.pt"
    torch.save({"model": with_statistics(build_wlnet()), "train_args": {"task": "segment", "imgsz": 64}}, file)
    return file


def wanted(checkpoint, shape):
    """Return the decoded output and the prototypes of the checkpoint as Ultralytics loads it."""
    model = YOLO(checkpoint).model.float().eval()
    model.model[-1].export = True
    with torch.no_grad():
        return [t.numpy() for t in model(noise(*shape))]


def difference(got, want):
    """Return the largest difference as a share of the output's size."""
    return max(np.abs(g - w).max() / np.abs(w).max() for g, w in zip(got, want, strict=True))


@pytest.fixture(scope="module")
def session(checkpoint):
    pytest.importorskip("onnx", reason="export needs the extra lidd-yolo[export]")
    runtime = pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")
    file = YOLO(checkpoint).export(format="onnx", imgsz=64, dynamic=True, verbose=False)
    return runtime.InferenceSession(file, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def network(checkpoint):
    openvino = pytest.importorskip("openvino", reason="export needs the extra lidd-yolo[export]")
    folder = YOLO(checkpoint).export(format="openvino", imgsz=64, dynamic=True, verbose=False)
    return openvino.Core().compile_model(f"{folder}/wlnet.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


class TestONNX:
    @pytest.mark.parametrize("shape", INPUTS)
    def test_export__dynamic_shapes(self, session, checkpoint, shape):
        got = session.run(None, {session.get_inputs()[0].name: noise(*shape).numpy()})
        assert [g.ndim for g in got] == [3, 4]
        assert difference(got, wanted(checkpoint, shape)) <= 1e-4


class TestOpenVINO:
    @pytest.mark.trains
    @pytest.mark.parametrize("shape", INPUTS)
    def test_export__dynamic_shapes(self, network, checkpoint, shape):
        got = list(network(noise(*shape).numpy()).values())
        assert difference(got, wanted(checkpoint, shape)) <= 1e-3
