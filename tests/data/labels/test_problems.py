"""Wording of a problem on the screen and in JSON."""

from pathlib import Path

from lidd_yolo.data.labels.problems import Problem


class TestProblem:
    def test_str__with_place(self):
        problem = Problem(Path("a") / "b.xml", "line 3", "damaged", "left out")
        assert str(problem) == f"{Path('a') / 'b.xml'}, line 3: damaged; left out"

    def test_str__whole_file(self):
        assert str(Problem(Path("b.xml"), "", "damaged", "left out")) == "b.xml: damaged; left out"

    def test_as_dict__file_without_folder(self):
        problem = Problem(Path("a") / "b.xml", "object 2", "over the edge", "clipped", repaired=True)
        assert problem.as_dict() == {
            "file": "b.xml",
            "where": "object 2",
            "reason": "over the edge",
            "remedy": "clipped",
            "repaired": True,
        }
