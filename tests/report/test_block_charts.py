"""The plots of a block: which there are, and where their marks lie."""

import pytest

from lidd_yolo.report.block_charts import block_charts, over, per_class
from lidd_yolo.report.blocks import group_entries
from lidd_yolo.report.charts import HEIGHT, LEFT, RIGHT, WIDTH
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


FIGURES = {"A": Spread(0.3, 0.05, 3), "B": Spread(0.4, None, 1), "C": None}


class TestOver:
    def test_over__marks(self):
        chart = over("t", "x", {"A": 1e6, "B": 1e7, "C": 1e6}, FIGURES)
        first, second = chart.marks
        assert (first.series, first.told) == (0, "A: 0.300 ± 0.050")
        assert (first.x, second.x) == (LEFT, WIDTH - RIGHT)
        assert second.ends is None
        assert second.y < first.y  # higher accuracy is further up
        x1, y1, x2, y2 = first.ends
        assert x1 == x2 == first.x
        assert y1 - first.y == pytest.approx(first.y - y2, abs=0.11)

    def test_over__one_network_alone(self):
        assert over("t", "x", {"A": 1e6}, FIGURES) is None

    def test_over__interval_ends_at_0_and_1(self):
        chart = over("t", "x", {"A": 1, "B": 2}, {"A": Spread(0.5, 4, 2), "B": Spread(0.5, None, 1)})
        assert {tick.text for tick in chart.y_ticks} >= {"0.0", "1.0"}
        assert len(chart.y_ticks) <= 7


class TestPerClass:
    def test_per_class__a_row_for_each(self):
        chart = per_class(block(*two()), "map")
        assert [tick.text for tick in chart.y_ticks] == ["crazing", "inclusion", "rolled-in_scale"]
        assert [mark.told for mark in chart.marks][:2] == ["lidd, crazing: 0.300", "lidd, inclusion: 0.250"]
        assert len(chart.marks) == 6
        assert chart.marks[0].x > chart.marks[1].x
        assert chart.height < HEIGHT

    def test_per_class__old_entries_have_map50_alone(self):
        entries = two()
        del entries[1]["results"]["test"]["map_of_class"]
        chart = per_class(block(*entries), "map")
        assert chart.title == "test mAP50 per class"
        assert chart.marks[0].told == "lidd, crazing: 0.600"

    def test_per_class__masks_without_figures_of_classes(self):
        assert per_class(block(made_up_entry("a", model="a-seg.yaml")), "mask_map").title == "test mAP50-95 per class"
