"""OpenVINO models in int8: no rounding inside of what must stay float, and the network still computed."""

import pytest

from lidd_yolo.export.int8_quantise import openvino_module, openvino_successors, quantise_openvino
from lidd_yolo.export.runtimes import open_runtime
from tests.helpers.quantised import float_openvino_blocks, int8_batches, rounded_within

openvino = pytest.importorskip("openvino", reason="export needs the extra lidd-yolo[export]")
pytest.importorskip("nncf", reason="export needs the extra lidd-yolo[export]")


@pytest.fixture(scope="module")
def quantised(exact_file, tiny, tmp_path_factory):
    """Return a function that quantises a network and returns the folder."""

    def run(reference, *keep):
        target = tmp_path_factory.mktemp("int8") / "best_int8_openvino_model"
        quantise_openvino(exact_file(reference, "openvino"), target, reference.folded, keep, int8_batches(tiny))
        return target

    return run


@pytest.fixture(scope="module")
def of_lidd(quantised, lidd):
    return quantised(lidd, "model.3")


def read(folder):
    return openvino.Core().read_model(next(folder.glob("*.xml")))


class TestOpenvinoModule:
    @pytest.mark.parametrize(
        ("operator", "module"),
        [
            ("__module.model.5.0.attention/aten::mean/ReduceMean", "model.5.0.attention"),
            ("__module.model.16/aten::mul/Multiply", "model.16"),
            ("Multiply_70949", ""),
            ("x/y", ""),
        ],
    )
    def test_path(self, operator, module):
        assert openvino_module(operator) == module


class TestSuccessors:
    def test_readers__by_operator(self):
        ops = openvino.opset13
        given = ops.parameter([1], name="in")
        root = ops.relu(given, name="a")
        model = openvino.Model([ops.add(root, ops.sqrt(root, name="c"), name="b")], [given])
        found = {name: sorted(after) for name, after in openvino_successors(model).items() if name in {"in", "a", "c"}}
        assert found == {"in": ["a"], "a": ["b", "c"], "c": ["b"]}


@pytest.mark.trains
class TestQuantiseOpenvino:
    def test_lidd__convolutions_alone_where_they_may(self, of_lidd, lidd):
        model = read(of_lidd)
        assert float_openvino_blocks(model, lidd.folded) == []
        rounding = [op for op in model.get_ordered_ops() if op.get_type_name() == "FakeQuantize"]
        assert len(rounding) > 50

    def test_keep__row_in_float(self, of_lidd):
        def rounded(row):
            convs = [op for op in read(of_lidd).get_ordered_ops() if op.get_type_name().endswith("Convolution")]
            convs = [op for op in convs if f"{openvino_module(op.get_friendly_name())}.".startswith(f"{row}.")]
            return {op.input_value(0).get_node().get_type_name() == "FakeQuantize" for op in convs}

        assert rounded("model.3") == {False}
        assert True in rounded("model.5")

    def test_output__close_to_the_network(self, of_lidd, lidd, pictures):
        rounded_within(open_runtime("openvino", of_lidd), lidd, pictures)

    def test_folder__as_ultralytics_reads_it(self, of_lidd, exact_file, lidd):
        assert sorted(file.name for file in of_lidd.iterdir()) == ["best.bin", "best.xml", "metadata.yaml"]
        before = exact_file(lidd, "openvino")
        assert (of_lidd / "metadata.yaml").read_text() == (before / "metadata.yaml").read_text()
        assert (of_lidd / "best.bin").stat().st_size < 0.6 * (before / "best.bin").stat().st_size

    def test_wlnet__hypergraph_and_decoding_in_float(self, quantised, wlnet):
        assert float_openvino_blocks(read(quantised(wlnet)), wlnet.folded) == []
