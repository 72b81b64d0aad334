"""Sizes of drawn shapes, in pixels and millimetres, and scales that cannot be used."""

import math

import cv2
import numpy as np
import pytest

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.detections import Region
from lidd_yolo.inspection.measures import measure, measure_outline, read_scale

_SIDE = 400
_Y, _X = np.mgrid[:_SIDE, :_SIDE] + 0.5  # the middles of the pixels


def bar(length, width, angle=0.0):
    """Return a bar around the middle, by the pixels whose middles lie in it."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    along, across = (_X - 200.3) * cos + (_Y - 199.6) * sin, (_Y - 199.6) * cos - (_X - 200.3) * sin
    return (abs(along) < length / 2) & (abs(across) < width / 2)


def disc(radius):
    return np.hypot(_X - 200.3, _Y - 199.6) < radius


def ring(radius, width):
    return abs(np.hypot(_X - 200.3, _Y - 199.6) - radius) < width / 2


def half_ring(radius, width):
    return ring(radius, width) & (_Y < 199.6)


class TestOutline:
    """A shape whose edge is cut to whole pixels: each end of a side is off by at most a pixel; areas by edge x 0.5."""

    @pytest.mark.parametrize("angle", [0, 17, 45, 90])
    @pytest.mark.parametrize(("length", "width"), [(200, 40), (150, 3), (60, 60)])
    def test_bar__sides_of_the_rectangle(self, length, width, angle):
        area, long, short = measure_outline(bar(length, width, angle))
        assert area == pytest.approx(length * width, abs=length + width)
        assert (long, short) == (pytest.approx(length, abs=2), pytest.approx(width, abs=2))

    @pytest.mark.parametrize("radius", [4, 20, 90])
    def test_disc__diameter_twice(self, radius):
        area, long, short = measure_outline(disc(radius))
        assert area == pytest.approx(math.pi * radius**2, abs=math.pi * radius)
        assert (long, short) == (pytest.approx(2 * radius, abs=2), pytest.approx(2 * radius, abs=2))

    @pytest.mark.parametrize(("radius", "width"), [(80, 6), (120, 12), (50, 3)])
    def test_ring__length_along_the_middle(self, radius, width):
        """Over all directions the edge is right; as it has no ends, the strip is shorter by the width."""
        area, long, short = measure_outline(ring(radius, width))
        assert area == pytest.approx(2 * math.pi * radius * width, abs=2 * math.pi * radius)
        assert long == pytest.approx(2 * math.pi * radius - width, rel=0.02)
        assert long * short == pytest.approx(area)

    @pytest.mark.parametrize(("radius", "width"), [(100, 5), (150, 8), (80, 3)])
    def test_bent_line__length_along_the_middle(self, radius, width):
        _, long, short = measure_outline(half_ring(radius, width))
        assert (long, short) == (pytest.approx(math.pi * radius, rel=0.02), pytest.approx(width, rel=0.05))

    @pytest.mark.parametrize("width", [1, 2, 5, 12])
    def test_frame_along_the_pixels__worst_direction(self, width):
        """The edge is 5.2 % short in this direction, and it has no ends."""
        pixels = np.zeros((300, 300), dtype=bool)
        pixels[20:280, 20:280] = True
        pixels[20 + width : 280 - width, 20 + width : 280 - width] = False
        _, long, short = measure_outline(pixels)
        true = 4 * (260 - width)
        assert 0.94 * (true - width) < long < true
        assert long * short == pytest.approx(true * width)

    def test_ragged_patch__no_line(self):
        """A long edge alone does not make a line of it: its teeth double it."""
        angle = np.arctan2(_Y - 199.6, _X - 200.3)
        pixels = np.hypot(_X - 200.3, _Y - 199.6) < 90 + 10 * np.sin(24 * angle)
        _, long, short = measure_outline(pixels)
        assert (long, short) == (pytest.approx(200, abs=5), pytest.approx(200, abs=5))

    def test_window__no_edge_of_it_counts(self):
        whole = bar(150, 3, 17)
        rows, columns = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
        tight = whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert measure_outline(tight) == pytest.approx(measure_outline(whole))

    def test_drawn_by_opencv__thin_curve(self):
        """A sine of 2 periods, drawn 5 pixels thick; its length by its points."""
        x = np.linspace(20, 380, 1000)
        points = np.column_stack([x, 200 + 60 * np.sin((x - 20) / 360 * 4 * np.pi)])
        length = np.hypot(*np.diff(points, axis=0).T).sum()
        image = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
        cv2.polylines(image, [np.rint(points).astype(np.int32)], False, 1, 5)
        area, long, short = measure_outline(image > 0)
        assert long == pytest.approx(length + 5, rel=0.05)  # its ends are round
        assert short == pytest.approx(area / (length + 5), rel=0.05)

    def test_nothing__zero(self):
        assert measure_outline(np.zeros((0, 0), dtype=bool)) == (0, 0, 0)


class TestMeasure:
    def test_box(self):
        sizes = measure(np.array([10.0, 20.0, 40.0, 60.0])).scaled(0.1)
        assert (sizes.width, sizes.height, sizes.diagonal) == pytest.approx((3, 4, 5))
        assert sizes.outline_area is None

    def test_outline__areas_by_the_square(self):
        region = Region(0, 0, np.ones((10, 30), dtype=bool))
        sizes = measure(np.array([0.0, 0.0, 30.0, 10.0]), region).scaled(0.1)
        assert sizes.outline_area == pytest.approx(3)
        assert (sizes.outline_length, sizes.outline_width) == pytest.approx((3, 1))


class TestScale:
    def test_number__of_every_picture(self):
        assert read_scale("0.05").at("a.png") == 0.05
        assert read_scale(0.05).at("a.png") == 0.05

    def test_two_points__their_distance(self):
        assert read_scale("10,20,40,60=5").at("a.png") == pytest.approx(0.1)

    def test_csv__by_the_end_of_the_path(self, tmp_path):
        file = tmp_path / "scale.csv"
        file.write_text("\ufeffpicture,mm_per_pixel\nb/a.png,0.5\na.png, 0.25\n\n", encoding="utf-8")
        scale = read_scale(file)
        assert [scale.at(name) for name in ("/x/b/a.png", "/x/c/a.png", "d.png")] == [0.5, 0.25, None]

    @pytest.mark.parametrize(
        ("stated", "reason"),
        [
            ("0", "above 0, not 0"),
            ("-1", "above 0, not -1"),
            ("nan", "above 0, not nan"),
            ("inf", "above 0, not inf"),
            ("much", "'much' is not known: give a number"),
            ("1,2,1,2=5", "the two points of '1,2,1,2=5' are the same"),
            ("1,2,3,4=0", "above 0, not 0"),
            ("1,2,3,x=5", "is not x1,y1,x2,y2=LENGTH in numbers"),
            ("none.csv", "none.csv: it cannot be read"),
        ],
    )
    def test_unusable__said(self, stated, reason):
        with pytest.raises(InputError, match=reason):
            read_scale(stated)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("a.png,1\n", "line 1: the first line has to be picture,mm_per_pixel"),
            ("", "line 1: the first line has to be picture,mm_per_pixel"),
            ("picture,mm_per_pixel\na.png,1\nb.png,0\n", "line 3: millimetres per pixel are above 0, not 0"),
            ("picture,mm_per_pixel\na.png,wide\n", "line 2: 'wide' is no number"),
            ("picture,mm_per_pixel\na.png,1,2\n", "line 2: 3 fields"),
            ("picture,mm_per_pixel\na.png,1\na.png,2\n", "line 3: a.png is there twice"),
        ],
    )
    def test_damaged_csv__file_and_line(self, tmp_path, text, reason):
        file = tmp_path / "scale.csv"
        file.write_text(text)
        with pytest.raises(InputError, match=reason) as caught:
            read_scale(file)
        assert str(file) in str(caught.value)
