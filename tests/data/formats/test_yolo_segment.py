"""Outlines in YOLO labels: written, read, and filled by Ultralytics itself."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from ultralytics.data.utils import polygon2mask
from ultralytics.utils.ops import resample_segments

from lidd_yolo.data.formats.masks import annotate_mask, draw_mask
from lidd_yolo.data.formats.yolo import parse_yolo, write_yolo
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.outline import fill_rings
from tests.helpers.masks import PROPERTY, masks

_NAMES = ("inclusion", "patches", "scratches")
_TRIANGLE = ((10.0, 8.0), (30.0, 8.0), (10.0, 40.0))


def _read(text, size=(100, 80)):
    return parse_yolo(text, _NAMES, size, file=Path("steel_1.txt"), image="steel_1.jpg")


def _filled_by_ultralytics(line, size, scale=1):
    """Fill one line of a label as Ultralytics' loader does: resampled, scaled, cut to whole pixels."""
    polygon = np.array(line.split()[1:], dtype=np.float32).reshape(-1, 2)
    [polygon] = resample_segments([polygon], n=max(1000, len(polygon) + 1))
    width, height = scale * size[0], scale * size[1]
    return polygon2mask((height, width), [(polygon * np.float32([width, height])).reshape(-1)])


class TestWriteOutline:
    def test_hand_computed(self):
        annotation = Annotation("a.jpg", 100, 80, (DefectObject("patches", Box(10, 8, 30, 40), (_TRIANGLE,)),))
        line = "1 0.100000 0.100000 0.300000 0.100000 0.100000 0.500000\n"
        assert write_yolo(annotation, _NAMES, segments=True) == line
        assert write_yolo(annotation, _NAMES) == "1 0.200000 0.300000 0.200000 0.400000\n"

    def test_box_alone__its_corners(self):
        annotation = Annotation("a.jpg", 100, 80, (DefectObject("patches", Box(10, 8, 30, 40)),))
        line = write_yolo(annotation, _NAMES, segments=True)
        assert line == "1 0.100000 0.100000 0.300000 0.100000 0.300000 0.500000 0.100000 0.500000\n"

    @PROPERTY
    @given(masks(3))
    def test_any_mask__filled_by_ultralytics_pixel_for_pixel(self, mask):
        height, width = mask.shape
        annotation = annotate_mask(mask, _NAMES, "a.png")
        drawn = np.zeros_like(mask)
        for line in write_yolo(annotation, _NAMES, segments=True).splitlines():
            polygon = np.array(line.split()[1:], dtype=np.float32).reshape(-1, 2) * np.float32([width, height])
            drawn += (int(line.split()[0]) + 1) * polygon2mask((height, width), [polygon.reshape(-1)])
        np.testing.assert_array_equal(drawn, mask)

    @pytest.mark.parametrize("scale", [1, 2, 4])
    def test_frame__scaled_by_ultralytics(self, scale):
        mask = np.zeros((40, 50), dtype=np.uint8)
        mask[5:30, 8:41] = 1
        mask[10:20, 12:15] = 0
        [line] = write_yolo(annotate_mask(mask, _NAMES, "a.png"), _NAMES, segments=True).splitlines()
        drawn = _filled_by_ultralytics(line, (50, 40), scale)
        large = mask.repeat(scale, axis=0).repeat(scale, axis=1)
        # The outline runs a quarter of a pixel inside: exact up to twice the size, one fine pixel less at four times.
        expected = large if scale <= 2 else _shrunk(large)
        np.testing.assert_array_equal(drawn, expected)


def _shrunk(mask):
    """Take off the pixels with background left of or above them; the far edges lose none: 0.75 * 4 is 3."""
    height, width = mask.shape
    padded = np.pad(mask, ((1, 0), (1, 0)))
    return np.minimum.reduce([padded[dy : height + dy, dx : width + dx] for dy in (0, 1) for dx in (0, 1)])


class TestReadOutline:
    def test_hand_computed(self):
        annotation, problems = _read("1 0.1 0.1 0.3 0.1 0.1 0.5")
        assert annotation.objects == (DefectObject("patches", Box(10, 8, 30, 40), (_TRIANGLE,)),)
        assert problems == []

    def test_outside__clipped_and_noted(self):
        annotation, [problem] = _read("0 -0.1 0.5 0.5 0 0.5 1.5", (10, 10))
        [thing] = annotation.objects
        assert (thing.box, thing.polygons) == (Box(0, 0, 5, 10), (((0, 5), (5, 0), (5, 10)),))
        assert problem.repaired

    @pytest.mark.parametrize("values", ["0.1 0.1 nan 0 1 1", "0.5 0.5 0.5 0.5 0.5 0.5", "2 2 3 2 2 3"])
    def test_unusable__named(self, values):
        annotation, [problem] = _read("\n" * 6 + f"0 {values}", (10, 10))
        assert annotation.objects == ()
        assert (problem.where, problem.repaired) == ("line 7", False)

    def test_lines_of_both_kinds__read_side_by_side(self):
        text = "0 0.1 0.1 0.3 0.1 0.1 0.5\n1 0.5 0.5 0.5 0.5\n2 0.1 0.1 0.3 0.1 0.1 0.5 0.7\n0 0 0 x 1 1 1\n"
        annotation, problems = _read(text)
        assert [(o.class_name, bool(o.polygons)) for o in annotation.objects] == [
            ("inclusion", True),
            ("patches", False),
        ]
        assert [p.reason for p in problems] == [
            "8 fields where a box has 5 and an outline 7, 9, 11 or more",
            "'0 0 0 x 1 1 1' is not a whole number and 6 numbers",
        ]

    def test_long_bad_line__shortened_in_the_message(self):
        _, [problem] = _read("0 " + "0.5 " * 999 + "x\n")
        assert len(problem.reason) < 120

    @PROPERTY
    @given(masks(3))
    def test_round_trip__same_classes_and_pixels(self, mask):
        size = (mask.shape[1], mask.shape[0])
        annotation = annotate_mask(mask, _NAMES, "steel_1.jpg")
        again, problems = _read(write_yolo(annotation, _NAMES, segments=True), size)
        assert problems == []
        np.testing.assert_array_equal(draw_mask(again, _NAMES), mask)
        for before, after in zip(annotation.objects, again.objects, strict=True):
            assert before.class_name == after.class_name
            np.testing.assert_array_equal(fill_rings(before.polygons, *size), fill_rings(after.polygons, *size))
            edges = [(getattr(before.box, e), getattr(after.box, e)) for e in ("x1", "y1", "x2", "y2")]
            assert all(abs(a - b) == pytest.approx(0.25, abs=1e-4) for a, b in edges)

    @PROPERTY
    @given(masks(3))
    def test_written_again__the_same_text(self, mask):
        size = (mask.shape[1], mask.shape[0])
        text = write_yolo(annotate_mask(mask, _NAMES, "steel_1.jpg"), _NAMES, segments=True)
        annotation, _ = _read(text, size)
        once = write_yolo(annotation, _NAMES, segments=True)
        again, _ = _read(once, size)
        assert write_yolo(again, _NAMES, segments=True) == once
