"""The charts of a block: which there are, where their marks and points lie; scales and ticks by hand."""

import pytest

from lidd_yolo.report.blocks import group_entries
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
    block_charts,
    linear_ticks,
    log_ticks,
    loss_curves,
    over,
    per_class,
    points,
    tick_texts,
    ticks_of,
    up,
    while_learning,
)
from lidd_yolo.report.figures import Spread
from tests.helpers.made_up_ledger import made_up_entry, write_latency


def block(*entries):
    return group_entries(entries)[0]


def two(**words):
    return [made_up_entry("a-s0", **words), made_up_entry("b-s0", model="other.yaml", map50=0.4, **words)]


class TestBlockCharts:
    def test_block_charts__all(self, tmp_path):
        latency = write_latency(tmp_path, {"lidd.yaml": 0.002, "other.yaml": 0.004}, threads=2)
        charts = block_charts(block(*two()), [latency])
        assert [(chart.title, chart.x_label) for chart in charts] == [
            ("test mAP50-95 over parameters", "parameters, folded (log scale)"),
            ("test mAP50-95 over time of a prediction", "ms per picture, PyTorch, 2 threads (log scale)"),
            ("test mAP50-95 per class", "mAP50-95"),
            ("val mAP50-95 while learning", "epoch"),
        ]

    def test_block_charts__masks_where_all_have_them(self):
        seg, box = made_up_entry("a", model="a-seg.yaml"), made_up_entry("b")
        assert "mask" not in block_charts(block(seg, box), [])[0].title
        assert block_charts(block(seg, made_up_entry("b", model="b-seg.yaml")), [])[0].title == (
            "test mask mAP50-95 over parameters"
        )

    def test_block_charts__nothing_to_draw(self):
        bare = made_up_entry("a", curve={}, size={}, counts={})
        for key in ("map_of_class", "map50_of_class"):
            del bare["results"]["test"][key]
        assert block_charts(block(bare), []) == []


FIGURES = {"A": Spread(0.3, 0.05), "B": Spread(0.4, None), "C": None}


class TestOver:
    def test_over__marks(self):
        chart = over("t", "x", {"A": 1e6, "B": 1e7, "C": 1e6}, FIGURES)
        first, second = chart.marks
        assert (first.series, first.text) == (0, "A: 0.300 ± 0.050")
        assert (first.x, second.x) == (LEFT, WIDTH - RIGHT)
        assert second.ends is None
        assert second.y < first.y  # higher accuracy is further up
        x1, y1, x2, y2 = first.ends
        assert x1 == x2 == first.x
        assert y1 - first.y == pytest.approx(first.y - y2, abs=0.11)

    def test_over__one_network_alone(self):
        assert over("t", "x", {"A": 1e6}, FIGURES) is None

    def test_over__interval_ends_at_0_and_1(self):
        chart = over("t", "x", {"A": 1, "B": 2}, {"A": Spread(0.5, 4), "B": Spread(0.5, None)})
        assert {tick.text for tick in chart.y_ticks} >= {"0.0", "1.0"}
        assert len(chart.y_ticks) <= 7


class TestPerClass:
    def test_per_class__a_row_for_each(self):
        chart = per_class(block(*two()), "map")
        assert [tick.text for tick in chart.y_ticks] == ["crazing", "inclusion", "rolled-in_scale"]
        assert [mark.text for mark in chart.marks][:2] == ["lidd, crazing: 0.300", "lidd, inclusion: 0.250"]
        assert len(chart.marks) == 6
        assert chart.marks[0].x > chart.marks[1].x
        assert chart.height < HEIGHT

    def test_per_class__old_entries_have_map50_alone(self):
        entries = two()
        del entries[1]["results"]["test"]["map_of_class"]
        chart = per_class(block(*entries), "map")
        assert chart.title == "test mAP50 per class"
        assert chart.marks[0].text == "lidd, crazing: 0.600"

    def test_per_class__masks_without_figures_of_classes(self):
        assert per_class(block(made_up_entry("a", model="a-seg.yaml")), "mask_map").title == "test mAP50-95 per class"


def heights(points):
    return [float(point.split(",")[1]) for point in points.split()]


def places(chart):
    return {tick.text: tick.place for tick in chart.y_ticks}


class TestWhileLearning:
    def test_while_learning__mean_and_band(self):
        low, high = made_up_entry("a-s0", seed=0), made_up_entry("a-s1", seed=1)
        low["curve"], high["curve"] = {"map": [0.0, 0.2]}, {"map": [0.2, 0.4, 0.5]}
        chart = while_learning(block(low, high), "map")
        (curve,) = chart.curves
        at = places(chart)
        assert heights(curve.points) == pytest.approx([at["0.1"], at["0.3"]])
        assert heights(curve.band) == pytest.approx([at[t] for t in ("0.0", "0.2", "0.4", "0.2")])
        assert chart.note == "Band: lowest to highest seed."

    def test_while_learning__one_seed_has_no_band(self):
        chart = while_learning(block(made_up_entry("a")), "map")
        assert chart.curves[0].band == chart.note == ""

    def test_while_learning__run_without_validation(self):
        made = made_up_entry("a", curve={"map": [0, 0, 0]})
        assert while_learning(block(made), "map") is None

    def test_while_learning__ends_before_a_value_that_was_no_number(self):
        chart = while_learning(block(made_up_entry("a", curve={"map": [0.1, 0.2, None, 0.4]})), "map")
        assert heights(chart.curves[0].points) == pytest.approx([places(chart)["0.10"], places(chart)["0.20"]])


class TestLossCurves:
    def test_loss_curves__sums_over_their_lowest(self):
        curve = {
            "val/box_loss": [9.0, 2.0, 1.0, 2.0],
            "val/cls_loss": [9.0, 2.0, 1.0, 1.0],
            "train/box_loss": [3.0, 2.5, 2.0, 1.5],
            "lr/pg0": [1, 1, 1, 1],
        }
        chart = loss_curves(block(made_up_entry("a", curve=curve)))
        val, train = chart.curves
        assert (val.series, val.dashed, train.series, train.dashed) == (0, False, 0, True)
        at = places(chart)
        # sums 18, 4, 2, 3 over 2: 9 (cut to 3), 2, 1, 1.5; training 3, 2.5, 2, 1.5 over 1.5
        assert heights(val.points) == pytest.approx([at["3.0"], at["2.0"], at["1.0"], at["1.5"]])
        assert heights(train.points)[::2] == pytest.approx(
            [at["2.0"], at["1.0"] + (at["2.0"] - at["1.0"]) / 3], abs=0.11
        )

    def test_loss_curves__old_entries(self):
        assert loss_curves(block(made_up_entry("a"))) is None

    def test_loss_curves__not_validated_while_learning(self):
        chart = loss_curves(block(made_up_entry("a", curve={"val/box_loss": [0, 0], "train/box_loss": [2, 1]})))
        assert [curve.dashed for curve in chart.curves] == [True]


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
