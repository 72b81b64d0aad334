"""Joined rings cover what the rings cover, and come apart again."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given

from lidd_yolo.data.labels.bridges import containers, join_parts, join_rings, split_rings
from lidd_yolo.data.labels.outline import trace_exactly
from tests.helpers.masks import PROPERTY, masks

_OUTER = ((0.0, 0.0), (10.0, 0.0), (10.0, 8.0), (0.0, 8.0))
_HOLE = ((4.0, 3.0), (6.0, 3.0), (6.0, 5.0), (4.0, 5.0))
_PART = ((13.0, 1.0), (15.0, 1.0), (15.0, 2.0), (13.0, 2.0))


def _area(ring):
    """Signed area by the shoelace formula."""
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True)) / 2


def _filled(rings, shape):
    mask = np.zeros(shape, dtype=np.uint8)
    if rings:
        cv2.fillPoly(mask, [np.array(ring).astype(np.int32) for ring in rings], 1)
    return mask


class TestJoinRings:
    def test_one_ring__begins_at_the_top(self):
        assert join_rings([_OUTER[2:] + _OUTER[:2]]) == _OUTER

    @pytest.mark.parametrize("hole", [_HOLE, _HOLE[::-1]])
    def test_hole__tied_straight_above_it(self, hole):
        joined = join_rings([hole, _OUTER])
        assert joined[:3] == ((0.0, 0.0), (4.0, 0.0), (4.0, 3.0))
        assert joined[6:8] == ((4.0, 3.0), (4.0, 0.0))
        assert len(joined) == 4 + 4 + 3

    def test_hole_below_a_hole__tied_to_it(self):
        lower = tuple((x, y + 3) for x, y in _HOLE)
        joined = join_rings([_OUTER, lower, _HOLE])
        assert ((4.0, 5.0), (4.0, 6.0)) in pairwise(joined)

    def test_part__tied_where_corners_are_nearest(self):
        joined = join_rings([_OUTER, _PART])
        assert joined == (*_OUTER[:2], *_PART, _PART[0], *_OUTER[1:])

    def test_island_in_a_hole__tied_as_a_part(self):
        island = ((4.5, 4.0), (5.5, 4.0), (5.0, 4.5))
        assert set(split_rings(join_rings([_OUTER, _HOLE, island]))) >= {island}

    def test_none(self):
        with pytest.raises(ValueError, match="no ring"):
            join_rings([])

    def test_arguments__unchanged(self):
        rings = [_OUTER, _HOLE]
        join_rings(rings)
        assert rings == [_OUTER, _HOLE]

    @PROPERTY
    @given(masks(1))
    def test_component_with_holes__drawn_as_its_mask(self, mask):
        count, numbers = cv2.connectedComponents(mask, connectivity=8)
        for number in range(1, count):
            part = (numbers == number).astype(np.uint8)
            np.testing.assert_array_equal(_filled([join_rings(trace_exactly(part))], mask.shape), part)


class TestContainers:
    def test_nested__all_that_enclose(self):
        island = ((4.5, 4.0), (5.5, 4.0), (5.0, 4.5))
        assert containers([_HOLE, _OUTER, _PART, island]) == [[1], [], [], [0, 1]]


class TestJoinParts:
    def test_holes__with_their_own_part(self):
        far = tuple((x + 20, y) for x, y in _OUTER)
        far_hole = tuple((x + 20, y) for x, y in _HOLE)
        first, second = join_parts([far_hole, _OUTER, far, _HOLE])
        assert {frozenset(first), frozenset(second)} == {
            frozenset({*_OUTER, *_HOLE, (4.0, 0.0)}),
            frozenset({*far, *far_hole, (24.0, 0.0)}),
        }

    def test_island__its_own_part(self):
        island = ((4.5, 4.0), (5.5, 4.0), (5.0, 4.5))
        assert island in join_parts([_OUTER, _HOLE, island])

    def test_none(self):
        assert join_parts([]) == ()

    @PROPERTY
    @given(masks(1))
    def test_any_mask__drawn_part_by_part(self, mask):
        drawn = np.zeros_like(mask)
        for part in join_parts(trace_exactly(mask)):
            drawn |= _filled([part], mask.shape)
        np.testing.assert_array_equal(drawn, mask)


class TestSplitRings:
    def test_without_bridge__the_polygon(self):
        assert split_rings(_OUTER) == (_OUTER,)

    def test_holes_and_parts__back_again(self):
        lower = tuple((x, y + 3) for x, y in _HOLE)
        rings = split_rings(join_rings([_PART, lower, _OUTER, _HOLE]))
        assert sorted(abs(_area(ring)) for ring in rings) == [2, 4, 4, 80]

    def test_hole_of_either_direction__back_again(self):
        assert sorted(abs(_area(ring)) for ring in split_rings(join_rings([_OUTER, _HOLE[::-1]]))) == [4, 80]

    def test_repeated_corner__no_edge(self):
        assert split_rings((_OUTER[0], *_OUTER)) == (_OUTER,)

    def test_line_there_and_back__kept(self):
        line = ((0.0, 0.0), (5.0, 0.0), (9.0, 1.0), (5.0, 0.0))
        assert split_rings(line) == (line,)

    def test_joined_again__the_same_polygon(self):
        joined = join_rings([_OUTER, _HOLE, _PART])
        assert join_rings(split_rings(joined)) == joined

    @PROPERTY
    @given(masks(1))
    def test_any_component__covers_the_same(self, mask):
        count, numbers = cv2.connectedComponents(mask, connectivity=8)
        for number in range(1, count):
            part = (numbers == number).astype(np.uint8)
            apart = split_rings(join_rings(trace_exactly(part)))
            np.testing.assert_array_equal(_filled(apart, mask.shape), part)
