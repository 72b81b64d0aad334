"""Boxes, clipping and duplicate objects."""

import dataclasses

import pytest

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject


class TestBox:
    def test_size__half_open(self):
        box = Box(2, 3, 12, 7)
        assert (box.width, box.height) == (10, 4)

    @pytest.mark.parametrize(
        ("box", "expected"),
        [
            (Box(1, 2, 3, 4), Box(1, 2, 3, 4)),
            (Box(-5, 2, 3, 99), Box(0, 2, 3, 20)),
            (Box(8, -4, 15, 21), Box(8, 0, 10, 20)),
        ],
    )
    def test_clipped__picture_of_10_by_20(self, box, expected):
        assert box.clipped(10, 20) == expected

    def test_around__smallest(self):
        assert Box.around([(3, 9), (5, 1), (4, 4)]) == Box(3, 1, 5, 9)

    def test_clipped__outside_is_empty(self):
        assert Box(11, 0, 15, 5).clipped(10, 20).width == 0

    def test_frozen(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            Box(0, 0, 1, 1).x1 = 5


class TestAnnotation:
    def test_without_duplicates__keeps_the_first_of_equal_objects(self):
        a, b = DefectObject("a", Box(0, 0, 5, 5)), DefectObject("b", Box(0, 0, 5, 5))
        again = DefectObject("a", Box(0, 0, 5, 5), difficult=True)
        annotation = Annotation("x.jpg", 10, 10, (a, b, again, b))
        assert annotation.without_duplicates().objects == (a, b)
        assert annotation.objects == (a, b, again, b)

    def test_without_duplicates__other_outline_is_another_object(self):
        box = Box(0, 0, 5, 5)
        objects = (DefectObject("a", box), DefectObject("a", box, (((0, 0), (5, 0), (0, 5)),)))
        assert Annotation("x.jpg", 10, 10, objects).without_duplicates().objects == objects
