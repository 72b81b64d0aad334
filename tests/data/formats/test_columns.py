"""Boxes in columns of a text file."""

import pytest

from lidd_yolo.data.formats.columns import read_columns
from lidd_yolo.data.labels.annotation import Box
from lidd_yolo.data.readers.source import COLUMNS
from tests.helpers.folders import text

SIZE = (100, 50)


def _read(tmp_path, content, names=("open", "short"), **options):
    columns = options.pop("columns", COLUMNS)
    annotation, problems = read_columns(text(tmp_path / "a.txt", content), names, SIZE, columns, **options)
    objects = None if annotation is None else [(one.class_name, one.box) for one in annotation.objects]
    return objects, [(problem.where, problem.reason) for problem in problems]


class TestReadColumns:
    def test_classes_from_1(self, tmp_path):
        lines = "10 20 30 40 1\n\n0 0 5 5 2\n"
        right = [("open", Box(10, 20, 30, 40)), ("short", Box(0, 0, 5, 5))]
        assert _read(tmp_path, lines, first_class=1) == (right, [])

    def test_other_order_separator_and_columns_not_read(self, tmp_path):
        columns = ("class", "score", "x1", "y1", "x2", "y2")
        lines = "short, 0.9, 10, 20, 30, 40\n"
        assert _read(tmp_path, lines, columns=columns, separator=",") == ([("short", Box(10, 20, 30, 40))], [])

    def test_without_class__all_of_the_first(self, tmp_path):
        assert _read(tmp_path, "1 2 3 4\n", columns=("x1", "y1", "x2", "y2"))[0] == [("open", Box(1, 2, 3, 4))]

    def test_over_the_edge__clipped(self, tmp_path):
        objects, [(where, reason)] = _read(tmp_path, "90 40 120 60 0\n")
        assert objects == [("open", Box(90, 40, 100, 50))]
        assert (where, "over the edge" in reason) == ("line 1", True)

    def test_empty_file__no_objects(self, tmp_path):
        assert _read(tmp_path, "") == ([], [])

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("1 2 3 4", "4 fields where there are 5 columns (x1,y1,x2,y2,class)"),
            ("1 2 x 4 0", "'1 2 x 4' are not four numbers"),
            ("1 2 3 4 2", "class 2 is none of 0 to 1"),
            ("1 2 3 4 0.5", "class 0.5 is none of 0 to 1"),
            ("1 2 3 4 nan", "class nan is none of 0 to 1"),
            ("3 2 1 4 0", "the box is -2 pixels wide and 2 pixels high"),
            ("1 2 inf 4 0", "the box holds a number that is not finite"),
            ("200 2 300 4 0", "the box lies outside the 100x50 picture"),
        ],
    )
    def test_bad_line__named_the_others_done(self, tmp_path, line, says):
        objects, problems = _read(tmp_path, f"{line}\n1 1 2 2 0\n")
        assert objects == [("open", Box(1, 1, 2, 2))]
        assert problems == [("line 1", says)]

    def test_no_text__none(self, tmp_path):
        (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
        annotation, [problem] = read_columns(tmp_path / "a.txt", (), SIZE, COLUMNS)
        assert annotation is None
        assert "cannot be read as text" in problem.reason
