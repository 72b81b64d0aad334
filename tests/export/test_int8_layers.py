"""Layers of an int8 file that stay float: those that must, those that a user names, and the search for more."""

import pytest
import torch

from lidd_yolo.export.int8_layers import (
    after_all,
    between,
    find_sensitive,
    float_blocks,
    float_operators,
    layer_groups,
    parse_keep_float,
)
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
        assert parse_keep_float(" 3, 27.joint,3", lidd.folded) == ("3", "27.joint")
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


GROUPS = {"stem": ("0",), "stage": ("1", "2"), "neck": ("3",), "head, cv3": ("4.cv3",)}


def error_of(gains, base=1.0):
    """Return a function whose error falls by the gain of each word in float, and the list of its calls."""
    calls = []

    def error_with(keep):
        calls.append(tuple(keep))
        return base - sum(gains.get(word, 0) for word in keep)

    return error_with, calls


class TestFindSensitive:
    def test_best_and_those_near_it__named_with_what_they_gain_together(self):
        error_with, calls = error_of({"0": 0.1, "1": 0.2, "2": 0.2, "4.cv3": 0.25})
        found = find_sensitive(GROUPS, error_with)
        assert found.keep == ("1", "2", "4.cv3")
        assert (found.error, round(found.error_kept, 6)) == (1.0, 0.35)
        assert {name: round(error, 6) for name, error in found.errors.items()} == {
            "stem": 0.9,
            "stage": 0.6,
            "neck": 1.0,
            "head, cv3": 0.75,
        }
        assert calls == [(), ("0",), ("1", "2"), ("3",), ("4.cv3",), ("1", "2", "4.cv3")]
        assert found.advice().endswith("falls from 1.000 to 0.350: --keep-float 1,2,4.cv3")

    def test_one__not_quantised_again(self):
        error_with, calls = error_of({"3": 0.5})
        assert find_sensitive(GROUPS, error_with).keep == ("3",)
        assert len(calls) == 5

    def test_kept__stays_and_is_not_tried_again(self):
        error_with, calls = error_of({"0": 0.3, "3": 0.2})
        found = find_sensitive(GROUPS, error_with, ("0", "1"))
        assert found.keep == ("0", "1", "3")
        assert "stem" not in found.errors
        assert calls == [("0", "1"), ("0", "1", "2"), ("0", "1", "3"), ("0", "1", "4.cv3")]

    def test_nothing_helps__said(self):
        found = find_sensitive(GROUPS, error_of({"0": -0.1})[0])
        assert found.keep == ()
        assert found.advice().startswith("no group of layers left in float lowers the error")


class TestLayerGroups:
    def test_lidd__stages_neck_and_branches(self, lidd):
        groups = layer_groups(lidd.folded, torch.zeros(1, 3, 64, 64))
        assert groups == {
            "backbone, maps 2 times smaller": ("0",),
            "backbone, maps 8 times smaller": ("2", "3"),
            "backbone, maps 16 times smaller": ("4", "5"),
            "backbone, maps 32 times smaller": ("6", "7", "8"),
            "neck": ("9", "10", "11", "14", "17", "18", "20", "21", "23", "24", "25"),
            "head, cv2": ("27.cv2",),
            "head, joint": ("27.joint",),
        }

    @pytest.mark.parametrize("branch", ["cv2", "cv3", "cv4", "proto"])
    def test_wlnet__masks_too(self, wlnet, branch):
        assert layer_groups(wlnet.folded, torch.zeros(1, 3, 64, 64))[f"head, {branch}"] == (f"32.{branch}",)
