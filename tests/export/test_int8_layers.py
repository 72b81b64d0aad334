"""Which operators stay float: those of the named modules, and what lies between two of them."""

import pytest

from lidd_yolo.export.int8_layers import after_all, between, float_blocks, float_operators, parse_keep_float
from lidd_yolo.layers.hyper_compute import HyperCompute
from lidd_yolo.layers.simam import SimAM

CHAIN = {"in": ["a1"], "a1": ["x", "b"], "x": ["a2"], "a2": ["b"], "b": ["out"], "out": []}


class TestBetween:
    def test_nameless__on_the_way(self):
        assert between(CHAIN, {"a1", "a2"}) == {"a1", "x", "a2"}

    def test_one_operator__nothing_else(self):
        assert between(CHAIN, {"b"}) == {"b"}


class TestAfterAll:
    def test_last__what_nobody_of_them_reads(self):
        assert after_all(CHAIN, {"x", "a1"}) == {"a2", "b", "out"}
        assert after_all(CHAIN, {"out"}) == set()


class TestParseKeepFloat:
    def test_rows_and_parts(self, lidd):
        assert parse_keep_float(" 3, 27.joint,3", lidd.folded) == ("model.3", "model.27.joint")
        assert parse_keep_float("", lidd.folded) == ()

    @pytest.mark.parametrize("word", ["99", "27.cv3", "27.cv9", "head", "-1", "simam"])
    def test_unknown__said(self, lidd, word):
        told = rf"--keep-float: {word} is no row of the model, nor part of one; rows are 0 to 27, parts as 27.joint"
        with pytest.raises(ValueError, match=told):
            parse_keep_float(f"1,{word}", lidd.folded)


class TestFloatBlocks:
    def test_both_networks(self, lidd, wlnet):
        for reference, kind in ((lidd, SimAM), (wlnet, HyperCompute)):
            found = float_blocks(reference.folded)
            assert len(found) == sum(isinstance(m, kind) for m in reference.folded.modules())
            assert len(found) >= 1
            assert all(isinstance(reference.folded.get_submodule(name), kind) for name in found)


class TestFloatOperators:
    def graph(self, network):
        """One operator for each module that must be float, then a convolution of the head and what decodes it."""
        names = [*float_blocks(network), "model.16.extra", "model.27.cv2.0.4", "model.27", "model.27.dfl.conv"]
        return {name: [after] for name, after in zip(names, [*names[1:], ""], strict=True)} | {"": []}

    def test_head__decoding_alone(self, lidd):
        found = float_operators(self.graph(lidd.folded), str, lidd.folded, [])
        assert found == {*float_blocks(lidd.folded), "model.27", "model.27.dfl.conv"}

    def test_keep__whole_rows_but_not_their_namesakes(self, lidd):
        graph = {**self.graph(lidd.folded), "model.2.conv": [], "model.21": []}
        assert "model.2.conv" in float_operators(graph, str, lidd.folded, ["model.2"])
        assert "model.21" not in float_operators(graph, str, lidd.folded, ["model.2"])

    def test_module_without_operators__refused(self, wlnet):
        with pytest.raises(ValueError, match=r"names no operator of model.16, which must stay float"):
            float_operators({"model.1": []}, str, wlnet.folded, [])
