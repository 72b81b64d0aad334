"""docs/papers.md: every line resolves, and nothing of the papers is missing. The tests of docs/robustness.md exist."""

import importlib
import re
from pathlib import Path

import pytest

from lidd_yolo.models.registry import HEADS, ROWS

ROOT = Path(__file__).parents[1]
LINES = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "papers.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and "`lidd_yolo/" in line
]


class TestPapers:
    @pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line[3]}-{line[1]}")
    def test_line__resolves(self, line):
        _, _, file, name, row, test = line
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        assert hasattr(module, name)
        assert (ROOT / test).is_file()
        if row.startswith("cfg/"):
            assert (ROOT / row).is_file()
        elif re.fullmatch(r"\w{3,}", row):
            assert row in ROWS or row in HEADS

    def test_lines__every_idea_has_one(self):
        listed = {line[2] for line in LINES}
        files = {
            f"lidd_yolo/{folder}/{file.name}"
            for folder in ("layers", "losses", "assigners")
            for file in (ROOT / "lidd_yolo" / folder).glob("*.py")
            if file.name != "__init__.py"
        }
        assert files - listed == set()

    def test_lines__every_row_name_has_one(self):
        assert (ROWS.keys() | HEADS.keys()) - {line[4] for line in LINES} == set()

    def test_lines__every_model_yaml_has_one(self):
        yamls = {str(f.relative_to(ROOT)) for f in (ROOT / "cfg" / "models").rglob("*.yaml")}
        assert yamls - {line[4] for line in LINES} == set()


class TestRobustness:
    @pytest.mark.parametrize(
        "named",
        sorted(set(re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")))),
    )
    def test_named__is_there(self, named):
        """A promise is worth its test."""
        file, _, part = named.partition("::")
        assert (ROOT / file).exists()
        assert not part or f"class {part}:" in (ROOT / file).read_text(encoding="utf-8")
