"""Progress lines on a terminal and in a log."""

import io

from lidd_yolo.progress import progress


class _Terminal(io.StringIO):
    def isatty(self):
        return True


class TestProgress:
    def test_items__unchanged(self):
        assert list(progress("abc", 3, "x", io.StringIO())) == ["a", "b", "c"]

    def test_log__one_line_every_tenth(self):
        out = io.StringIO()
        list(progress(range(1000), 1000, "reading", out))
        assert out.getvalue().splitlines() == [f"reading: {p} %" for p in range(0, 101, 10)]

    def test_log__few_items(self):
        out = io.StringIO()
        list(progress(range(2), 2, "reading", out))
        assert out.getvalue() == "reading: 50 %\nreading: 100 %\n"

    def test_terminal__one_moving_line(self):
        out = _Terminal()
        list(progress(range(4), 4, "reading", out))
        assert out.getvalue() == "\rreading:  25 %\rreading:  50 %\rreading:  75 %\rreading: 100 %\n"

    def test_empty__silent(self):
        out = io.StringIO()
        assert list(progress([], 0, "reading", out)) == []
        assert out.getvalue() == ""

    def test_default__stderr(self, capsys):
        list(progress([1], 1, "reading"))
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("", "reading: 100 %\n")
