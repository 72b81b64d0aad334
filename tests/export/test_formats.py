"""Formats: names, limits, missing packages, and the input shapes that are compared."""

import pytest

from lidd_yolo import optional
from lidd_yolo.export import formats
from lidd_yolo.export.formats import (
    FOLD_LIMIT,
    FORMATS,
    InputShape,
    Limits,
    Variant,
    check_packages,
    device_of,
    int8_key,
    limits_of,
    parse_formats,
    probes,
    rectangle,
)


class TestParseFormats:
    def test_list__each_once_in_order(self):
        assert parse_formats("onnx, NCNN,onnx,") == ["onnx", "ncnn"]

    @pytest.mark.parametrize(
        ("text", "told"), [("onnx,pdf", "pdf: no such format"), ("", "no format"), (",", "no format")]
    )
    def test_list__wrong(self, text, told):
        with pytest.raises(ValueError, match=told) as error:
            parse_formats(text)
        assert "onnx, openvino, ncnn, torchscript" in str(error.value)


class TestLimits:
    @pytest.mark.parametrize(
        ("name", "raw"), [("onnx", 1e-4), ("openvino", 1e-3), ("ncnn", 1e-2), ("torchscript", 1e-5), ("engine", 1e-2)]
    )
    def test_float32__as_promised(self, name, raw):
        limits = limits_of(name, half=False)
        assert (limits.raw, limits.map) == (raw, 0.002)

    @pytest.mark.parametrize("name", FORMATS)
    def test_float16__wider(self, name):
        limits, exact = limits_of(name, half=True), limits_of(name, half=False)
        assert limits.map == 0.005
        assert limits.raw > exact.raw
        assert limits.score > exact.score
        assert limits.box_iou < exact.box_iou

    def test_to_trained__never_below_the_folding(self):
        assert Limits(raw=1e-5).raw_to_trained == FOLD_LIMIT
        assert Limits(raw=1e-2).raw_to_trained == 1e-2


class TestCheckPackages:
    def test_missing__named_with_the_remedy(self, monkeypatch):
        monkeypatch.setattr(optional, "find_spec", lambda name: None if name == "pnnx" else object())
        check_packages(["onnx", "torchscript"])
        with pytest.raises(ValueError, match=r"^pnnx not installed: pip install 'lidd-yolo\[export\]'"):
            check_packages(["onnx", "ncnn"])

    def test_int8__needs_nncf_for_openvino_alone(self, monkeypatch):
        monkeypatch.setattr(optional, "find_spec", lambda name: None if name == "nncf" else object())
        check_packages(["openvino"])
        check_packages(["onnx"], int8=True)
        with pytest.raises(ValueError, match=r"^nncf not installed: pip install 'lidd-yolo\[export\]'"):
            check_packages(["onnx", "openvino"], int8=True)

    def test_int8__not_every_format(self):
        with pytest.raises(ValueError, match=r"--int8: not for ncnn, torchscript; it can be made for onnx, openvino"):
            check_packages(["onnx", "ncnn", "torchscript"], int8=True)


class TestEngine:
    def test_gpu__none(self, monkeypatch):
        monkeypatch.setattr(formats, "_has_gpu", lambda: False)
        with pytest.raises(ValueError, match=r"^engine: made and run on an NVIDIA GPU, and torch sees none here"):
            check_packages(["onnx", "engine"])

    def test_tensorrt__not_installed(self, monkeypatch):
        monkeypatch.setattr(formats, "_has_gpu", lambda: True)
        monkeypatch.setattr(optional, "find_spec", lambda name: None if name == "tensorrt" else object())
        with pytest.raises(ValueError, match=r"^engine: needs TensorRT: pip install tensorrt"):
            check_packages(["engine"])
        monkeypatch.setattr(optional, "find_spec", lambda _: object())
        check_packages(["engine"])

    def test_device__of_each_format(self):
        assert {name: device_of(name) for name in FORMATS if device_of(name) != "cpu"} == {"engine": "0"}


class TestInt8Key:
    def test_beside_the_float32_file(self):
        assert int8_key("onnx") == "onnx-int8"


def told(variants):
    return [str(variant) for variant in variants]


class TestRectangle:
    @pytest.mark.parametrize(
        ("side", "want"),
        [
            ((640, 640), (480, 640)),
            ((192, 192), (160, 192)),  # a quarter is 48, of which one stride fits
            ((96, 96), (64, 96)),
            ((64, 64), (64, 96)),  # a side of one stride would be left: wider instead
            ((32, 32), (32, 64)),
            ((96, 160), (96, 160)),
        ],
    )
    def test_side__differs_and_divides(self, side, want):
        assert rectangle(side, 32) == want


class TestCases:
    def test_static__its_own_shape(self):
        assert list(Variant(InputShape(64, 64, 3)).cases(32)) == [InputShape(64, 64, 3)]

    def test_dynamic__square_and_rectangular_alone_and_in_fours(self):
        cases = list(Variant(InputShape(64, 64), dynamic=True).cases(32))
        assert [(c.height, c.width, c.batch) for c in cases] == [(64, 64, 1), (64, 64, 4), (64, 96, 1), (64, 96, 4)]

    def test_dynamic__its_own_batch_too(self):
        cases = list(Variant(InputShape(64, 64, 8), dynamic=True).cases(32))
        assert [c.batch for c in cases] == [8, 1, 4] * 2


class TestProbes:
    @pytest.mark.parametrize("name", ["onnx", "openvino", "torchscript"])
    def test_static__a_rectangle_in_fours_and_a_dynamic_file(self, name):
        variants, left_out = probes(Variant(InputShape(64, 64)), FORMATS[name], 32)
        assert told(variants) == ["static 64x96, batch 4", "dynamic, made with 64x64, batch 1"]
        assert left_out == []

    def test_dynamic__static_ones_beside_it(self):
        variants, _ = probes(Variant(InputShape(64, 64), dynamic=True), FORMATS["onnx"], 32)
        assert told(variants) == ["static 64x64, batch 1", "static 64x96, batch 4"]

    def test_ncnn__what_it_cannot_do(self):
        variants, left_out = probes(Variant(InputShape(64, 64)), FORMATS["ncnn"], 32)
        assert told(variants) == ["static 64x96, batch 1"]
        assert left_out == [
            "dynamic shapes: an ncnn file has one input size",
            "batch 4: ncnn takes one picture at a time",
        ]
