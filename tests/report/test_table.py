"""The tables of a block, cell by cell."""

from dataclasses import replace

from lidd_yolo.report.blocks import group_entries
from lidd_yolo.report.table import Cell, main_table, second_table
from lidd_yolo.results.plan_file import NOTHING_PRINTED, PrintedRow, PrintedTable
from tests.helpers.made_up_ledger import made_up_entry

PRINTED = PrintedTable(
    "Paper",
    "",
    (PrintedRow("LIDD-Net", {"map50": 0.983, "macs": 110.4e6, "parameters": 626_256}, "lidd.yaml", "a note"),),
    (PrintedRow("NanoDet", {"map": 0.5, "gflops": 6.3593}, "", "another"), PrintedRow("FoveaBox", {}, "", "a note")),
)


def block(*entries):
    return group_entries(entries)[0]


class TestMainTable:
    def test_main_table__measured(self):
        table = main_table(block(made_up_entry("a", map50=0.6)), NOTHING_PRINTED)
        assert table.columns == (
            "test mAP50",
            "test mAP50-95",
            "parameters in M, folded",
            "MACs in G",
            "FLOPs in G = 2 MACs",
        )
        (line,) = table.lines
        assert (line.label, line.seeds, line.quoted, line.mark) == ("lidd", "1", False, "")
        assert [cell.text for cell in line.cells] == ["0.600", "0.300", "0.6263", "0.1070", "0.2140"]
        assert {(cell.printed, cell.difference) for cell in line.cells} == {("", "")}

    def test_main_table__beside_the_printed_figures(self):
        line, *_ = main_table(block(made_up_entry("a", map50=0.6)), PRINTED).lines
        assert line.cells[0] == Cell("0.600", "0.983", "−0.383")
        assert line.cells[1] == Cell("0.300")
        assert line.cells[2] == Cell("0.6263", "0.6263", "0.0 %")
        assert line.cells[3] == Cell("0.1070", "0.1104", "−3.1 %")  # 107 / 110.4 - 1

    def test_main_table__quoted_rows_and_notes(self):
        table = main_table(block(made_up_entry("a")), PRINTED)
        assert table.notes == ("a note", "another")
        assert [(line.label, line.quoted, line.mark) for line in table.lines] == [
            ("lidd", False, "1"),
            ("NanoDet", True, "2"),
            ("FoveaBox", True, "1"),
        ]
        assert [cell.text for cell in table.lines[1].cells] == ["", "0.500", "", "", "6.359"]

    def test_main_table__operations_at_another_size(self):
        """Counts of operations at 640 px are shown as such and not compared; parameters are the same at any size."""
        measured = block(made_up_entry("a"))
        assert measured.imgsz == 192
        ours, quoted, _ = main_table(measured, replace(PRINTED, imgsz=640)).lines
        assert ours.cells[2].difference == "0.0 %"
        assert ours.cells[3] == Cell("0.1070", "0.1104 at 640 px")
        assert quoted.cells[4] == Cell("6.359 at 640 px")
        assert main_table(measured, replace(PRINTED, imgsz=192)) == main_table(measured, PRINTED)

    def test_main_table__masks(self):
        table = main_table(block(made_up_entry("a", model="w-seg.yaml"), made_up_entry("b")), NOTHING_PRINTED)
        assert table.columns[2:4] == ("test mask mAP50", "test mask mAP50-95")
        assert [line.cells[2].text for line in table.lines] == ["0.550", ""]

    def test_main_table__measured_figure_missing(self):
        bare = made_up_entry("a", counts={}, size={})
        table = main_table(block(bare, made_up_entry("b", model="other.yaml")), PRINTED)
        assert table.lines[0].cells[3] == Cell("", "0.1104")


def cells(*entries):
    table = second_table(group_entries(entries)[0])
    return [dict(zip(table.columns, (cell.text for cell in line.cells), strict=True)) for line in table.lines]


class TestSecondTable:
    def test_second_table__everything(self):
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

    def test_second_table__old_entry(self):
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

    def test_second_table__seeds(self):
        one, other = made_up_entry("a-s0", seed=0), made_up_entry("a-s1", seed=1, seconds=5400.0)
        (found,) = cells(one, other)
        assert found["training in h"] == "0.50 to 1.50"
        assert found["entries"] == "a-s0, a-s1"

    def test_second_table__validation_is_the_main_table(self):
        made = made_up_entry("a")
        del made["results"]["test"]
        (found,) = cells(made)
        assert "val mAP50" not in found
        assert found["val precision"] == "0.700"
