"""Figures of a small set, computed by hand."""

from pathlib import Path

import pytest

from lidd_yolo.data.checks.pairs import Marked, Pair, PairFacts
from lidd_yolo.data.checks.set_check import set_figures, suggested_size


def _picture(split, size, *boxes, usable=True):
    objects = tuple(Marked("", name, w, h, name == "b") for name, w, h in boxes)
    return PairFacts(Pair(split, Path("p.jpg"), None), size, b"", 0, usable, objects, ())


class TestSetFigures:
    def test_by_hand(self):
        facts = [
            _picture("train", (1000, 500), ("a", 10, 10), ("b", 100, 100)),
            _picture("train", (1000, 500)),
            _picture("val", (800, 500), ("a", 20, 200)),
        ]
        figures = set_figures(facts, ("a", "b", "c"))
        boxes = figures.pop("boxes")
        assert figures == {
            "pictures": {"train": 2, "val": 1},
            "without_objects": {"train": 1, "val": 0},
            "objects": {"a": {"train": 1, "val": 1}, "b": {"train": 1, "val": 0}, "c": {"train": 0, "val": 0}},
            "difficult": 1,
            "picture_sizes": {"1000x500": 2, "800x500": 1},
        }
        # areas 100, 10000, 4000; one of three below 32x32, one from 96x96 on, one ten times as long as wide
        assert [boxes[k] for k in ("small_share", "large_share", "elongated_share")] == [0.3333] * 3
        assert boxes["side_quantiles"]["0"] == 10
        assert boxes["side_quantiles"]["0.5"] == 63.2
        # shorter sides 10, 20, 100: 5 % of the way to the middle one's end is 11; 1000 * 8 / 11 = 727
        assert boxes["shorter_side_5_percent"] == 11
        assert boxes["suggested_imgsz"] == 736

    def test_no_class_names__those_that_occur(self):
        figures = set_figures([_picture("x", (9, 9), ("b", 1, 1), ("a", 1, 1))], ())
        assert list(figures["objects"]) == ["a", "b"]

    def test_nothing(self):
        figures = set_figures([], ("a",))
        assert (figures["pictures"], figures["boxes"]) == ({}, {})

    def test_unusable_picture__its_size_does_not_count(self):
        facts = [_picture("x", (60000, 60000), ("a", 30000, 30000), usable=False), _picture("x", (9, 9), ("a", 3, 3))]
        figures = set_figures(facts, ())
        assert figures["picture_sizes"] == {"9x9": 1}
        assert figures["boxes"]["side_quantiles"]["1"] == 3

    def test_unknown_size__counted_without_its_boxes(self):
        figures = set_figures([_picture("x", None, ("a", 0.1, 0.1))], ())
        assert (figures["objects"], figures["boxes"]) == ({"a": {"x": 1}}, {})


class TestSuggestedSize:
    @pytest.mark.parametrize(
        ("longest", "shortest", "size"),
        [
            (1000, 10, 800),  # 1000 * 8 / 10
            (1000, 100, 640),  # 80 would do, but 640 pixels are kept
            (200, 20, 224),  # a small picture keeps its size, in steps of 32
            (4000, 4, 1280),  # 8000 is more than networks are run at
            (640, 0, 1280),
        ],
    )
    def test_by_hand(self, longest, shortest, size):
        assert suggested_size(longest, shortest) == size
