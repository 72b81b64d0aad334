"""The first layer that differs, of a folded network and of an ONNX graph: by position, not by size."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lidd_yolo.export.first_layer import (
    differing_rows,
    first_of,
    first_onnx_difference,
    first_unfolded_difference,
    graph_tensors,
    row_outputs,
)
from lidd_yolo.export.formats import FOLD_LIMIT, FORMATS
from tests.helpers.folders import tree


def network(*sources):
    """Return rows that read these rows, as Ultralytics marks them."""
    return SimpleNamespace(model=[SimpleNamespace(i=i, f=f) for i, f in enumerate(sources)])


@pytest.fixture(scope="module")
def picture():
    return torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


class TestFirstOf:
    @pytest.mark.parametrize(
        ("differing", "want"),
        [
            ({}, ""),
            ({0: False, 1: False, 2: False, 3: False}, ""),
            ({1: True, 2: False, 3: True}, "model.1 (SimpleNamespace)"),
            ({0: False, 2: True, 3: True}, "model.2 (SimpleNamespace)"),
            ({3: True}, "model.3 (SimpleNamespace)"),
        ],
    )
    def test_row__whose_inputs_are_equal(self, differing, want):
        assert first_of(network(-1, -1, 0, [-1, 1]), differing) == want


class TestFirstUnfoldedDifference:
    def test_right_fold__none(self, lidd, wlnet, picture):
        for reference in (lidd, wlnet):
            assert first_unfolded_difference(reference.trained, reference.folded, picture, FOLD_LIMIT) == ""

    @pytest.mark.parametrize("index", [0, 3, -1])
    def test_wrong_weight__its_row(self, lidd, picture, index):
        folded = deepcopy(lidd.folded)
        row = folded.model[index]
        with torch.no_grad():
            next(row.parameters()).mul_(1.01)
        want = f"model.{row.i} ({type(row).__name__})"
        assert first_unfolded_difference(lidd.trained, folded, picture, FOLD_LIMIT) == want

    def test_hooks__removed(self, lidd, picture):
        row_outputs(lidd.folded, picture)
        assert not any(row._forward_hooks for row in lidd.folded.model)


class TestDifferingRows:
    def test_rows__looked_for_by_shape_and_value(self):
        a, b, c = torch.ones(1, 2, 3, 3), torch.full((1, 2, 3, 3), 5.0), torch.ones(1, 7)
        graph = [a + 1e-6, torch.zeros(1, 9)]
        assert differing_rows(graph, {0: [a], 1: [b], 2: [c]}, 1e-4) == {0: False, 1: True}

    def test_two_outputs__both_must_be_there(self):
        a, b = torch.ones(1, 2), torch.ones(1, 3)
        assert differing_rows([a, b], {0: [a, b]}, 1e-4) == {0: False}
        assert differing_rows([a, 2 * b], {0: [a, b]}, 1e-4) == {0: True}


ONNX_LIMIT = FORMATS["onnx"].raw_limit


@pytest.fixture(params=["lidd", "wlnet"])
def exported(request, exact_file):
    """A network and its ONNX file."""
    for package in FORMATS["onnx"].packages:
        pytest.importorskip(package, reason="export needs the extra lidd-yolo[export]")
    reference = request.getfixturevalue(request.param)
    return reference, exact_file(reference, "onnx")


def broken(file, target, module):
    """Write a copy of an ONNX file in which the weights of the first convolution of a module are 2 % too large."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(file)
    (node, *_) = (n for n in model.graph.node if n.op_type == "Conv" and f"/{module}/" in n.name)
    (weight,) = (t for t in model.graph.initializer if t.name == node.input[1])
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight) * np.float32(1.02), weight.name))
    onnx.save(model, target)
    return target


@pytest.mark.trains
class TestFirstOnnxDifference:
    def test_right_file__none(self, exported, picture):
        reference, file = exported
        before = tree(file.parent)
        assert first_onnx_difference(file, reference.folded, picture, ONNX_LIMIT) == ""
        assert tree(file.parent) == before

    @pytest.mark.parametrize("index", [0, 5])
    def test_wrong_weight__its_row(self, exported, picture, index, tmp_path):
        reference, file = exported
        row = reference.folded.model[index]
        wrong = broken(file, tmp_path / "wrong.onnx", f"model.{index}")
        want = f"model.{index} ({type(row).__name__})"
        assert first_onnx_difference(wrong, reference.folded, picture, ONNX_LIMIT) == want

    def test_wrong_head__the_head(self, exported, picture, tmp_path):
        reference, file = exported
        head = reference.folded.model[-1]
        wrong = broken(file, tmp_path / "wrong.onnx", f"model.{head.i}")
        assert (
            first_onnx_difference(wrong, reference.folded, picture, ONNX_LIMIT)
            == f"model.{head.i} ({type(head).__name__})"
        )


class TestGraphTensors:
    def test_tensors__every_node_has_its_own(self, exported, picture):
        _, file = exported
        tensors = graph_tensors(file, picture)
        assert len(tensors) > len(pytest.importorskip("onnx").load(file).graph.node) / 2
        assert all(tensor.dtype == torch.float32 for tensor in tensors)
