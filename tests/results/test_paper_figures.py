"""Printed figures from a plan."""

import pytest

from lidd_yolo.paths import cfg_dir
from lidd_yolo.results.paper_figures import NOTHING_PRINTED, PrintedRow, read_printed

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
        assert (table.source, table.note, table.imgsz) == ("Some paper, table 3", "Units are mixed.", None)
        figures = {"map50": 0.983, "parameters": 628700.0, "macs": 110.4e6}
        assert table.models == (
            PrintedRow("LIDD-Net", figures, "lidd.yaml", "odd"),
            PrintedRow("YOLOv8n", {}, "yolov8n.yaml"),
        )
        assert table.quoted == (PrintedRow("NanoDet", {"map": 0.5}, "", "not trained"),)

    @pytest.mark.parametrize(("sizes", "size"), [("192", 192), ("[192, 320]", 192)])
    def test_read_printed__operations_are_of_the_first_size(self, plan, sizes, size):
        assert read_printed(plan(f"models: []\nimgsz: {sizes}")).imgsz == size

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
            ("models: [a.yaml]", "every row of `models`"),
            ("models: [{model: a.yaml, printed: {map: 73.26}}]", "map of a has to be a share of 1, not 73.26"),
            ("models: []\nimgsz: large", "imgsz is not a number of pixels: 'large'"),
            ("models: []\nquoted: [{label: a, model: b}]", "a has unknown keys model; known: label, printed, note"),
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
