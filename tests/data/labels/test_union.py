"""Union of the outlines of one object."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lidd_yolo.data.labels.annotation import MAX_PIXELS
from lidd_yolo.data.labels.outline import fill_rings
from lidd_yolo.data.labels.union import unite
from tests.helpers.masks import PROPERTY


def _square(x, y, side):
    return ((x, y), (x + side, y), (x + side, y + side), (x, y + side))


class TestUnite:
    def test_apart__corners_kept(self):
        first, second = _square(1.5, 1.25, 3.0), _square(10.0, 2.0, 4.0)
        assert unite([(first,), (second,)], 20, 20) == (first, second)

    def test_hole_of_one_part__kept(self):
        outer, hole, apart = _square(0.0, 0.0, 8.0), _square(3.0, 3.0, 2.0), _square(12.0, 12.0, 3.0)
        assert unite([(outer, hole), (apart,)], 20, 20) == (outer, hole, apart)

    def test_one_inside_another__no_hole(self):
        rings = unite([(_square(1.0, 1.0, 9.0),), (_square(3.0, 3.0, 2.0),)], 20, 20)
        assert len(rings) == 1
        np.testing.assert_array_equal(fill_rings(rings, 20, 20), fill_rings([_square(1.0, 1.0, 9.0)], 20, 20))

    def test_overlap__counted_once(self):
        """Squares of 5 x 5 pixels, borders included, that share 2 x 2: 25 + 25 - 4."""
        rings = unite([(_square(0.0, 0.0, 4.0),), (_square(3.0, 3.0, 4.0),)], 20, 20)
        assert fill_rings(rings, 20, 20).sum() == 46

    def test_nothing(self):
        assert unite([], 5, 5) == ()
        assert unite([(), (_square(0.0, 0.0, 2.0),)], 5, 5) == (_square(0.0, 0.0, 2.0),)

    def test_huge__refused(self):
        side = float(MAX_PIXELS)
        with pytest.raises(ValueError, match="its parts reach over"):
            unite([(_square(0.0, 0.0, 1.0),), (_square(side - 2, side - 2, 1.0),)], MAX_PIXELS, MAX_PIXELS)

    @PROPERTY
    @given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15), st.integers(1, 14)), min_size=1, max_size=5))
    def test_any_squares__pixels_of_any(self, squares):
        rings = [_square(x + 0.25, y + 0.25, side - 0.5) for x, y, side in squares]
        rings = [tuple((min(x, 20.0), min(y, 20.0)) for x, y in ring) for ring in rings]
        expected = np.zeros((20, 20), dtype=bool)
        for x, y, side in squares:
            expected[y : y + side, x : x + side] = True
        united = unite([(ring,) for ring in rings], 20, 20)
        np.testing.assert_array_equal(fill_rings(united, 20, 20) > 0, expected)
