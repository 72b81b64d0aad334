"""Boxes and clipping."""

import dataclasses

import pytest

from lidd_yolo.data.labels.annotation import Box


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
