"""What must not grow unnoticed: operators of the exported graphs, and LIDD-Net's time beside YOLOv8n's.

Multiply-adds have their tests in ``tests/models``. When a change makes a graph smaller or a network faster, lower the
limit here to the new figure.
"""

import pytest

from lidd_yolo.bench.latency import make_exports, measure_latency, open_networks

MOST_OPERATORS = {"lidd.yaml": (192, 425), "wlnet.yaml": (224, 450)}
"""Model -> input size, nodes of its ONNX graph; found with torch 2.15 and onnxslim 0.1: 417 and 443."""

SLOWEST_RATIO = 1.0
"""LIDD-Net's time by YOLOv8n's in ONNX Runtime, 192 px, one thread; found on a busy machine: 0.53."""


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    for package in ("onnx", "onnxruntime", "onnxslim"):
        pytest.importorskip(package, reason="export needs the extra lidd-yolo[export]")
    made = {}
    for size, names in ((192, ["yolov8n.yaml", "lidd.yaml"]), (224, ["wlnet.yaml"])):
        folder = tmp_path_factory.mktemp(f"exports-{size}")
        made |= make_exports(names, ["onnx"], folder, imgsz=size, batch=1, say=lambda _: None)["onnx"]
    return made


class TestOperators:
    @pytest.mark.trains
    @pytest.mark.parametrize("name", MOST_OPERATORS)
    def test_graph__no_more_operators(self, name, exports):
        import onnx  # noqa: PLC0415 - an extra

        graph = onnx.load(exports[name]).graph
        size, most = MOST_OPERATORS[name]
        assert [side.dim_value for side in graph.input[0].type.tensor_type.shape.dim] == [1, 3, size, size]
        assert 100 < len(graph.node) <= most


@pytest.mark.trains
class TestRatio:
    def test_lidd__beside_yolov8n(self, exports):
        """Median of rounds in turn: another load slows both networks."""
        pair = {"onnx": {name: exports[name] for name in ("yolov8n.yaml", "lidd.yaml")}}
        found = measure_latency(open_networks({}, pair, threads=1), imgsz=192, rounds=31)
        assert found["onnx"]["lidd.yaml"]["ratio"] <= SLOWEST_RATIO
