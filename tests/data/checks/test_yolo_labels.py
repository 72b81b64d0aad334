"""One YOLO label file with faults among good lines."""

import pytest

from lidd_yolo.data.checks import yolo_labels
from lidd_yolo.data.checks.yolo_labels import check_yolo_labels, line_number, read_label_text

NAMES = ("a", "b")
TRIANGLE = "0 0.1 0.1 0.9 0.1 0.5 0.9"


def _check(tmp_path, text, size=(100, 100)):
    file = tmp_path / "a.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return check_yolo_labels(file, NAMES, size)


def _found(facts):
    return [(finding.kind, finding.where) for finding in facts.findings]


class TestCheckYoloLabels:
    def test_good__nothing(self, tmp_path):
        facts = _check(tmp_path, "0 0.5 0.5 0.2 0.2\n\n1 0.5 0.5 1 1\n")
        assert _found(facts) == []
        assert facts.places == ("line 1", "line 3")

    def test_empty__no_objects_and_no_fault(self, tmp_path):
        facts = _check(tmp_path, "")
        assert (facts.annotation.objects, facts.findings) == ((), ())

    def test_one_bad_byte__costs_its_line(self, tmp_path):
        facts = _check(tmp_path, b"0 0.5 0.5 0.2 0.2\n0 0.5 \xff.5 0.2 0.2\n1 0.5 0.5 0.3 0.3\n")
        assert _found(facts) == [("not-numeric", "line 2")]
        assert facts.places == ("line 1", "line 3")

    def test_utf_16__read_and_said(self, tmp_path):
        facts = _check(tmp_path, "0 0.5 0.5 0.2 0.2\n".encode("utf-16"))
        assert _found(facts) == [("label-encoding", "")]
        assert len(facts.annotation.objects) == 1

    def test_two_bad_bytes__are_not_yet_utf_16(self, tmp_path):
        facts = _check(tmp_path, b"\xff\xfe 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n")
        assert _found(facts) == [("not-numeric", "line 1")]
        assert facts.places == ("line 2",)

    def test_byte_order_mark__no_fault(self, tmp_path):
        assert _found(_check(tmp_path, b"\xef\xbb\xbf0 0.5 0.5 0.2 0.2\n")) == []

    def test_every_line_bad__each_said(self, tmp_path):
        lines = ["9 0.5 0.5 0.2 0.2", "0 nan 0.5 0.2 0.2", "0 0.5", "0 2 0.5 0.2 0.2", "0 0.5 0.5 0 0.2"]
        kinds = ["class-range", "not-a-number", "columns", "outside", "no-size"]
        facts = _check(tmp_path, "\n".join(lines))
        assert _found(facts) == [(kind, f"line {k}") for k, kind in enumerate(kinds, start=1)]
        assert facts.places == ()

    @pytest.mark.parametrize(("cx", "kinds"), [(0.9004, []), (0.9011, ["over-edge"])])
    def test_over_edge__by_more_than_rounding(self, tmp_path, cx, kinds):
        # width 0.2: the right edge lies at 1.0004 and 1.0011
        assert [kind for kind, _ in _found(_check(tmp_path, f"0 {cx} 0.5 0.2 0.2"))] == kinds

    def test_over_edge__half_a_pixel_of_a_large_picture(self, tmp_path):
        # 1.0004 of 2000 pixels is 0.8 pixels over
        assert _found(_check(tmp_path, "0 0.9004 0.5 0.2 0.2", (2000, 100))) == [("over-edge", "line 1")]

    def test_over_edge__outline(self, tmp_path):
        assert _found(_check(tmp_path, "0 0.1 0.1 1.2 0.1 0.5 0.9")) == [("over-edge", "line 1")]
        assert _found(_check(tmp_path, "0 0.1 0.1 1.0005 0.1 0.5 0.9")) == []

    def test_box_among_outlines(self, tmp_path):
        facts = _check(tmp_path, f"{TRIANGLE}\n0 0.5 0.5 0.2 0.2\n")
        assert _found(facts) == [("mixed", "line 2")]

    def test_boxes_alone__not_mixed(self, tmp_path):
        assert _found(_check(tmp_path, "0 0.5 0.5 0.2 0.2\n0 0.1 0.1 0.2 0.2\n")) == []

    def test_self_crossing(self, tmp_path):
        assert _found(_check(tmp_path, "0 0.1 0.1 0.9 0.9 0.9 0.1 0.1 0.9")) == [("self-crossing", "line 1")]

    def test_size_unknown__checked_in_fractions(self, tmp_path):
        text = "0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2\n0 1.5 0.5 0.2 0.2\n"
        facts = _check(tmp_path, text, None)
        assert _found(facts) == [("outside", "line 3"), ("duplicate", "line 2")]
        assert facts.findings[0].reason == "the box lies outside its picture"

    def test_missing__said(self, tmp_path):
        facts = check_yolo_labels(tmp_path / "none.txt", NAMES, (9, 9))
        assert (facts.annotation, _found(facts)) == (None, [("label-unreadable", "")])

    def test_too_large__not_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(yolo_labels, "MAX_BYTES", 10)
        assert _found(_check(tmp_path, "0 0.5 0.5 0.2 0.2")) == [("label-unreadable", "")]


class TestReadLabelText:
    def test_bad_bytes__replaced(self, tmp_path):
        (tmp_path / "a.txt").write_bytes(b"0 \xff\n1")
        assert read_label_text(tmp_path / "a.txt") == ("0 \ufffd\n1", [])


class TestLineNumber:
    def test_number(self):
        assert line_number("line 12") == 12
