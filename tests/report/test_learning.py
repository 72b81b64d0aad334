"""Learning curves: where their points lie."""

import pytest

from lidd_yolo.report.block_charts import loss_curves, while_learning
from lidd_yolo.report.blocks import group_entries
from tests.helpers.made_up_ledger import made_up_entry


def block(*entries):
    return group_entries(entries)[0]


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
