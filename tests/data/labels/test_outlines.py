"""What of an outline is usable, and what is said about it."""

from pathlib import Path

import pytest

from lidd_yolo.data.labels.annotation import Box
from lidd_yolo.data.labels.validity import check_outline

_FILE = Path("a.txt")


def _check(corners):
    return check_outline(corners, 10, 8, file=_FILE, where="line 3")


class TestCheckOutline:
    def test_good__unchanged(self):
        corners = ((1.0, 2.0), (5.0, 2.0), (5.0, 7.5))
        assert _check(corners) == (Box(1, 2, 5, 7.5), (corners,), [])

    def test_over_the_edge__clipped_and_noted(self):
        box, rings, [problem] = _check([(-1, 2), (11, 2), (11, 9)])
        assert (box, rings) == (Box(0, 2, 10, 8), (((0, 2), (10, 2), (10, 8)),))
        assert (problem.file, problem.where, problem.repaired) == (_FILE, "line 3", True)

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
        box, rings, [problem] = _check(corners)
        assert (box, rings, problem.repaired) == (None, (), False)
        assert reason in problem.reason

    def test_bridge__taken_apart(self):
        hole = ((3.0, 3.0), (4.0, 3.0), (4.0, 4.0), (3.0, 4.0))
        joined = ((1.0, 1.0), (3.0, 1.0), *hole, hole[0], (3.0, 1.0), (6.0, 1.0), (6.0, 6.0), (1.0, 6.0))
        assert set(_check(joined)[1]) == {hole, ((1.0, 1.0), (3.0, 1.0), (6.0, 1.0), (6.0, 6.0), (1.0, 6.0))}
