"""Places of the objects that a reader kept."""

from pathlib import Path

from lidd_yolo.data.checks.label import label_facts
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.problems import Problem

FILE = Path("f")


class TestLabelFacts:
    def test_places__of_what_was_left_out_are_skipped(self):
        annotation = Annotation("a", 9, 9, (DefectObject("a", Box(0, 0, 5, 5)), DefectObject("b", Box(1, 1, 6, 6))))
        problems = [
            Problem(FILE, "line 1", "class 9 is none of 0 to 1", "left out"),
            Problem(FILE, "line 2", "the box reaches over the edge", "clipped", repaired=True),
        ]
        facts = label_facts(FILE, annotation, problems, ["line 1", "line 2", "line 3"])
        assert facts.places == ("line 2", "line 3")
        assert [f.kind for f in facts.findings] == ["class-range", "over-edge"]

    def test_unusable_file__no_places(self):
        problem = Problem(FILE, "", "it cannot be read", "left out")
        facts = label_facts(FILE, None, [problem], ["line 1"])
        assert facts.annotation is None
        assert (facts.places, [f.kind for f in facts.findings]) == ((), ["label-unreadable"])
