"""Figures of a network from its entries, their interval, and the order and names that printed rows give."""

import pytest

from lidd_yolo.report import figures
from lidd_yolo.report.blocks import Contender, group_entries
from lidd_yolo.report.figures import (
    Spread,
    accuracy,
    arrange,
    class_accuracies,
    counted,
    latencies,
    row_of,
    signed,
    spread_of,
    with_interval,
)
from lidd_yolo.results.plan_file import PrintedRow, PrintedTable
from tests.helpers.made_up_ledger import made_up_entry


def contender(*entries):
    return Contender("A", entries[0]["model"], entries)


def old(**words):
    """Return an entry as it was written before schema 2."""
    made = made_up_entry("a", **words)
    for key in ("counts", "schema"):
        del made[key]
    return made


class TestAccuracy:
    def test_accuracy__over_seeds(self):
        spread = accuracy(contender(made_up_entry("a", map50=0.5), made_up_entry("b", map50=0.6)), "test", "map50")
        assert spread.mean == pytest.approx(0.55)
        assert spread.half > 0

    def test_accuracy__a_seed_lacks_it(self):
        lacking = made_up_entry("b")
        del lacking["results"]["test"]
        assert accuracy(contender(made_up_entry("a"), lacking), "test", "map50") is None

    def test_accuracy__no_masks(self):
        assert accuracy(contender(made_up_entry("a")), "test", "mask_map") is None


class TestClassAccuracies:
    def test_class_accuracies__of_classes_that_every_seed_has(self):
        one, other = made_up_entry("a", map50=0.5), made_up_entry("b", map50=0.7)
        del other["results"]["test"]["map50_of_class"]["inclusion"]
        found = class_accuracies(contender(one, other), "test", "map50")
        assert {name: spread.mean for name, spread in found.items()} == pytest.approx(
            {"crazing": 0.6, "rolled-in_scale": 0.4}
        )

    def test_class_accuracies__old_entry(self):
        made = made_up_entry("a")
        del made["results"]["test"]["map_of_class"]
        assert class_accuracies(contender(made), "test", "map") == {}


class TestCounted:
    @pytest.mark.parametrize(
        ("key", "count"), [("parameters_folded", 626_256), ("parameters", 1_200_000), ("macs", 107e6)]
    )
    def test_counted(self, key, count):
        assert counted(contender(made_up_entry("a")), key) == count
        assert counted(contender(old()), key) is None


class TestLatencies:
    entries = (made_up_entry("a"), made_up_entry("b", model="yolov8n.yaml"))

    def latency(self, *models, threads=1, imgsz=192):
        results = {model: {"median_s": 0.002 * (i + 1)} for i, model in enumerate(models)}
        return {"name": "latency-x", "imgsz": imgsz, "results": results, "machine": {"threads": threads}}

    def test_latencies__in_milliseconds_on_the_fewest_threads(self):
        (block,) = group_entries(self.entries)
        several = self.latency("yolov8n.yaml", "lidd.yaml", threads=4)
        found = latencies(block, [several, self.latency("lidd.yaml", "yolov8n.yaml", threads=2)])
        assert found == {"PyTorch, 2 threads": {"lidd": 2.0, "yolov8n": 4.0}}
        assert latencies(block, [several]) == {"PyTorch, 4 threads": {"lidd": 4.0, "yolov8n": 2.0}}

    def test_latencies__not_of_another_size_or_of_one_network(self):
        (block,) = group_entries(self.entries)
        assert latencies(block, [self.latency("lidd.yaml", "yolov8n.yaml", imgsz=640), self.latency("lidd.yaml")]) == {}

    def test_latencies__runtime_named_and_one_picture_alone(self):
        (block,) = group_entries(self.entries)
        entry = {**self.latency("lidd.yaml", "yolov8n.yaml"), "runtime": "onnx"}
        found = latencies(block, [{**entry, "batch": 1}, {**entry, "batch": 8}, {**entry, "runtime": "pytorch"}])
        assert list(found) == ["PyTorch, 1 thread", "ONNX Runtime, 1 thread"]


class TestSpreadOf:
    def test_spread_of__three_by_hand(self):
        # mean 2, standard deviation 1; t(0.975, 2) = 4.3027 in printed tables; 4.3027 / sqrt(3) = 2.4841
        spread = spread_of([1.0, 2.0, 3.0])
        assert spread.mean == 2.0
        assert spread.half == pytest.approx(2.4841, abs=1e-4)

    def test_spread_of__two_by_hand(self):
        # standard deviation 0.1 * sqrt(2) / 2 * ... = 0.0707; t(0.975, 1) = 12.7062; over sqrt(2): 0.6353
        assert spread_of([0.5, 0.6]).half == pytest.approx(12.7062 * 0.05, abs=1e-4)

    def test_spread_of__equal_values(self):
        assert spread_of([0.7, 0.7, 0.7]).half == 0

    def test_spread_of__one_value_has_no_interval(self, monkeypatch):
        monkeypatch.setattr(figures, "load_extra", None)  # SciPy is not needed for it
        spread = spread_of([0.7])
        assert (spread.mean, spread.half) == (0.7, None)

    def test_spread_of__nothing(self):
        with pytest.raises(ValueError, match="no value"):
            spread_of([])


TABLE = PrintedTable(
    "Paper", "", (PrintedRow("LIDD-Net", {}, "lidd.yaml"), PrintedRow("YOLOv8n", {}, "yolov8n.yaml")), ()
)


class TestArrange:
    def arranged(self, *entries):
        (block,) = group_entries(entries)
        return [c.label for c in arrange(TABLE, block).contenders]

    def test_arrange__papers_order_then_the_most_accurate(self):
        labels = self.arranged(
            made_up_entry("a", model="low.yaml", map50=0.2),
            made_up_entry("b", model="high.yaml", map50=0.9),
            made_up_entry("c", model="yolov8n.yaml", map50=0.4),
            made_up_entry("d", model="lidd.yaml", map50=0.1),
        )
        assert labels == ["LIDD-Net", "YOLOv8n", "high", "low"]

    def test_arrange__no_name_for_two(self):
        assert self.arranged(made_up_entry("a", map50=0.2), made_up_entry("b", map50=0.4)) == ["lidd (b)", "lidd (a)"]

    def test_arrange__keeps_a_plans_label(self):
        assert self.arranged(made_up_entry("a", label="Ours", recipe="lidd")) == ["Ours, lidd recipe"]


class TestRowOf:
    def test_row_of__by_label_where_one_model_has_two_rows(self):
        rows = tuple(PrintedRow(label, {}, "lidd.yaml") for label in ("first", "second"))
        table = PrintedTable("Paper", "", rows, ())
        (block,) = group_entries([made_up_entry("a", label="second"), made_up_entry("b", label="other")])
        assert [row_of(table, c) for c in block.contenders] == [rows[1], rows[0]]

    def test_row_of__none(self):
        (block,) = group_entries([made_up_entry("a", model="other.yaml")])
        assert row_of(TABLE, block.contenders[0]) is None


class TestWithInterval:
    @pytest.mark.parametrize(
        ("spread", "text"),
        [
            (Spread(0.5, 0.0123), "0.500 ± 0.012"),
            (Spread(0.5, None), "0.500"),
            (Spread(0.5, 0.0), "0.500 ± 0.000"),
            (None, ""),
        ],
    )
    def test_with_interval(self, spread, text):
        assert with_interval(spread) == text


class TestSigned:
    @pytest.mark.parametrize(
        ("value", "text"), [(0.0123, "+0.012"), (-0.5, "−0.500"), (-0.0001, "0.000"), (0, "0.000")]
    )
    def test_signed(self, value, text):
        assert signed(value) == text
