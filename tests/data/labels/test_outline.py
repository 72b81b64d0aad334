"""Outlines against hand-made masks and an independent point-in-polygon test."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lidd_yolo.data.labels.annotation import MAX_PIXELS
from lidd_yolo.data.labels.outline import _ring_count, enclose, fill_rings, outline_object, trace, trace_exactly, unite
from tests.helpers.masks import PROPERTY, masks


def _fill(polygon: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixels whose centre lies inside, by the even-odd rule: count the edges crossed on the way to the right."""
    inside = np.zeros((height, width), dtype=bool)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y1 != y2:
            inside ^= ((y1 <= y) != (y2 <= y)) & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return inside


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def _random_pieces(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pieces = np.zeros((80, 100), dtype=np.uint8)
    for x, y in rng.integers((5, 10), (95, 70), (7, 2)):
        pieces[y - 2 : y + 3, x - 1 : x + 2] = 1
    return pieces


class TestEnclose:
    def test_enclose__rectangle_stays(self):
        pieces = np.zeros((20, 30), dtype=np.uint8)
        pieces[5:9, 7:20] = 1
        np.testing.assert_array_equal(enclose(pieces, 4), pieces)

    def test_enclose__two_pixels_become_the_segment_between(self):
        pieces = np.zeros((9, 40), dtype=np.uint8)
        pieces[4, [3, 33]] = 1
        expected = np.zeros_like(pieces)
        expected[4, 3:34] = 1  # a closing stays inside the convex hull: one row of pixels
        np.testing.assert_array_equal(enclose(pieces, 1.5), expected)

    def test_enclose__fills_hole(self):
        pieces = np.zeros((20, 20), dtype=np.uint8)
        pieces[2:18, 2:18] = 1
        ring = pieces.copy()
        ring[5:15, 5:15] = 0
        np.testing.assert_array_equal(enclose(ring, 1.5), pieces)

    @pytest.mark.parametrize("seed", range(8))
    @pytest.mark.parametrize("radius", [0, 3, 30])
    def test_enclose__one_component_around_all_pieces(self, seed, radius):
        pieces = _random_pieces(seed)
        before = pieces.copy()
        mask = enclose(pieces, radius)
        assert set(np.unique(mask)) == {0, 1}
        assert cv2.connectedComponents(mask)[0] == 2  # the background and one more
        assert (mask >= pieces).all()
        assert _box(mask) == _box(pieces)
        np.testing.assert_array_equal(pieces, before)

    def test_enclose__larger_radius_fills_more_of_a_corner(self):
        pieces = np.zeros((60, 60), dtype=np.uint8)
        pieces[5:55, 5:10] = pieces[50:55, 5:55] = 1
        areas = [int(enclose(pieces, radius).sum()) for radius in (1.5, 20, 60)]
        assert pieces.sum() <= areas[0] < areas[1] < areas[2]

    def test_enclose__thin_pieces_far_apart(self):
        # On the pixel grid no disc joins these: the convex hull ends the search.
        pieces = np.zeros((70, 70), dtype=np.uint8)
        pieces[[3, 3, 66], [3, 66, 30]] = 1
        mask = enclose(pieces, 2)
        assert cv2.connectedComponents(mask)[0] == 2
        assert _box(mask) == (3, 3, 67, 67)

    def test_enclose__pieces_at_the_border_do_not_pull_the_mask_along_it(self):
        pieces = np.zeros((40, 40), dtype=np.uint8)
        pieces[:3, 4:7] = pieces[:3, 20:23] = 1
        assert _box(enclose(pieces, 12)) == (4, 0, 23, 3)

    def test_enclose__empty(self):
        with pytest.raises(ValueError, match="without a pixel"):
            enclose(np.zeros((5, 5), dtype=np.uint8), 3)


class TestTrace:
    def test_trace__rectangle_by_hand(self):
        # Columns 2-9 and rows 4-7 span x 2..10 and y 4..8; the outline runs an eighth of a pixel inside of that.
        mask = np.zeros((16, 32), dtype=np.uint8)
        mask[4:8, 2:10] = 1
        corners = {(round(x * 32, 6), round(y * 16, 6)) for x, y in trace(mask)}
        assert corners == {(2.125, 4.125), (9.875, 4.125), (9.875, 7.875), (2.125, 7.875)}

    def test_trace__single_pixel_is_a_polygon(self):
        mask = np.zeros((8, 8), dtype=np.uint8)
        mask[7, 0] = 1
        polygon = trace(mask)
        assert len(polygon) >= 3
        assert polygon.min() > 0
        assert polygon.max() < 1
        np.testing.assert_array_equal(_fill(polygon * 8, 8, 8), mask)

    @pytest.mark.parametrize("seed", range(8))
    def test_trace__filled_polygon_is_the_mask(self, seed):
        mask = enclose(_random_pieces(seed), 8)
        polygon = trace(mask) * (100, 80)
        filled = _fill(polygon, 80, 100)
        assert (filled & (mask > 0)).sum() / (filled | (mask > 0)).sum() > 0.96
        np.testing.assert_allclose((*polygon.min(axis=0), *polygon.max(axis=0)), _box(mask), atol=0.6)

    def test_trace__empty(self):
        with pytest.raises(ValueError, match="no outline"):
            trace(np.zeros((5, 5), dtype=np.uint8))


class TestTraceExactly:
    def test_one_pixel__quarter_inside_its_edges(self):
        mask = np.zeros((5, 7), dtype=np.uint8)
        mask[2, 4] = 1
        [ring] = trace_exactly(mask)
        assert set(ring) == {(4.25, 2.25), (4.75, 2.25), (4.75, 2.75), (4.25, 2.75)}

    def test_frame__border_and_hole_with_corners_alone(self):
        mask = np.ones((4, 5), dtype=np.uint8)
        mask[2, 1:3] = 0
        outer, hole = sorted(map(sorted, trace_exactly(mask)))
        assert outer == [(0.25, 0.25), (0.25, 3.75), (4.75, 0.25), (4.75, 3.75)]
        assert hole == [(0.75, 1.75), (0.75, 3.25), (3.25, 1.75), (3.25, 3.25)]

    def test_inner_corner__not_cut_short(self):
        mask = np.array([[1, 1], [1, 0]], dtype=np.uint8)
        [ring] = trace_exactly(mask)
        assert (0.75, 0.75) in ring
        assert len(ring) == 6

    def test_touching_corners__one_ring(self):
        [ring] = trace_exactly(np.eye(2, dtype=np.uint8))
        assert len(ring) == 4 + 4 + 2  # both inner corners are passed twice

    def test_nothing__no_ring(self):
        assert trace_exactly(np.zeros((3, 3), dtype=np.uint8)) == ()

    @PROPERTY
    @given(masks(1))
    def test_any_mask__given_back_by_pixel_centres(self, mask):
        height, width = mask.shape
        inside = np.zeros(mask.shape, dtype=bool)
        for ring in trace_exactly(mask):
            inside ^= _fill(np.array(ring), height, width)
        np.testing.assert_array_equal(inside, mask > 0)

    @PROPERTY
    @given(masks(1))
    def test_any_mask__rings_counted_before_they_are_traced(self, mask):
        assert _ring_count(mask) == len(trace_exactly(mask))

    @PROPERTY
    @given(masks(1))
    def test_any_mask__given_back_at_twice_the_size(self, mask):
        large = mask.repeat(2, axis=0).repeat(2, axis=1)
        drawn = np.zeros_like(large)
        if rings := [(2 * np.array(ring)).astype(np.int32) for ring in trace_exactly(mask)]:
            cv2.fillPoly(drawn, rings, 1)
        np.testing.assert_array_equal(drawn, large)


class TestOutlineObject:
    def test_box_and_rings__where_the_pixels_are(self):
        mask = np.zeros((20, 30), dtype=np.uint8)
        mask[4:7, 10:12] = 1
        box, [ring] = outline_object(mask)
        assert (box.x1, box.y1, box.x2, box.y2) == (10, 4, 12, 7)
        assert set(ring) == {(10.25, 4.25), (11.75, 4.25), (11.75, 6.75), (10.25, 6.75)}

    def test_nothing(self):
        assert outline_object(np.zeros((3, 3), dtype=np.uint8)) == (None, ())

    @PROPERTY
    @given(masks(1))
    def test_rings__those_of_the_whole_mask(self, mask):
        assert set(map(frozenset, outline_object(mask)[1])) == set(map(frozenset, trace_exactly(mask)))


def _corners(x, y, side):
    return ((x, y), (x + side, y), (x + side, y + side), (x, y + side))


class TestUnite:
    def test_apart__corners_kept(self):
        first, second = _corners(1.5, 1.25, 3.0), _corners(10.0, 2.0, 4.0)
        assert unite([(first,), (second,)], 20, 20) == (first, second)

    def test_hole_of_one_part__kept(self):
        outer, hole, apart = _corners(0.0, 0.0, 8.0), _corners(3.0, 3.0, 2.0), _corners(12.0, 12.0, 3.0)
        assert unite([(outer, hole), (apart,)], 20, 20) == (outer, hole, apart)

    def test_one_inside_another__no_hole(self):
        rings = unite([(_corners(1.0, 1.0, 9.0),), (_corners(3.0, 3.0, 2.0),)], 20, 20)
        assert len(rings) == 1
        np.testing.assert_array_equal(fill_rings(rings, 20, 20), fill_rings([_corners(1.0, 1.0, 9.0)], 20, 20))

    def test_overlap__counted_once(self):
        """Squares of 5 x 5 pixels, borders included, that share 2 x 2: 25 + 25 - 4."""
        rings = unite([(_corners(0.0, 0.0, 4.0),), (_corners(3.0, 3.0, 4.0),)], 20, 20)
        assert fill_rings(rings, 20, 20).sum() == 46

    def test_nothing(self):
        assert unite([], 5, 5) == ()
        assert unite([(), (_corners(0.0, 0.0, 2.0),)], 5, 5) == (_corners(0.0, 0.0, 2.0),)

    def test_huge__refused(self):
        side = float(MAX_PIXELS)
        with pytest.raises(ValueError, match="its parts reach over"):
            unite([(_corners(0.0, 0.0, 1.0),), (_corners(side - 2, side - 2, 1.0),)], MAX_PIXELS, MAX_PIXELS)

    @PROPERTY
    @given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15), st.integers(1, 14)), min_size=1, max_size=5))
    def test_any_squares__pixels_of_any(self, squares):
        rings = [_corners(x + 0.25, y + 0.25, side - 0.5) for x, y, side in squares]
        rings = [tuple((min(x, 20.0), min(y, 20.0)) for x, y in ring) for ring in rings]
        expected = np.zeros((20, 20), dtype=bool)
        for x, y, side in squares:
            expected[y : y + side, x : x + side] = True
        united = unite([(ring,) for ring in rings], 20, 20)
        np.testing.assert_array_equal(fill_rings(united, 20, 20) > 0, expected)
