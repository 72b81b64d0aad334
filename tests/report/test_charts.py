"""Scales and ticks by hand."""

import pytest

from lidd_yolo.report.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Chart,
    Tick,
    across,
    linear_ticks,
    log_ticks,
    points,
    tick_texts,
    ticks_of,
    up,
)


class TestLinearTicks:
    @pytest.mark.parametrize(
        ("low", "high", "ticks"),
        [
            (0, 0.94, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
            (0.293, 0.386, [0.28, 0.3, 0.32, 0.34, 0.36, 0.38, 0.4]),
            (0, 300, [0, 100, 200, 300]),
            (0, 8, [0, 2, 4, 6, 8]),
        ],
    )
    def test_linear_ticks__round_values_around_the_range(self, low, high, ticks):
        assert linear_ticks(low, high) == ticks

    @pytest.mark.parametrize("value", [0, 0.3, 0.626, 17])
    def test_linear_ticks__a_single_value_has_room(self, value):
        ticks = linear_ticks(value, value)
        assert ticks[0] <= value <= ticks[-1]
        assert len(ticks) > 1

    def test_linear_ticks__never_too_many(self):
        for i in range(1, 400):
            low, high = i * 0.0007, i * 0.0007 + i * 0.013
            ticks = linear_ticks(low, high)
            assert 2 <= len(ticks) <= 7
            assert ticks[0] <= low + 1e-9
            assert ticks[-1] >= high - 1e-9


class TestLogTicks:
    def test_log_ticks__around_the_range(self):
        assert log_ticks(626_256, 9.2e6) == [5e5, 1e6, 2e6, 5e6, 1e7]
        assert log_ticks(2.1, 15.3) == [2, 5, 10, 20]

    @pytest.mark.parametrize("value", [1.0, 2.0, 626_256.0, 0.03, 1000.0])
    def test_log_ticks__a_single_value_has_room(self, value):
        ticks = log_ticks(value, value)
        assert ticks[0] <= value <= ticks[-1]
        assert len(ticks) > 1


class TestTickTexts:
    def test_tick_texts(self):
        assert tick_texts([5e5, 1e6, 2e10]) == ["500 k", "1 M", "20 G"]
        assert tick_texts([0.28, 0.3, 0.32]) == ["0.28", "0.30", "0.32"]
        assert tick_texts([0, 20]) == ["0", "20"]


class TestScale:
    def test_place__linear(self):
        assert Axis(0, 10, 100, 200).place(2.5) == 125
        assert Axis(0, 1, 200, 0).place(0.25) == 150  # upwards

    def test_place__log(self):
        assert Axis(1, 100, 0, 50, log=True).place(10) == 25


class TestAcross:
    def test_across__between_the_margins(self):
        axis = across([1, 10, 100], log=True)
        assert (axis.place(1), axis.place(100)) == (LEFT, WIDTH - RIGHT)


class TestUp:
    def test_up__higher_values_lie_higher(self):
        axis = up([0, 0.5])
        assert (axis.place(0), axis.place(0.5)) == (HEIGHT - BOTTOM, TOP)


class TestTicksOf:
    def test_ticks_of(self):
        assert ticks_of(Axis(0, 1, 0, 100), [0, 0.5]) == (Tick(0, "0.0"), Tick(50, "0.5"))


class TestPoints:
    def test_points(self):
        assert points([(1.0, 2.5), (3, 4)]) == "1,2.5 3,4"


class TestChart:
    def test_floor(self):
        assert Chart("", "", (), (), height=300).floor == 300 - BOTTOM
