"""Printed figures from a plan, and the order and names that they give the networks."""

import pytest

from lidd_yolo.paths import cfg_dir
from lidd_yolo.report.grouping import group_entries
from lidd_yolo.report.printed import NOTHING_PRINTED, PrintedRow, PrintedTable, read_printed
from tests.helpers.made_up_ledger import made_up_entry

PLAN = """
name: table
source: Some paper, table 3
note: Units are mixed.
data: steel.yaml
models:
  - {model: lidd.yaml, label: LIDD-Net, printed: {map50: 0.9830, parameters: 628700, macs: 110.4e6}, note: odd}
  - {model: yolov8n.yaml, label: YOLOv8n}
quoted:
  - {label: NanoDet, printed: {map: 0.5}, note: not trained}
"""


@pytest.fixture
def plan(tmp_path):
    def write(text):
        (tmp_path / "plan.yaml").write_text(text)
        return tmp_path / "plan.yaml"

    return write


class TestReadPrinted:
    def test_read_printed__everything(self, plan):
        table = read_printed(plan(PLAN))
        assert (table.source, table.note) == ("Some paper, table 3", "Units are mixed.")
        figures = {"map50": 0.983, "parameters": 628700.0, "macs": 110.4e6}
        assert table.models == (
            PrintedRow("LIDD-Net", figures, "lidd.yaml", "odd"),
            PrintedRow("YOLOv8n", {}, "yolov8n.yaml"),
        )
        assert table.quoted == (PrintedRow("NanoDet", {"map": 0.5}, "", "not trained"),)

    def test_read_printed__no_plan(self):
        assert read_printed(None) is NOTHING_PRINTED

    @pytest.mark.parametrize("file", sorted((cfg_dir() / "plans").glob("*.yaml")), ids=lambda file: file.stem)
    def test_read_printed__packaged(self, file):
        table = read_printed(file.stem)
        assert table.models
        assert table.source

    def test_read_printed__no_such_plan(self):
        with pytest.raises(FileNotFoundError, match="no plan lidd-table77"):
            read_printed("lidd-table77")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("[1, 2]", "a plan has a list `models`"),
            ("models: 3", "a plan has a list `models`"),
            ("models: [a.yaml", "is not a plan"),
            ("models: [{printed: {map: 1}}]", "every row of `models`"),
            ("models: [{model: a.yaml, printed: [1]}]", "`printed` of a is not"),
            ("models: [{model: a.yaml, printed: {accuracy: 1}}]", "a has unknown figures accuracy"),
            ("models: [{model: a.yaml, printed: {map: high}}]", "a printed figure of a is not a number"),
        ],
    )
    def test_read_printed__not_a_plan(self, plan, text, told):
        with pytest.raises(ValueError, match=told) as error:
            read_printed(plan(text))
        assert "plan.yaml" in str(error.value)

    def test_read_printed__bare_model(self, plan):
        assert read_printed(plan("models: [a.yaml]")).models == (PrintedRow("a", {}, "a.yaml"),)


TABLE = PrintedTable(
    "Paper", "", (PrintedRow("LIDD-Net", {}, "lidd.yaml"), PrintedRow("YOLOv8n", {}, "yolov8n.yaml")), ()
)


class TestArrange:
    def arranged(self, *entries):
        (block,) = group_entries(entries)
        return [c.label for c in TABLE.arrange(block).contenders]

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
        assert [table.row_of(c) for c in block.contenders] == [rows[1], rows[0]]

    def test_row_of__none(self):
        (block,) = group_entries([made_up_entry("a", model="other.yaml")])
        assert TABLE.row_of(block.contenders[0]) is None
