"""Which boxes and outlines are refused, clipped or taken as they are."""

from pathlib import Path

import pytest

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Place
from lidd_yolo.data.labels.problems import Problems
from lidd_yolo.data.labels.validity import check_box, check_outline, clean_annotation


def _check(*corners):
    problems = Problems(Path("a.xml"))
    with problems.collect(Place("object", 1)):
        return check_box(Box(*corners), (100, 50), problems), problems
    return None, problems


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
    problems = Problems(Path("a.txt"))
    with problems.collect(Place("line", 3)):
        return *check_outline(corners, (10, 8), problems), problems
    return None, (), problems


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


def _cleaned(*objects):
    annotation, problems = clean_annotation(Annotation("x.jpg", 10, 10, objects), Path("x.txt"), ("a", "b"))
    return annotation.objects, problems


class TestCleanAnnotation:
    def test_equal_objects__first_is_kept(self):
        a, b = DefectObject("a", Box(0, 0, 5, 5)), DefectObject("b", Box(0, 0, 5, 5))
        objects, [problem] = _cleaned(a, b, DefectObject("a", Box(0, 0, 5, 5), difficult=True), b)
        assert objects == (a, b)
        assert str(problem) == "x.txt: 2 objects with the same class and box as another; kept once"

    def test_other_outline__another_object(self):
        box = Box(0, 0, 5, 5)
        objects = (DefectObject("a", box), DefectObject("a", box, (((0, 0), (5, 0), (0, 5)),)))
        assert _cleaned(*objects) == (objects, [])

    def test_unknown_class__left_out(self):
        objects, [problem] = _cleaned(DefectObject("c", Box(0, 0, 5, 5)))
        assert objects == ()
        assert str(problem) == "x.txt: class 'c' is none of a, b; its objects left out"
