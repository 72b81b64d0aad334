"""Markdown from made-up entries and from the repository's own."""

from pathlib import Path

import pytest

from lidd_yolo.report.markdown import differences_markdown, markdown_table, report_markdown, splits_markdown
from lidd_yolo.results.ledger import read_ledger
from lidd_yolo.results.plan_file import read_printed
from tests.helpers.made_up_ledger import made_up_entry, write_entry
from tests.helpers.two_splits import write_two_splits

ROOT = Path(__file__).parents[2]
PLAN = """
name: table
data: d.yaml
imgsz: 192
epochs: 2
seeds: [0]
source: Paper, table 3
note: Units | mixed.
models: [{model: lidd.yaml, label: LIDD*Net, printed: {map50: 0.983}, note: a <b>note</b>}]
quoted: [{label: NanoDet, printed: {map: 0.5}}]
"""


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN)
    return read_printed(tmp_path / "plan.yaml")


class TestMarkdownTable:
    def test_markdown_table(self):
        assert markdown_table(["a", "b"], [["1", "2"], ("3", "")]) == "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 |  |"
        assert markdown_table(iter("a"), []) == "| a |\n|---|"


class TestReportMarkdown:
    def test_report_markdown__table(self, plan):
        lines = report_markdown([made_up_entry("a-s0")], plan).splitlines()
        assert lines[0] == "### steel, grouped split 51515151, 192 px, 5 epochs"
        assert lines[2].startswith("| network | seeds | test mAP50 | test mAP50-95 | parameters in M, folded |")
        assert lines[4].startswith("| LIDD\\*Net (1) | 1 | 0.600 (printed 0.983, −0.383) | 0.300 | 0.6263 |")
        assert lines[5].startswith("| *NanoDet* | - | - | *0.500* |")
        assert "1. a &lt;b&gt;note&lt;/b&gt;" in lines
        assert "*Paper, table 3: Units \\| mixed.*" in lines

    def test_report_markdown__every_line_of_a_table_has_its_cells(self, plan, tmp_path):
        entries = [
            write_entry(tmp_path, made_up_entry(f"a{n}", model=f"{n}-seg.yaml", label=f"a|{n}"), quality=0.5)
            for n in "xy"
        ]
        tables = [[]]
        for line in report_markdown(entries, plan, ledger=tmp_path).splitlines():
            tables[-1].append(line.replace("\\|", "").count("|")) if line.startswith("|") else tables.append([])
        counts = [set(table) for table in tables if table]
        assert len(counts) == 2
        assert all(len(count) == 1 for count in counts)

    def test_report_markdown__pairs(self, tmp_path):
        entries = [
            write_entry(tmp_path, made_up_entry(f"{name}-s0", model=f"{name}.yaml"), quality=quality)
            for name, quality in (("good", 0.9), ("bad", 0.3))
        ]
        text = report_markdown(entries, ledger=tmp_path)
        assert "| good − bad |" in text
        assert "good is higher" in text
        assert "over pictures, not over trainings" in text

    def test_report_markdown__without_a_ledger_nothing_is_compared(self):
        text = report_markdown([made_up_entry("a-s0"), made_up_entry("b-s0", model="other.yaml")])
        assert "−" not in text
        assert "compared" not in text

    def test_report_markdown__blocks_apart(self):
        other = made_up_entry("b-s0")
        other["data"] = {**other["data"], "split_sha256": "ee" * 32}
        text = report_markdown([made_up_entry("a-s0"), other])
        assert text.count("### ") == 2
        assert text.count("figures of two splits cannot be compared") == 2

    def test_report_markdown__no_training(self):
        assert report_markdown([{"name": "latency-640", "results": {}}]) == "No training run in the ledger.\n"

    def test_report_markdown__entries_of_the_repository(self):
        entries = read_ledger(ROOT / "benchmarks" / "results", "neu-det-*-60-s0")
        text = report_markdown(entries, read_printed("lidd-table3"), ledger=ROOT / "benchmarks" / "results")
        assert "| LIDD-Net | 1 | 0.601 (printed 0.983, −0.382) |" in text
        assert "Not compared, as nothing is kept of what was found: LIDD-Net, YOLOv8n." in text


class TestDifferencesMarkdown:
    def test_differences__a_table_for_each_block_of_several(self, tmp_path):
        entries = [
            write_entry(tmp_path, made_up_entry(f"{name}-s0", model=f"{name}.yaml"), quality=quality)
            for name, quality in (("good", 0.9), ("bad", 0.3))
        ]
        alone = made_up_entry("alone-s0")
        alone["data"] = {**alone["data"], "split_sha256": "ee" * 32}
        told = differences_markdown([*entries, alone], tmp_path)
        assert told.startswith("steel, grouped split 51515151, 192 px, 5 epochs.\n\nDifference on the test pictures")
        assert "| good − bad |" in told
        assert "good is higher" in told
        assert told.count("95 % interval") == 1

    def test_differences__one_network(self, tmp_path):
        assert differences_markdown([made_up_entry("a-s0")], tmp_path) == "*One network alone.*\n"


class TestSplitsMarkdown:
    def test_splits__one_network_on_two(self, tmp_path):
        entries = write_two_splits(tmp_path)
        told = splits_markdown(entries, tmp_path)
        trained = "random (leak 80.0 %, 100 pictures, 5 epochs) − grouped (leak 0.0 %, 100 pictures, 5 epochs)"
        assert f"| lidd | {trained} | 20 in 15 groups | 0." in told
        assert told.count("random is higher |") == 2
        text = report_markdown(entries, ledger=tmp_path)
        assert text.endswith(f"### The same pictures after trainings on other splits\n\n{told}")

    def test_splits__one_alone(self, tmp_path):
        assert splits_markdown([made_up_entry("a-s0")], tmp_path) == "*One split alone.*\n"

    def test_splits__problem(self, tmp_path):
        entries = write_two_splits(tmp_path)
        (tmp_path / "random-lidd-s0.val.npz").unlink()
        told = splits_markdown(entries, tmp_path)
        assert told.startswith("- lidd on random and grouped is not compared: ")
