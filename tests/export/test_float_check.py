"""One format from export to judgement, for both networks; what is wrong is found and named."""

from pathlib import Path

import pytest

from lidd_yolo.export import float_check as format_check
from lidd_yolo.export.comparison import Comparer
from lidd_yolo.export.float_check import FormatCheck
from lidd_yolo.export.formats import FORMATS, InputShape, Variant
from lidd_yolo.export.making import ExportError
from lidd_yolo.export.validation import Validation

NEEDED = "export needs the extra lidd-yolo[export]"


@pytest.fixture
def check(lidd, pictures, tmp_path):
    """How formats of a LIDD-Net are checked, without mAP."""
    comparer = Comparer(lidd, pictures, 0.25)
    return FormatCheck(comparer, Variant(InputShape(64, 64)), tmp_path / "exports", half=False, arguments={})


def need(name):
    for package in FORMATS[name].packages:
        pytest.importorskip(package, reason=NEEDED)


class TestRun:
    @pytest.mark.trains
    @pytest.mark.parametrize("name", FORMATS)
    def test_lidd__passes_at_every_shape(self, check, name):
        need(name)
        result = check.run(name)
        assert result.failures == []
        assert Path(result.written).exists()
        cases = [compared.case for compared in result.compared]
        static = ["static 64x64, batch 1", f"static 64x96, batch {1 if name == 'ncnn' else 4}"]
        dynamic = [f"dynamic {side}, batch {batch}" for side in ("64x64", "64x96") for batch in (1, 4)]
        assert cases == static + ([] if name == "ncnn" else dynamic)
        assert all(0 < compared.to_trained.difference <= 1e-4 for compared in result.compared)
        assert all(compared.final.matched > 0 for compared in result.compared)
        assert len(result.left_out) == (2 if name == "ncnn" else 0)

    @pytest.mark.trains
    @pytest.mark.parametrize("name", FORMATS)
    def test_wlnet__masks_too(self, wlnet, pictures, tmp_path, name, monkeypatch):
        need(name)
        monkeypatch.setattr(format_check, "probes", lambda *_: ([], []))
        comparer = Comparer(wlnet, pictures, 0.25)
        check = FormatCheck(comparer, Variant(InputShape(64, 64)), tmp_path, half=False, arguments={})
        (compared,) = check.run(name).compared
        assert compared.to_folded.difference <= FORMATS[name].raw_limit
        assert compared.final.matched > 0
        assert (compared.final.unmatched, compared.final.mask_iou) == (0, pytest.approx(1, abs=0.05))

    @pytest.mark.trains
    def test_wrong_file__fails_and_names_the_layer(self, check, monkeypatch):
        """A 1 % change of one weight in the exported file alone."""
        need("onnx")
        make = format_check.make_export

        onnx = pytest.importorskip("onnx", reason=NEEDED)

        def make_wrong(*args, **words):
            file = make(*args, **words)
            model = onnx.load(file)
            (node, *_) = (n for n in model.graph.node if n.op_type == "Conv" and "/model.3/" in n.name)
            (weight,) = (t for t in model.graph.initializer if t.name == node.input[1])
            values = onnx.numpy_helper.to_array(weight) * 1.01
            weight.CopyFrom(onnx.numpy_helper.from_array(values.astype("f4"), weight.name))
            onnx.save(model, file)
            return file

        monkeypatch.setattr(format_check, "make_export", make_wrong)
        monkeypatch.setattr(format_check, "probes", lambda *_: ([], []))
        result = check.run("onnx")
        assert "static 64x64, batch 1, beside the folded network: " in result.failures[0]
        assert "of their size, limit 1e-04 (" in result.failures[0]
        assert result.first_layer == f"model.3 ({type(check.comparer.reference.folded.model[3]).__name__})"
        assert result.map is None

    def test_export_fails__said_once(self, check, monkeypatch):
        def fail(*_, **__):
            raise ExportError("AssertionError: no such operator")

        monkeypatch.setattr(format_check, "make_export", fail)
        result = check.run("torchscript")
        assert result.failures == ["Ultralytics could not export it: AssertionError: no such operator"]
        assert (result.written, result.compared) == (None, [])

    @pytest.mark.trains
    def test_probe_fails__left_out(self, check, monkeypatch):
        make = format_check.make_export

        def make_static(weights, folder, name, variant, **words):
            if variant.dynamic:
                raise ExportError("AssertionError: 'dynamic' is not supported")
            return make(weights, folder, name, variant, **words)

        monkeypatch.setattr(format_check, "make_export", make_static)
        result = check.run("torchscript")
        assert result.failures == []
        assert len(result.compared) == 2
        assert result.left_out == [
            "dynamic, made with 64x64, batch 1: Ultralytics could not export it: "
            "AssertionError: 'dynamic' is not supported"
        ]

    @pytest.mark.trains
    def test_runtime_fails__a_failure(self, check, monkeypatch):
        def crash(*_):
            raise RuntimeError("ncnn crashed (signal 11)")

        monkeypatch.setattr(format_check, "open_runtime", lambda *_: crash)
        monkeypatch.setattr(format_check, "probes", lambda *_: ([], []))
        (failure,) = check.run("torchscript").failures
        assert failure == (
            "static 64x64, batch 1, at 64x64, batch 1: it does not run: RuntimeError: ncnn crashed (signal 11)"
        )

    @pytest.mark.trains
    def test_half__wider_limits_but_for_torchscript(self, lidd, pictures, tmp_path, monkeypatch):
        monkeypatch.setattr(format_check, "probes", lambda *_: ([], []))
        comparer = Comparer(lidd, pictures, 0.25)
        check = FormatCheck(comparer, Variant(InputShape(64, 64)), tmp_path, half=True, arguments={})
        result = check.run("torchscript")
        assert result.notes == ["float32: Ultralytics makes float16 TorchScript files on a GPU only"]
        assert (result.half, result.limits.raw, result.failures) == (False, 1e-5, [])
        need("openvino")
        result = check.run("openvino")
        assert (result.half, result.limits.raw) == (True, 2e-2)
        assert not [failure for failure in result.failures if "of their size" in failure]
        assert 1e-5 < result.compared[0].to_folded.difference < 2e-2


class TestMap:
    @pytest.fixture
    def with_map(self, check, monkeypatch):
        """A check whose exported file has this mAP and whose trained network has 0.5."""
        monkeypatch.setattr(format_check, "probes", lambda *_: ([], []))

        def run(value):
            def of_exported(*_):
                if isinstance(value, Exception):
                    raise value
                return {"box": value}

            monkeypatch.setattr(Validation, "of_exported", of_exported)
            validation = Validation(Path("data.yaml"), "val", 64, Path())
            made = (check.comparer, check.delivered, check.stage, {})
            return FormatCheck(*made, validation=validation, trained_map={"box": 0.5}).run("torchscript")

        return run

    @pytest.mark.trains
    def test_close__passes(self, with_map):
        result = with_map(0.4985)
        assert (result.failures, result.map) == ([], {"box": 0.4985})

    @pytest.mark.trains
    @pytest.mark.parametrize(
        ("value", "told"),
        [
            (0.49, "mAP50-95 differs by 0.0100, limit 0.002"),
            (float("nan"), "mAP50-95 differs by nan, limit 0.002"),
            (RuntimeError("no"), "yolo val does not run: RuntimeError: no"),
        ],
    )
    def test_far__fails(self, with_map, value, told):
        assert with_map(value).failures == [told]
