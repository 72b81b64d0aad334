"""Tables come from the ledger, and the pages in the repository are up to date."""

import json
from pathlib import Path

import pytest

from lidd_yolo.report.readme_tables import fill, write_tables
from tests.helpers.made_up_ledger import made_up_entry, write_entry
from tests.helpers.two_splits import write_two_splits
from tests.report.test_ledger_tables import ENTRY

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ledger(tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "neu-det-a.json").write_text(json.dumps(ENTRY))
    return tmp_path / "ledger"


class TestFill:
    def test_fill__replaces_only_between_markers(self, ledger):
        page = "before\n<!-- table: neu-det-* -->\nold\n<!-- end of table -->\nafter\n"
        filled = fill(page, ledger)
        assert filled.startswith("before\n")
        assert filled.endswith("<!-- end of table -->\nafter\n")
        assert "a-run" in filled
        assert "old" not in filled
        assert fill(filled, ledger) == filled

    def test_fill__other_pattern_other_entries(self, ledger):
        filled = fill("<!-- table: wlnet-* -->\n<!-- end of table -->\n", ledger)
        assert filled == "<!-- table: wlnet-* -->\n*Not measured yet.*\n<!-- end of table -->\n"

    def test_fill__a_class_of_characters(self, ledger):
        assert "a-run" in fill("<!-- table: neu-det-[a-c] -->\n<!-- end of table -->\n", ledger)
        assert "a-run" not in fill("<!-- table: neu-det-[0-9] -->\n<!-- end of table -->\n", ledger)

    def test_fill__several_patterns_in_their_order(self, ledger):
        (ledger / "neu-det-b.json").write_text(json.dumps({**ENTRY, "name": "b-run"}))
        filled = fill("<!-- table: neu-det-b neu-det-* -->\n<!-- end of table -->\n", ledger)
        assert filled.count("b-run") == filled.count("a-run") == 1
        assert filled.index("b-run") < filled.index("a-run")

    def test_fill__by_its_marker(self, tmp_path):
        entry = {"name": "leak-x", "dataset": "x", "images": 1, "groups": 1, "largest": 1, "draws": 1, "results": {}}
        (tmp_path / "leak-x.json").write_text(json.dumps({**entry, "group_sha256": "00"}))
        filled = fill("<!-- leaks: leak-* -->\n<!-- end of leaks -->\n", tmp_path)
        assert "x: groups 00" in filled

    def test_fill__differences(self, tmp_path):
        for name, quality in (("lidd", 0.9), ("yolov8n", 0.3)):
            write_entry(tmp_path, made_up_entry(f"steel-{name}-s0", model=f"{name}.yaml"), quality=quality)
        filled = fill("<!-- differences: steel-* -->\n<!-- end of differences -->\n", tmp_path)
        assert "| lidd − yolov8n | +" in filled
        assert fill(filled, tmp_path) == filled

    def test_fill__splits(self, tmp_path):
        write_two_splits(tmp_path)
        filled = fill("<!-- splits: random-* grouped-* -->\n<!-- end of splits -->\n", tmp_path)
        assert "| lidd | random (" in filled
        assert fill(filled, tmp_path) == filled


class TestWriteTables:
    def test_write_tables__names_changed_pages(self, ledger, tmp_path):
        page = tmp_path / "page.md"
        page.write_text("<!-- table: * -->\n<!-- end of table -->\n")
        assert write_tables([page], ledger) == [page]
        assert write_tables([page], ledger) == []


class TestRepositoryPages:
    @pytest.mark.parametrize(
        "page", ["README.md", "docs/results.md", "docs/data.md", "docs/export.md", "docs/speed.md"]
    )
    def test_pages__say_what_the_ledger_says(self, page):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert fill(text, ROOT / "benchmarks" / "results") == text, "run: make tables"
