"""One format in int8 from export to judgement."""

from math import nan

import pytest

from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.export import int8_check
from lidd_yolo.export.calibration import choose_calibration
from lidd_yolo.export.comparison import Comparer
from lidd_yolo.export.formats import InputShape, Variant
from lidd_yolo.export.int8_check import Int8Check, paired_recall, recall_failures
from lidd_yolo.export.int8_layers import Sensitivity
from lidd_yolo.export.making import ExportError
from lidd_yolo.export.validation import Validation
from tests.helpers.folders import text
from tests.helpers.tiny import write_tiny_data


@pytest.fixture
def check(lidd, pictures, tiny, tmp_path, exact_file, monkeypatch):
    """Return a function that checks ONNX with a validator that measures what it is told."""
    pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")
    monkeypatch.setattr(int8_check, "make_export", lambda *_, **__: exact_file(lidd, "onnx"))

    def run(recall, found_map=0.5, trained=None, data=tiny, name="onnx", **changes):
        def of_exported(_, file, task, batch, conf=None):
            assert (file.name, task, batch) == (f"best_int8.{name}", "detect", 1)
            assert file.exists()
            return (
                {"box": found_map} if conf is None else {"box": recall.pop(0) if isinstance(recall, list) else recall}
            )

        monkeypatch.setattr(Validation, "of_exported", of_exported)
        monkeypatch.setattr(Validation, "recall_of_exported", of_exported)
        words = {
            "comparer": Comparer(lidd, pictures[:2], 0.25),
            "delivered": Variant(InputShape(64, 64)),
            "stage": tmp_path / "stage",
            "arguments": {},
            "calibration": choose_calibration(data, 4, 0),
            "keep_float": (),
            "retries": 0,
            "validation": Validation(data.file, "val", 64, tmp_path),
            "trained_map": {"box": 0.5},
            "trained_recall": {"box": {0: 0.8, 1: 0.6} if trained is None else trained},
        }
        return Int8Check(**{**words, **changes}).run(name)

    return run


class TestPassed:
    @pytest.mark.trains
    def test_file_and_figures(self, check, tmp_path):
        result = check({0: 0.795, 1: 0.7}, 0.49)
        assert result.failures == []
        assert result.written == tmp_path / "stage" / "int8-0" / "best_int8.onnx"
        assert result.recall == {"0": (0.8, 0.795), "1": (0.6, 0.7)}
        assert (result.map, result.sensitivity, result.key) == ({"box": 0.49}, None, "onnx-int8")

    @pytest.mark.trains
    def test_val__not_read_for_the_calibration(self, check, tmp_path):
        data = read_yolo_set(write_tiny_data(tmp_path / "data"))
        for file in data.pictures["val"]:
            text(file, "no picture")
        assert check({0: 0.8, 1: 0.6}, data=data).failures == []


class TestFailed:
    @pytest.mark.trains
    def test_recall__class_named_and_layers_searched(self, check, monkeypatch):
        """The search quantises for good; which group helps most on a random network nobody knows."""
        quantise, kept = int8_check._QUANTISERS["onnx"], []

        def watching(exact, target, network, keep, batches):
            kept.append(tuple(keep))
            quantise(exact, target, network, keep, batches)

        monkeypatch.setitem(int8_check._QUANTISERS, "onnx", watching)
        groups = {"neck": ("9", "10"), "head, joint": ("27.joint",)}
        monkeypatch.setattr(int8_check, "layer_groups", lambda *_: groups)
        result = check({0: 0.8, 1: 0.5})
        assert result.failures[0] == "recall of 1 falls from 0.600 to 0.500, limit 0.01"
        assert result.failures[1] == result.sensitivity.advice()
        assert kept[:4] == [(), (), ("model.9", "model.10"), ("model.27.joint",)]
        assert result.sensitivity.errors.keys() == groups.keys()
        assert 0 < min(result.sensitivity.errors.values()) < 1
        assert result.sensitivity.error > 0

    @pytest.mark.trains
    @pytest.mark.parametrize(
        ("found_map", "trained", "told"),
        [
            (0.47, None, "mAP50-95 differs by 0.0300, limit 0.02"),
            (float("nan"), None, "mAP50-95 differs by nan, limit 0.02"),
            (0.5, {0: 0.0}, "the trained network finds nothing of the split above 0.25, so no recall can be compared"),
            (0.5, {}, "the trained network finds nothing of the split above 0.25, so no recall can be compared"),
        ],
    )
    def test_other_limits(self, check, monkeypatch, found_map, trained, told):
        monkeypatch.setattr(Int8Check, "_search", lambda *_: None)
        recall = {0: 0.8, 1: 0.6} if trained is None else {}
        assert told in check(recall, found_map, trained).failures[0]

    def test_export__said(self, check, monkeypatch):
        def fail(*_, **__):
            raise ExportError("AssertionError: no such operator")

        monkeypatch.setattr(int8_check, "make_export", fail)
        result = check({})
        assert result.failures == ["Ultralytics could not export it in float32: AssertionError: no such operator"]
        assert result.written is None

    def test_float32_departs__not_blamed_on_int8(self, check, monkeypatch):
        open_runtime = int8_check.open_runtime
        wrong = lambda *given: lambda batch: [out * 1.01 for out in open_runtime(*given)(batch)]  # noqa: E731
        monkeypatch.setattr(int8_check, "open_runtime", wrong)
        (failure,) = check({}).failures
        assert failure.startswith("the float32 file that it is made from departs already: ")

    def test_quantiser_fails__nothing_written(self, check, monkeypatch):
        def fail(*_):
            raise ValueError("the exported graph names no operator of model.5")

        monkeypatch.setitem(int8_check._QUANTISERS, "onnx", fail)
        result = check({})
        assert result.failures == ["ValueError: the exported graph names no operator of model.5"]
        assert result.written is None

    @pytest.mark.trains
    def test_search_fails__a_note(self, check, monkeypatch):
        def fail(*_):
            raise RuntimeError("out of memory")

        monkeypatch.setattr(int8_check, "layer_groups", lambda *_: {})
        monkeypatch.setattr(int8_check, "find_sensitive", fail)
        result = check({})
        assert len(result.failures) == 2
        assert result.notes == ["the search for layers to keep in float failed: RuntimeError: out of memory"]


class TestRetries:
    @pytest.fixture
    def named(self, monkeypatch):
        """What the search names after each attempt, whatever the network; returns what was in float when it began."""
        began = []

        def find(_, __, kept):
            began.append(tuple(kept))
            keep = (*kept, ("0", "27.joint", "9")[len(kept)])
            return Sensitivity(0.1, {"some": 0.05}, keep, 0.05)

        monkeypatch.setattr(int8_check, "layer_groups", lambda *_: {})
        monkeypatch.setattr(int8_check, "find_sensitive", find)
        return began

    @pytest.mark.trains
    def test_retry__with_what_the_search_named(self, check, named, tmp_path):
        low, good = {0: 0.8, 1: 0.5}, {0: 0.8, 1: 0.6}
        result = check([low, low, good], retries=2)
        assert (result.failures, result.keep_float, named) == ([], ("0", "27.joint"), [(), ("0",)])
        assert result.written == tmp_path / "stage" / "int8-2" / "best_int8.onnx"
        assert result.notes == [
            "with no row named in float: recall of 1 falls from 0.600 to 0.500, limit 0.01",
            "with 0 in float: recall of 1 falls from 0.600 to 0.500, limit 0.01",
        ]

    @pytest.mark.trains
    def test_retry__no_more_than_allowed(self, check, named):
        result = check([{0: 0.8, 1: 0.5}] * 2, retries=1)
        assert (result.keep_float, named) == (("0",), [(), ("0",)])
        assert result.failures[-1].endswith("--keep-float 0,27.joint")

    @pytest.mark.trains
    def test_retry__not_if_the_search_names_nothing_new(self, check, monkeypatch):
        monkeypatch.setattr(int8_check, "layer_groups", lambda *_: {})
        monkeypatch.setattr(int8_check, "find_sensitive", lambda *_: Sensitivity(0.1, {}, (), 0.1))
        result = check([{0: 0.8, 1: 0.5}], retries=2)
        assert "export float16 or float32 instead" in result.failures[-1]


class TestPairedRecall:
    def test_missing__not_found(self):
        assert paired_recall({0: 0.5, 2: 1.0}, {2: 0.75}, ("a", "b", "c")) == {"a": (0.5, 0.0), "c": (1.0, 0.75)}


class TestRecallFailures:
    @pytest.mark.parametrize("pair", [(0.5, 0.5), (0.5, 0.9), (0.8, 0.79), (0.0, 0.0)])
    def test_within__nothing(self, pair):
        assert list(recall_failures({"a": pair})) == []

    def test_more__each_class_named(self):
        recall = {"a": (0.8, 0.7889), "b": (0.5, 0.5), "c": (0.5, nan)}
        assert list(recall_failures(recall, " by masks")) == [
            "recall of a by masks falls from 0.800 to 0.789, limit 0.01",
            "recall of c by masks falls from 0.500 to nan, limit 0.01",
        ]
