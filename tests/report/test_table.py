"""The table of a block, cell by cell."""

from dataclasses import replace

import pytest

from lidd_yolo.report.blocks import group_entries
from lidd_yolo.report.figures import Spread
from lidd_yolo.report.table import Cell, result_lines, signed, with_interval
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


class TestResultLines:
    def test_result_lines__measured(self):
        table = result_lines(block(made_up_entry("a", map50=0.6)), NOTHING_PRINTED)
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

    def test_result_lines__beside_the_printed_figures(self):
        line, *_ = result_lines(block(made_up_entry("a", map50=0.6)), PRINTED).lines
        assert line.cells[0] == Cell("0.600", "0.983", "−0.383")
        assert line.cells[1] == Cell("0.300")
        assert line.cells[2] == Cell("0.6263", "0.6263", "0.0 %")
        assert line.cells[3] == Cell("0.1070", "0.1104", "−3.1 %")  # 107 / 110.4 - 1

    def test_result_lines__quoted_rows_and_notes(self):
        table = result_lines(block(made_up_entry("a")), PRINTED)
        assert table.notes == ("a note", "another")
        assert [(line.label, line.quoted, line.mark) for line in table.lines] == [
            ("lidd", False, "1"),
            ("NanoDet", True, "2"),
            ("FoveaBox", True, "1"),
        ]
        assert [cell.text for cell in table.lines[1].cells] == ["", "0.500", "", "", "6.359"]

    def test_result_lines__operations_at_another_size(self):
        """Counts of operations at 640 px are shown as such and not compared; parameters are the same at any size."""
        measured = block(made_up_entry("a"))
        assert measured.imgsz == 192
        ours, quoted, _ = result_lines(measured, replace(PRINTED, imgsz=640)).lines
        assert ours.cells[2].difference == "0.0 %"
        assert ours.cells[3] == Cell("0.1070", "0.1104 at 640 px")
        assert quoted.cells[4] == Cell("6.359 at 640 px")
        assert result_lines(measured, replace(PRINTED, imgsz=192)) == result_lines(measured, PRINTED)

    def test_result_lines__masks(self):
        table = result_lines(block(made_up_entry("a", model="w-seg.yaml"), made_up_entry("b")), NOTHING_PRINTED)
        assert table.columns[2:4] == ("test mask mAP50", "test mask mAP50-95")
        assert [line.cells[2].text for line in table.lines] == ["0.550", ""]

    def test_result_lines__measured_figure_missing(self):
        bare = made_up_entry("a", counts={}, size={})
        table = result_lines(block(bare, made_up_entry("b", model="other.yaml")), PRINTED)
        assert table.lines[0].cells[3] == Cell("", "0.1104")


class TestWithInterval:
    @pytest.mark.parametrize(
        ("spread", "text"),
        [
            (Spread(0.5, 0.0123, 3), "0.500 ± 0.012"),
            (Spread(0.5, None, 1), "0.500"),
            (Spread(0.5, 0.0, 2), "0.500 ± 0.000"),
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
