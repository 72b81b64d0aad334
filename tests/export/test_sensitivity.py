"""The search for layers to keep in float: groups of a network, and which of them are named."""

import pytest
import torch

from lidd_yolo.export.int8_layers import find_sensitive, layer_groups

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
