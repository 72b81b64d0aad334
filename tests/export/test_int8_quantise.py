"""ONNX files in int8: what is quantised in the graph and what is not, and that the file still computes the network."""

import pytest
import torch

from lidd_yolo.export.int8_quantise import onnx_module, onnx_successors, quantise_onnx
from lidd_yolo.export.runtimes import open_runtime
from tests.helpers.quantised import float_onnx_blocks, int8_batches, rounded_within

onnx = pytest.importorskip("onnx", reason="export needs the extra lidd-yolo[export]")
pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")


@pytest.fixture(scope="module")
def quantised(exact_file, tiny, tmp_path_factory):
    """Return for a network: its float32 file, and a function that quantises that one."""

    def run(reference, *keep):
        file = exact_file(reference, "onnx")
        target = tmp_path_factory.mktemp("int8") / "best_int8.onnx"
        quantise_onnx(file, target, reference.folded, keep, int8_batches(tiny))
        return file, target

    return run


@pytest.fixture(scope="module")
def of_lidd(quantised, lidd):
    return quantised(lidd)


class TestOnnxModule:
    @pytest.mark.parametrize(
        ("operator", "module"),
        [
            ("/model.5/model.5.0/attention/ReduceMean_1", "model.5.0.attention"),
            ("/model.32/cv3.0/cv3.0.0/cv3.0.0.1/conv/Conv", "model.32.cv3.0.0.1.conv"),
            ("/model.16/Mul", "model.16"),
            ("/model.1/model.10/Mul", "model.1.model.10"),  # no part of model.1
            ("Mul_7", ""),
        ],
    )
    def test_path__nested_names_joined(self, operator, module):
        assert onnx_module(operator) == module


class TestSuccessors:
    def test_readers__by_node(self):
        node = onnx.helper.make_node
        nodes = [node("Relu", ["x"], ["y"], "a"), node("Add", ["y", "z"], ["w"], "b"), node("Sqrt", ["y"], ["v"], "c")]
        graph = onnx.helper.make_graph(nodes, "g", [], [])
        assert onnx_successors(graph) == {"a": ["b", "c"], "b": [], "c": []}


@pytest.mark.trains
class TestQuantiseOnnx:
    def test_constants__all_read(self, of_lidd):
        """A constant that no node reads is a warning of ONNX Runtime whenever the file is opened."""
        graph = onnx.load(of_lidd[1]).graph
        assert graph.initializer
        assert {t.name for t in graph.initializer} <= {tensor for node in graph.node for tensor in node.input}

    def test_convolutions__quantised_by_channel_and_in_7_bits(self, of_lidd):
        graph = onnx.load(of_lidd[1]).graph
        values = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
        weights = [values[n.input[0]] for n in graph.node if n.op_type == "DequantizeLinear" and n.input[0] in values]
        kernels = [w for w in weights if w.dtype == "int8"]
        assert len(kernels) > 50
        assert max(abs(w.astype(int)).max() for w in kernels) <= 64
        scales = [values[n.input[1]] for n in graph.node if n.op_type == "DequantizeLinear" and n.input[0] in values]
        assert any(s.size > 1 for s in scales)

    def test_float_blocks__nothing_rounded_inside(self, of_lidd, lidd):
        assert float_onnx_blocks(onnx.load(of_lidd[1]).graph, lidd.folded) == []

    def test_hypergraph__nothing_rounded_inside(self, quantised, wlnet):
        assert float_onnx_blocks(onnx.load(quantised(wlnet)[1]).graph, wlnet.folded) == []

    def test_output__close_to_the_network(self, of_lidd, lidd, pictures):
        rounded_within(open_runtime("onnx", of_lidd[1]), lidd, pictures)

    def test_metadata__as_before(self, of_lidd):
        before, after = ({p.key: p.value for p in onnx.load(file).metadata_props} for file in of_lidd)
        assert before == after
        assert before["task"] == "detect"

    def test_keep__row_in_float(self, quantised, lidd, of_lidd):
        def kernels(file, row):
            graph = onnx.load(file).graph
            floats = {t.name for t in graph.initializer}
            convs = [n for n in graph.node if n.op_type == "Conv" and f"{onnx_module(n.name)}.".startswith(f"{row}.")]
            return {n.input[1] in floats for n in convs}

        _, kept = quantised(lidd, "model.3", "model.27.joint")
        assert kernels(of_lidd[1], "model.3") == kernels(of_lidd[1], "model.27.joint") == {False}
        assert kernels(kept, "model.3") == kernels(kept, "model.27.joint") == {True}
        assert kernels(kept, "model.5") == {False}

    def test_quantised_twice__same_file(self, of_lidd, quantised, lidd):
        assert torch.equal(*(torch.tensor(list(file.read_bytes())) for file in (of_lidd[1], quantised(lidd)[1])))
