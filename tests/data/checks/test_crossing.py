"""Outlines that cross themselves, against a slow comparison of every pair of edges in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from lidd_yolo.data.checks import crossing
from lidd_yolo.data.checks.crossing import crosses_itself
from lidd_yolo.data.labels.bridges import join_rings, split_rings

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
HOLE = ((3.0, 3.0), (3.0, 6.0), (6.0, 6.0), (6.0, 3.0))
BOW = ((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0))


def _side(a, b, p):
    (ax, ay), (bx, by), (px, py) = ([Fraction(n) for n in corner] for corner in (a, b, p))
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


def _naive(ring):
    edges = list(zip(ring, (*ring[1:], ring[0]), strict=True))
    return any(
        _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0
        for k, (a, b) in enumerate(edges)
        for c, d in edges[k + 1 :]
    )


class TestCrossesItself:
    @pytest.mark.parametrize(
        ("rings", "expected"),
        [
            ((SQUARE,), False),
            ((BOW,), True),
            ((SQUARE, HOLE), False),
            ((SQUARE, ((8.0, 3.0), (15.0, 3.0), (15.0, 5.0))), True),
            # an upright edge through a level one
            ((((0.0, 5.0), (10.0, 5.0), (10.0, 9.0), (5.0, 9.0), (5.0, 0.0), (0.0, 0.0)),), True),
            # two triangles that touch in a corner
            ((((0.0, 0.0), (5.0, 5.0), (10.0, 0.0), (10.0, 10.0), (5.0, 5.0), (0.0, 10.0)),), False),
        ],
    )
    def test_hand_made(self, rings, expected):
        assert crosses_itself(rings, 1e-6) is expected

    def test_bridges__are_no_crossing(self):
        assert not crosses_itself([join_rings([SQUARE, HOLE])], 1e-6)
        assert not crosses_itself(split_rings(join_rings([SQUARE, HOLE])), 1e-6)

    def test_random__as_every_pair_compared(self):
        rng = np.random.default_rng(0)
        rings = [tuple(map(tuple, rng.integers(0, 12, (rng.integers(3, 9), 2)).tolist())) for _ in range(600)]
        expected = [_naive(ring) for ring in rings]
        assert 100 < sum(expected) < 500
        assert [crosses_itself([ring], 0) for ring in rings] == expected

    def test_small_blocks__the_same(self, monkeypatch):
        monkeypatch.setattr(crossing, "_BLOCK", 3)
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        ring = [(50 + 40 * float(np.cos(a)), 50 + 40 * float(np.sin(a))) for a in angles]
        assert crosses_itself([tuple(ring)], 1e-6) is False
        ring[40], ring[41] = ring[41], ring[40]
        assert crosses_itself([tuple(ring)], 1e-6) is True

    def test_tolerance__rounding_is_no_crossing(self):
        # the tip of the second ring reaches 0.0001 pixels into the first
        rings = (SQUARE, ((9.9999, 5.0), (15.0, 3.0), (15.0, 7.0)))
        assert crosses_itself(rings, 1e-6)
        assert not crosses_itself(rings, 1e-3)

    def test_too_many_pairs__none(self):
        zigzag = tuple((float(k % 2 * 100), k / 100) for k in range(9000))
        assert crosses_itself([zigzag], 1e-6) is None
