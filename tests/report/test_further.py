"""Figures beside the main table."""

from lidd_yolo.report.blocks import group_entries
from lidd_yolo.report.table import further_lines
from tests.helpers.made_up_ledger import made_up_entry


def cells(*entries):
    table = further_lines(group_entries(entries)[0])
    return [dict(zip(table.columns, (cell.text for cell in line.cells), strict=True)) for line in table.lines]


class TestFurtherLines:
    def test_further_lines__everything(self):
        (found,) = cells(made_up_entry("a-s0", map50=0.6))
        assert found == {
            "val mAP50": "0.600",
            "val mAP50-95": "0.300",
            "test precision": "0.700",
            "test recall": "0.600",
            "test mAP50 by faster-coco-eval": "0.601 (+0.001)",
            "test mAP50-95 by faster-coco-eval": "0.300 (0.000)",
            "parameters in M, training": "1.2",
            "training in h": "0.50",
            "checkpoint in MB": "1.59",
            "entries": "a-s0",
        }

    def test_further_lines__old_entry(self):
        old = made_up_entry("a", counts={})
        del old["results"]["test"]["coco"]
        (found,) = cells(old)
        assert list(found) == [
            "val mAP50",
            "val mAP50-95",
            "test precision",
            "test recall",
            "training in h",
            "checkpoint in MB",
            "entries",
        ]

    def test_further_lines__seeds(self):
        one, other = made_up_entry("a-s0", seed=0), made_up_entry("a-s1", seed=1, seconds=5400.0)
        (found,) = cells(one, other)
        assert found["training in h"] == "0.50 to 1.50"
        assert found["entries"] == "a-s0, a-s1"

    def test_further_lines__validation_is_the_main_table(self):
        made = made_up_entry("a")
        del made["results"]["test"]
        (found,) = cells(made)
        assert "val mAP50" not in found
        assert found["val precision"] == "0.700"
