"""Classes that are not in a list."""

from pathlib import Path

from lidd_yolo.data.checks.folder import with_known_classes
from lidd_yolo.data.checks.label import LabelFacts
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject


def _check(file, _picture):
    objects = (DefectObject("a", Box(0, 0, 5, 5)), DefectObject("b", Box(1, 1, 6, 6)))
    return LabelFacts(file, Annotation("p", 9, 9, objects), ("object 1", "object 2"))


class TestWithKnownClasses:
    def test_unknown_class__said(self):
        facts = with_known_classes(_check, ("a", "c"))(Path("f"), None)
        assert [(f.kind, f.where, f.reason) for f in facts.findings] == [
            ("class-name", "object 2", "class 'b' is none of a, c")
        ]

    def test_no_names__same_check(self):
        assert with_known_classes(_check, ()) is _check
