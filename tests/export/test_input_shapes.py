"""Input shapes: which are compared, and what a format leaves out."""

import pytest

from lidd_yolo.export.formats import FORMATS, InputShape, Variant, probes, rectangle


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
