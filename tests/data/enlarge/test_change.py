"""Changes drawn by lot and where they move points."""

import numpy as np
import pytest

from lidd_yolo.data.enlarge.change import Change, Settings, draw_change


def _go(change, *points):
    matrix = change.matrix(40, 20)
    return np.round([matrix @ (x, y, 1) for x, y in points], 9).tolist()


class TestMatrix:
    def test_middle_stays(self):
        assert _go(Change(37, True, True), (20, 10)) == [[20, 10]]

    def test_quarter_turn__counter_clockwise_as_seen(self):
        """The point 5 right of the middle goes 5 above it; what is above goes left."""
        assert _go(Change(90), (25, 10), (20, 5)) == [[20, 5], [15, 10]]

    def test_mirrored_and_flipped(self):
        assert _go(Change(mirrored=True), (0, 3)) == [[40, 3]]
        assert _go(Change(flipped=True), (0, 3)) == [[0, 17]]

    def test_mirrored_before_it_is_turned(self):
        assert _go(Change(90, mirrored=True), (25, 10)) == [[20, 15]]


class TestDrawChange:
    def test_same_again__others_differ(self):
        settings = Settings()
        first = draw_change(settings, "a.jpg", 1)
        assert draw_change(settings, "a.jpg", 1) == first
        others = [(settings, "a.jpg", 2), (settings, "b.jpg", 1), (Settings(seed=1), "a.jpg", 1)]
        assert first not in [draw_change(*other) for other in others]

    def test_ranges__used_and_kept(self):
        drawn = [draw_change(Settings(max_angle=30, brightness=0.2), "a", k) for k in range(1, 400)]
        angles = [change.angle for change in drawn]
        assert -30 <= min(angles) < -25
        assert 25 < max(angles) <= 30
        factors = [change.brightness for change in drawn]
        assert 0.8 <= min(factors) < 0.82
        assert 1.18 < max(factors) <= 1.2
        for kind in ("mirrored", "flipped"):
            assert 150 < sum(getattr(change, kind) for change in drawn) < 250


class TestSettings:
    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [
            ({"times": 1}, "times must be at least 2"),
            ({"seed": -1}, "seed"),
            ({"max_angle": 181}, "0 to 180"),
            ({"max_angle": float("nan")}, "0 to 180"),
            ({"brightness": 1}, "less than 1"),
            ({"border": "wrap"}, "constant, reflect"),
            ({"box_rule": "circle"}, "ellipse, rectangle"),
            ({"min_share": 0}, "above 0"),
        ],
    )
    def test_out_of_range__refused(self, wrong, reason):
        with pytest.raises(ValueError, match=reason):
            Settings(**wrong)
