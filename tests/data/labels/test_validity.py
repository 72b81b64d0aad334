"""Which boxes are refused, clipped or taken as they are."""

from pathlib import Path

import pytest

from lidd_yolo.data.labels.annotation import Box
from lidd_yolo.data.labels.validity import check_box


def _check(*corners):
    return check_box(Box(*corners), 100, 50, file=Path("a.xml"), where="object 1")


class TestCheckBox:
    def test_inside__whole_picture(self):
        assert _check(0, 0, 100, 50) == (Box(0, 0, 100, 50), None)

    def test_over_the_edge__clipped_and_noted(self):
        box, problem = _check(-1, 5, 10, 51)
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
        box, problem = _check(*corners)
        assert box is None
        assert reason in problem.reason
        assert not problem.repaired
