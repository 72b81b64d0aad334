"""Objects of one picture among themselves."""

from pathlib import Path

from lidd_yolo.data.checks import crossing
from lidd_yolo.data.checks.label import check_objects
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject

BOX = Box(1, 1, 9, 9)
BOW = ((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0))


def _found(*objects):
    places = [f"line {k}" for k in range(1, len(objects) + 1)]
    return list(check_objects(Annotation("a", 100, 100, objects), places, Path("f")))


class TestCheckObjects:
    def test_good__nothing(self):
        assert _found(DefectObject("a", BOX), DefectObject("a", Box(1, 1, 9, 9.5))) == []

    def test_duplicate__names_the_first(self):
        found = _found(DefectObject("a", BOX), DefectObject("a", Box(2, 2, 9, 9)), DefectObject("a", BOX))
        assert [(f.kind, f.where) for f in found] == [("duplicate", "line 3")]
        assert "line 1" in found[0].reason

    def test_three_times__two_findings(self):
        assert [f.where for f in _found(*[DefectObject("a", BOX)] * 3)] == ["line 2", "line 3"]

    def test_two_classes(self):
        [found] = _found(DefectObject("a", BOX), DefectObject("b", BOX))
        assert (found.kind, found.where) == ("two-classes", "line 2")
        assert found.reason == "'b', but line 1 calls the same shape 'a'"

    def test_speck__up_to_four_square_pixels(self):
        found = _found(DefectObject("a", Box(0, 0, 2, 2)), DefectObject("a", Box(0, 0, 2, 2.1)))
        assert [(f.kind, f.where, f.reason) for f in found] == [("speck", "line 1", "it is 2x2 pixels")]

    def test_self_crossing(self):
        [found] = _found(DefectObject("a", Box(0, 0, 10, 10), (BOW,)))
        assert found.kind == "self-crossing"

    def test_long_outline__said(self, monkeypatch):
        monkeypatch.setattr(crossing, "MAX_PAIRS", 2)
        [found] = _found(DefectObject("a", Box(0, 0, 10, 10), (BOW,)))
        assert (found.kind, found.reason) == ("long-outline", "the outline has 4 corners")
