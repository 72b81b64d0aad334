"""Wording of a problem on the screen and in JSON."""

import json
from pathlib import Path

from lidd_yolo.data.labels.annotation import Place
from lidd_yolo.data.labels.problems import Kind, Problem


class TestKind:
    def test_texts__there_and_without_full_stop(self):
        assert all(kind.heading and kind.fix and not kind.fix.endswith(".") for kind in Kind)

    def test_word__equal_and_in_json(self):
        assert {Kind.NO_SIZE: 1} == {"no-size": 1}
        assert json.dumps(Kind.NO_SIZE) == '"no-size"'


class TestProblem:
    def test_str__with_place(self):
        problem = Problem(Path("a") / "b.xml", Kind.LABEL_UNREADABLE, "damaged", "left out", Place("line", 3))
        assert str(problem) == f"{Path('a') / 'b.xml'}, line 3: damaged; left out"

    def test_str__whole_file(self):
        problem = Problem(Path("b.xml"), Kind.LABEL_UNREADABLE, "damaged", "left out")
        assert str(problem) == "b.xml: damaged; left out"

    def test_as_finding__fix_of_the_kind(self):
        problem = Problem(Path("a.txt"), Kind.DUPLICATE, "the same as line 1", place=Place("line", 2))
        assert problem.as_finding() == "a.txt, line 2: the same as line 1; delete one; --fix does"

    def test_as_dict__file_without_folder(self):
        place = Place("object", 2)
        problem = Problem(Path("a") / "b.xml", Kind.OVER_EDGE, "over the edge", "clipped", place, repaired=True)
        assert problem.as_dict() == {
            "file": "b.xml",
            "where": "object 2",
            "reason": "over the edge",
            "remedy": "clipped",
            "repaired": True,
        }
