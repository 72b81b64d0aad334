"""The first layer in which an ONNX graph departs from the folded network."""

import numpy as np
import pytest
import torch

from lidd_yolo.export.first_layer import first_onnx_difference, graph_tensors
from lidd_yolo.export.formats import FORMATS, InputShape, Variant
from lidd_yolo.export.making import make_export
from tests.helpers.folders import tree

onnx = pytest.importorskip("onnx", reason="export needs the extra lidd-yolo[export]")
pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")
LIMIT = FORMATS["onnx"].raw_limit


@pytest.fixture(scope="module", params=["lidd", "wlnet"])
def exported(request, tmp_path_factory):
    """A network and its ONNX file."""
    reference = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp("onnx") / "made"
    variant = Variant(InputShape(64, 64))
    return reference, make_export(reference.weights, folder, "onnx", variant, half=False, arguments={})


@pytest.fixture(scope="module")
def picture():
    return torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def broken(file, target, module):
    """Write a copy of an ONNX file in which the weights of the first convolution of a module are 2 % too large."""
    model = onnx.load(file)
    (node, *_) = (n for n in model.graph.node if n.op_type == "Conv" and f"/{module}/" in n.name)
    (weight,) = (t for t in model.graph.initializer if t.name == node.input[1])
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight) * np.float32(1.02), weight.name))
    onnx.save(model, target)
    return target


class TestFirstOnnxDifference:
    def test_right_file__none(self, exported, picture):
        reference, file = exported
        before = tree(file.parent)
        assert first_onnx_difference(file, reference.folded, picture, LIMIT) == ""
        assert tree(file.parent) == before

    @pytest.mark.parametrize("index", [0, 5])
    def test_wrong_weight__its_row(self, exported, picture, index, tmp_path):
        reference, file = exported
        row = reference.folded.model[index]
        wrong = broken(file, tmp_path / "wrong.onnx", f"model.{index}")
        want = f"model.{index} ({type(row).__name__})"
        assert first_onnx_difference(wrong, reference.folded, picture, LIMIT) == want

    def test_wrong_head__the_head(self, exported, picture, tmp_path):
        reference, file = exported
        head = reference.folded.model[-1]
        wrong = broken(file, tmp_path / "wrong.onnx", f"model.{head.i}")
        assert (
            first_onnx_difference(wrong, reference.folded, picture, LIMIT) == f"model.{head.i} ({type(head).__name__})"
        )


class TestGraphTensors:
    def test_tensors__every_node_has_its_own(self, exported, picture):
        _, file = exported
        tensors = graph_tensors(file, picture)
        assert len(tensors) > len(onnx.load(file).graph.node) / 2
        assert all(tensor.dtype == torch.float32 for tensor in tensors)
