"""Writing and reading YOLO labels; the round trip is exact."""

import numpy as np
import pytest

from lidd_yolo.data.formats.yolo import read_yolo, write_yolo
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject

_NAMES = ("crazing", "inclusion")


class TestWriteYolo:
    def test_hand_computed(self):
        objects = (DefectObject("inclusion", Box(0, 10, 50, 30)), DefectObject("crazing", Box(99, 79, 100, 80)))
        text = write_yolo(Annotation("a.jpg", 100, 80, objects), _NAMES)
        assert text == "1 0.250000 0.250000 0.500000 0.250000\n0 0.995000 0.993750 0.010000 0.012500\n"

    def test_no_objects__empty(self):
        assert write_yolo(Annotation("a.jpg", 100, 80), _NAMES) == ""

    def test_unknown_class(self):
        annotation = Annotation("a.jpg", 100, 80, (DefectObject("rust", Box(0, 0, 1, 1)),))
        with pytest.raises(ValueError, match=r"a\.jpg: class 'rust' is none of crazing, inclusion"):
            write_yolo(annotation, _NAMES)


class TestReadYolo:
    @pytest.fixture
    def read(self, tmp_path):
        def _read(text, size=(100, 80)):
            path = tmp_path / "steel_1.txt"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            return read_yolo(path, _NAMES, size, "steel_1.jpg")

        return _read

    @pytest.mark.parametrize("size", [(200, 200), (333, 7), (4097, 2999), (200_003, 150_001)])
    def test_round_trip__every_whole_pixel_exact(self, read, size):
        rng = np.random.default_rng(0)
        corners = np.sort(rng.integers(0, np.array(size)[:, None] + 1, (300, 2, 2)), axis=2)
        boxes = [Box(*map(float, (x1, y1, x2, y2))) for (x1, x2), (y1, y2) in corners if x1 < x2 and y1 < y2]
        boxes += [Box(0, 0, *map(float, size)), Box(size[0] - 1.0, size[1] - 1.0, *map(float, size))]
        annotation = Annotation("steel_1.jpg", *size, tuple(DefectObject("inclusion", box) for box in boxes))
        assert read(write_yolo(annotation, _NAMES), size) == (annotation, [])

    def test_fraction_of_a_pixel__kept(self, read):
        annotation, _ = read("0 0.5 0.5 0.255 0.5")
        assert annotation.objects[0].box == Box(pytest.approx(37.25), 20, pytest.approx(62.75), 60)

    def test_blank_lines_and_byte_order_mark(self, read):
        annotation, problems = read(b"\xef\xbb\xbf0 .5 .5 .5 .5\r\n\r\n  \n1 .5 .5 1 1")
        assert [o.class_name for o in annotation.objects] == ["crazing", "inclusion"]
        assert problems == []

    def test_one_bad_line__the_others_stay(self, read):
        lines = ["0 .5 .5 .5 .5", "0 .5 .5 .5", "x .5 .5 .5 .5", "0 .5 .5 .5 y", "2 .5 .5 .5 .5", "-1 .5 .5 .5 .5"]
        lines += ["0 nan .5 .5 .5", "0 .5 .5 0 .5", "0 .5 .5 .5 -.5", "0 3 3 .1 .1", "0 .1 .5 .4 .5", "0 1e999 0 1 1"]
        annotation, problems = read("\n".join(lines))
        assert [o.box for o in annotation.objects] == [Box(25, 20, 75, 60), Box(0, 20, 30, 60)]
        assert [p.where for p in problems] == [f"line {k}" for k in range(2, 13)]
        assert [p.where for p in problems if p.repaired] == ["line 11"]
        assert "4 fields where a box has 5" in problems[0].reason
        assert "class 2 is none of 0 to 1" in problems[3].reason

    def test_no_text(self, read):
        annotation, [problem] = read(b"\xff\xfe\x00\x81")
        assert annotation is None
        assert "cannot be read as text" in problem.reason

    def test_missing_file(self, tmp_path):
        assert read_yolo(tmp_path / "none.txt", _NAMES, (10, 10))[0] is None

    def test_image__named_after_the_file(self, tmp_path):
        (tmp_path / "a.txt").write_text("")
        assert read_yolo(tmp_path / "a.txt", _NAMES, (10, 10)) == (Annotation("a", 10, 10), [])
