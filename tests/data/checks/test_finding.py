"""Wording of a finding."""

from pathlib import Path

from lidd_yolo.data.checks.label import Finding
from lidd_yolo.data.labels.problems import Problem


class TestFinding:
    def test_str__place_reason_and_fix(self):
        finding = Finding("duplicate", Path("a.txt"), "line 2", "the same as line 1")
        assert str(finding) == "a.txt, line 2: the same as line 1; delete one; --fix does"

    def test_of_reader__kind_from_its_words(self):
        problem = Problem(Path("a.txt"), "line 3", "class 9 is none of 0 to 1", "line left out")
        assert Finding.of_reader(problem) == Finding("class-range", Path("a.txt"), "line 3", problem.reason)

    def test_as_dict(self):
        found = Finding("speck", Path("a") / "b.txt", "", "tiny").as_dict()
        assert found == {
            "kind": "speck",
            "file": str(Path("a") / "b.txt"),
            "where": "",
            "reason": "tiny",
            "fix": "delete it if it is a slip of the pen",
        }
