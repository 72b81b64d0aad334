"""Reading VOC files, good and damaged."""

import pytest

from lidd_yolo.data.formats.voc import read_voc
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from tests.helpers.plates import voc, voc_object


@pytest.fixture
def read(tmp_path):
    def _read(text, image_size=None):
        path = tmp_path / "steel_1.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_voc(path, image_size)

    return _read


class TestReadVoc:
    def test_boxes__1_based_inclusive_to_half_open(self, read):
        hard = voc_object("b", (7, 9, 7, 9), "<difficult>1</difficult>")
        found = read(voc(voc_object("a", (1, 1, 200, 100)) + hard, (200, 100), "steel_1.jpg"))
        first, second = DefectObject("a", Box(0, 0, 200, 100)), DefectObject("b", Box(6, 8, 7, 9), difficult=True)
        assert found == (Annotation("steel_1.jpg", 200, 100, (first, second)), [])

    def test_no_objects__picture_without_defects(self, read):
        assert read(voc("", filename="x.jpg")) == (Annotation("x.jpg", 100, 100), [])

    @pytest.mark.parametrize(("filename", "image"), [("", "steel_1"), ("../../up/x.jpg", "x.jpg"), ("x", "x")])
    def test_filename__missing_or_with_folders(self, read, filename, image):
        assert read(voc("", filename=filename))[0].image == image

    def test_one_bad_object__the_others_stay(self, read):
        objects = [
            voc_object("a", (1, 1, 9, 9)),
            voc_object("", (1, 1, 9, 9)),
            voc_object("a", (1, 1, "x", 9)),
            "<object><name>a</name></object>",
            voc_object("a", (1, "nan", 9, 9)),
            voc_object("a", (9, 1, 3, 9)),
            voc_object("a", (0, 1, 120, 9)),
            voc_object("a", (150, 1, 190, 9)),
            voc_object("b", (2, 2, 3.5, 9)),
        ]
        annotation, problems = read(voc("".join(objects)))
        kept = [
            DefectObject("a", Box(0, 0, 9, 9)),
            DefectObject("a", Box(0, 0, 100, 9)),
            DefectObject("b", Box(1, 1, 3.5, 9)),
        ]
        assert list(annotation.objects) == kept
        assert [(p.where, p.repaired) for p in problems] == [
            *((f"object {k}", False) for k in (2, 3, 4, 5, 6)),
            ("object 7", True),
            ("object 8", False),
        ]
        reasons = ("no <name>", "lacks a number", "lacks a number", "not finite", "-5 pixels wide", "edge", "outside")
        assert all(reason in p.reason for reason, p in zip(reasons, problems, strict=True))

    @pytest.mark.parametrize("more", ["<name>b</name>", "<bndbox><xmin>1</xmin></bndbox>"])
    def test_two_names_or_boxes__object_left_out(self, read, more):
        annotation, [problem] = read(voc(voc_object("a", (1, 1, 9, 9), more) + voc_object("a", (1, 1, 5, 5))))
        assert [item.box for item in annotation.objects] == [Box(0, 0, 5, 5)]
        assert (problem.where, problem.repaired) == ("object 1", False)
        assert problem.reason.startswith("it has more than one <")

    def test_size__picture_counts_more_than_file(self, read):
        annotation, [size, edge] = read(voc(voc_object("a", (1, 1, 100, 100))), (80, 60))
        assert (annotation.width, annotation.height) == (80, 60)
        assert annotation.objects[0].box == Box(0, 0, 80, 60)
        assert size.repaired
        assert "<size> says 100x100" in size.reason
        assert edge.where == "object 1"

    @pytest.mark.parametrize("size", [None, (0, 100), (-5, 100)])
    def test_size__missing_or_senseless(self, read, size):
        text = voc(voc_object("a", (1, 1, 9, 9)), size)
        annotation, [problem] = read(text, (100, 100))
        assert (annotation.width, annotation.height, len(annotation.objects)) == (100, 100, 1)
        assert problem.repaired
        annotation, [problem] = read(text)
        assert annotation is None
        assert "no usable <size>" in problem.reason

    def test_damaged__file_and_line(self, read):
        text = voc(voc_object("a", (1, 1, 9, 9))).replace("</object>", "</objekt>")
        annotation, [problem] = read(text)
        assert annotation is None
        assert (problem.file.name, problem.where) == ("steel_1.xml", "line 4")
        assert "damaged XML (mismatched tag, column " in problem.reason

    @pytest.mark.parametrize("text", ["", b"\xff\xd8\xff\xe0 a picture", "<annotation>\x00</annotation>"])
    def test_damaged__no_xml(self, read, text):
        annotation, [problem] = read(text)
        assert annotation is None
        assert not problem.repaired

    @pytest.mark.parametrize(
        "head",
        [
            '<!DOCTYPE annotation [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
            '<!DOCTYPE annotation [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
            '<!DOCTYPE annotation SYSTEM "http://localhost/x.dtd">',
        ],
    )
    def test_dtd_and_entities__refused(self, read, head):
        annotation, [problem] = read(head + voc(voc_object("a", (1, 1, 9, 9))))
        assert annotation is None
        assert "DTD or entities" in problem.reason

    @pytest.mark.parametrize("encoding", ["made-up", "utf-7", "cp037"])
    def test_encoding__unknown(self, read, encoding):
        annotation, [problem] = read(f'<?xml version="1.0" encoding="{encoding}"?>' + voc(""))
        assert annotation is None
        assert not problem.repaired

    def test_other_xml__not_taken_for_a_picture_without_defects(self, read):
        annotation, [problem] = read("<html><body/></html>")
        assert annotation is None
        assert "<html>" in problem.reason

    def test_missing_file(self, tmp_path):
        annotation, [problem] = read_voc(tmp_path / "none.xml")
        assert annotation is None
        assert "cannot be read" in problem.reason
