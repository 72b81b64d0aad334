"""Pairs checked by several threads, in order."""

from pathlib import Path

from lidd_yolo.data.checks.label import Finding, LabelFacts
from lidd_yolo.data.checks.pairs import Marked, Pair, check_pair, check_pairs
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from tests.helpers.pictures import encoded, noise


def _label(file, picture):
    size = picture.size if picture is not None else (1, 1)
    annotation = Annotation(file.stem, *size, (DefectObject("a", Box(0, 0, 4, 3), difficult=True),))
    return LabelFacts(file, annotation, ("line 1",), (Finding("speck", file, "line 1", "small"),))


class TestCheckPair:
    def test_both(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(encoded(noise()))
        facts = check_pair(Pair("train", tmp_path / "a.jpg", Path("a.txt")), _label, 10**6)
        assert facts.objects == (Marked("line 1", "a", 4, 3, True),)
        assert (facts.size, facts.usable, [f.kind for f in facts.findings]) == ((40, 30), True, ["speck"])

    def test_label_alone(self):
        facts = check_pair(Pair("", None, Path("a.txt")), _label, 10**6)
        assert (facts.size, facts.usable, facts.digest, len(facts.objects)) == (None, False, b"", 1)

    def test_picture_alone(self, tmp_path):
        facts = check_pair(Pair("train", tmp_path / "none.jpg", None), _label, 10**6)
        assert ([f.kind for f in facts.findings], facts.usable) == (["picture-missing"], False)


class TestCheckPairs:
    def test_many__in_order(self):
        pairs = [Pair("", None, Path(f"{k}.txt")) for k in range(200)]
        facts = list(check_pairs(pairs, _label, max_pixels=9, workers=4))
        assert [one.pair for one in facts] == pairs

    def test_none(self):
        assert list(check_pairs([], _label, max_pixels=9, workers=2)) == []
