"""The order and names that printed rows give the networks."""

from lidd_yolo.report.blocks import group_entries
from lidd_yolo.report.figures import arrange, row_of
from lidd_yolo.results.plan_file import PrintedRow, PrintedTable
from tests.helpers.made_up_ledger import made_up_entry

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
