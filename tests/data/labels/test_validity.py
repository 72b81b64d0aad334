"""Which boxes and outlines are refused, clipped or taken as they are."""

from pathlib import Path

import pytest

from lidd_yolo.data.labels.annotation import Box, Place
from lidd_yolo.data.labels.validity import check_box, check_outline


def _check(*corners):
    return check_box(Box(*corners), 100, 50, file=Path("a.xml"), where=Place("object", 1))


class TestCheckBox:
    def test_inside__whole_picture(self):
        assert _check(0, 0, 100, 50) == (Box(0, 0, 100, 50), [])

    def test_over_the_edge__clipped_and_noted(self):
        box, [problem] = _check(-1, 5, 10, 51)
        assert box == Box(0, 5, 10, 50)
        assert problem.repaired
        assert (
            str(problem)
            == "a.xml, object 1: the box reaches over the edge of the 100x50 picture; clipped to the picture"
        )

    @pytest.mark.parametrize(
        ("corners", "reason"),
        [
            ((0, 0, float("nan"), 5), "not finite"),
            ((float("-inf"), 0, 5, 5), "not finite"),
            ((5, 5, 5, 9), "0 pixels wide and 4 pixels high"),
            ((9, 5, 5, 9), "-4 pixels wide"),
            ((100, 0, 120, 9), "outside the 100x50 picture"),
            ((0, -9, 9, -1), "outside the 100x50 picture"),
        ],
    )
    def test_unusable__left_out(self, corners, reason):
        box, [problem] = _check(*corners)
        assert box is None
        assert reason in problem.reason
        assert not problem.repaired


def _check_outline(corners):
    return check_outline(corners, 10, 8, file=Path("a.txt"), where=Place("line", 3))


class TestCheckOutline:
    def test_good__unchanged(self):
        corners = ((1.0, 2.0), (5.0, 2.0), (5.0, 7.5))
        assert _check_outline(corners) == (Box(1, 2, 5, 7.5), (corners,), [])

    def test_over_the_edge__clipped_and_noted(self):
        box, rings, [problem] = _check_outline([(-1, 2), (11, 2), (11, 9)])
        assert (box, rings) == (Box(0, 2, 10, 8), (((0, 2), (10, 2), (10, 8)),))
        assert (problem.file, problem.where, problem.repaired) == (Path("a.txt"), "line 3", True)

    @pytest.mark.parametrize(
        ("corners", "reason"),
        [
            ([], "an outline of 0 corners"),
            ([(1, 1), (2, 2)], "an outline of 2 corners"),
            ([(1, 1), (2, 2), (float("nan"), 1)], "not finite"),
            ([(1, 1), (2, 2), (1, float("inf"))], "not finite"),
            ([(1, 1), (5, 1), (3, 1)], "0 pixels high"),
            ([(11, 1), (15, 1), (13, 4)], "outside the 10x8 picture"),
        ],
    )
    def test_unusable__named(self, corners, reason):
        box, rings, [problem] = _check_outline(corners)
        assert (box, rings, problem.repaired) == (None, (), False)
        assert reason in problem.reason

    def test_bridge__taken_apart(self):
        hole = ((3.0, 3.0), (4.0, 3.0), (4.0, 4.0), (3.0, 4.0))
        joined = ((1.0, 1.0), (3.0, 1.0), *hole, hole[0], (3.0, 1.0), (6.0, 1.0), (6.0, 6.0), (1.0, 6.0))
        assert set(_check_outline(joined)[1]) == {hole, ((1.0, 1.0), (3.0, 1.0), (6.0, 1.0), (6.0, 6.0), (1.0, 6.0))}
