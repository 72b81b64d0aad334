"""Objects beside one another; crossings against a slow comparison of every pair of edges in exact fractions."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lidd_yolo.data.checks import label
from lidd_yolo.data.checks.label import check_objects, crosses_itself
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Place
from lidd_yolo.data.labels.bridges import join_rings, split_rings

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
HOLE = ((3.0, 3.0), (3.0, 6.0), (6.0, 6.0), (6.0, 3.0))
BOW = ((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0))

BOX = Box(1, 1, 9, 9)


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
        monkeypatch.setattr(label, "_BLOCK", 3)
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


def _found(*objects):
    placed = tuple(replace(item, place=Place("line", k)) for k, item in enumerate(objects, start=1))
    return list(check_objects(Annotation("a", 100, 100, placed), Path("f")))


class TestCheckObjects:
    def test_good__nothing(self):
        assert _found(DefectObject("a", BOX), DefectObject("a", Box(1, 1, 9, 9.5))) == []

    def test_duplicate__names_the_first(self):
        found = _found(DefectObject("a", BOX), DefectObject("a", Box(2, 2, 9, 9)), DefectObject("a", BOX))
        assert [(f.kind, f.where) for f in found] == [("duplicate", "line 3")]
        assert "line 1" in found[0].reason

    def test_three_times__two_findings(self):
        assert [f.where for f in _found(*[DefectObject("a", BOX)] * 3)] == ["line 2", "line 3"]

    def test_two_classes(self):
        [found] = _found(DefectObject("a", BOX), DefectObject("b", BOX))
        assert (found.kind, found.where) == ("two-classes", "line 2")
        assert found.reason == "'b', but line 1 calls the same shape 'a'"

    def test_speck__up_to_four_square_pixels(self):
        found = _found(DefectObject("a", Box(0, 0, 2, 2)), DefectObject("a", Box(0, 0, 2, 2.1)))
        assert [(f.kind, f.where, f.reason) for f in found] == [("speck", "line 1", "it is 2x2 pixels")]

    def test_self_crossing(self):
        [found] = _found(DefectObject("a", Box(0, 0, 10, 10), (BOW,)))
        assert found.kind == "self-crossing"

    def test_long_outline__said(self, monkeypatch):
        monkeypatch.setattr(label, "MAX_PAIRS", 2)
        [found] = _found(DefectObject("a", Box(0, 0, 10, 10), (BOW,)))
        assert (found.kind, found.reason) == ("long-outline", "the outline has 4 corners")
