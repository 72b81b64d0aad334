"""What a Pascal VOC file says about its picture."""

import pytest

from lidd_yolo.data.checks.folder import check_voc_labels, leads_out
from lidd_yolo.data.checks.picture import check_picture
from tests.helpers.pictures import encoded, noise
from tests.helpers.plates import voc, voc_object

BOX = voc_object("a", (1, 1, 20, 20))


def _check(tmp_path, text, picture=True):
    (tmp_path / "p.jpg").write_bytes(encoded(noise()))
    file = tmp_path / "p.xml"
    file.write_text(text)
    facts = check_voc_labels(file, check_picture(tmp_path / "p.jpg") if picture else None)
    return [(finding.kind, finding.where) for finding in facts.findings], facts


def _voc(objects=BOX, filename="p.jpg", size=(40, 30)):
    return voc(objects, size, filename).replace("<depth>1<", "<depth>3<")


class TestCheckVocLabels:
    def test_good__nothing(self, tmp_path):
        found, facts = _check(tmp_path, _voc())
        assert found == []
        assert facts.places == ("object 1",)

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            (_voc(size=None), [("no-stated-size", "")]),
            (_voc().replace("<width>40<", "<width>x<"), [("no-stated-size", "")]),
            (_voc(size=(41, 30)), [("wrong-size", "")]),
            (_voc().replace("<depth>3<", "<depth>1<"), [("wrong-depth", "<size>")]),
            (_voc(filename="../../p.jpg"), [("path-traversal", "<filename>")]),
            (_voc(filename="C:\\p.jpg"), [("path-traversal", "<filename>")]),
            (_voc(filename="p"), [("wrong-filename", "<filename>")]),
            (_voc(filename=""), []),
            (_voc(BOX + BOX), [("duplicate", "object 2")]),
            (_voc(voc_object("a", (9, 9, 3, 12)) + BOX), [("no-size", "object 1")]),
            ('<!DOCTYPE a [<!ENTITY b "c">]>' + _voc(), [("xml-dtd", "")]),
            (_voc()[:-8], [("label-unreadable", "line 5")]),
        ],
    )
    def test_fault__its_kind_and_place(self, tmp_path, text, found):
        assert _check(tmp_path, text)[0] == found

    def test_bad_object__good_ones_stay(self, tmp_path):
        _, facts = _check(tmp_path, _voc(voc_object("a", (9, 9, 3, 12)) + BOX))
        assert facts.places == ("object 2",)

    def test_no_picture__checked_all_the_same(self, tmp_path):
        found, facts = _check(tmp_path, _voc(BOX + BOX), picture=False)
        assert found == [("duplicate", "object 2")]
        assert len(facts.annotation.objects) == 2


class TestLeadsOut:
    @pytest.mark.parametrize("name", ["../a.jpg", "b\\..\\..\\a.jpg", "/etc/passwd", "\\\\server\\a.jpg", "D:a.jpg"])
    def test_out(self, name):
        assert leads_out(name)

    @pytest.mark.parametrize("name", ["", "a.jpg", "b/a.jpg", "a..b.jpg", "..a.jpg"])
    def test_in(self, name):
        assert not leads_out(name)
