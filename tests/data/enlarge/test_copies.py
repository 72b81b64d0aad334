"""The copies of one picture; their labels hand-computed, and compared with what is seen in the changed picture."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lidd_yolo.data.enlarge import copies
from lidd_yolo.data.enlarge.change import Change, change_picture, decode_picture, draw_change
from lidd_yolo.data.enlarge.copies import change_annotation, make_copies
from lidd_yolo.data.formats.masks import annotate_mask
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.outline import fill_rings
from tests.helpers.masks import PROPERTY

_ANNOTATION = Annotation("a.png", 30, 20, (DefectObject("x", Box(10, 5, 20, 15)),))


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)


class TestMakeCopies:
    def test_names_and_content(self, image):
        made = list(make_copies("steel/a.png", image, _ANNOTATION, 3, 6))
        assert [copy.name for copy in made] == ["steel/a-e1.png", "steel/a-e2.png"]
        for number, copy in enumerate(made, start=1):
            change = draw_change(6, "steel/a.png", number)
            np.testing.assert_array_equal(decode_picture(copy.data), change_picture(image, change))
            expected, dropped = change_annotation(_ANNOTATION, change)
            assert copy.annotation.objects == expected.objects
            assert copy.annotation.image == f"a-e{number}.png"
            assert copy.facts() == {
                "angle": change.angle,
                "mirrored": change.mirrored,
                "flipped": change.flipped,
                "brightness": change.brightness,
                "dropped": dropped,
            }

    def test_ending__changed_where_it_cannot_be_written(self, image):
        [copy] = make_copies("a.heic", image, _ANNOTATION, 2, 0)
        assert copy.name == "a-e1.png"

    def test_other_size__refused(self, image):
        with pytest.raises(ValueError, match=r"a\.png: 20x30, labels 30x20"):
            next(make_copies("a.png", image.T, _ANNOTATION, 5, 0))


_SIDE = 120


def _boxed(*box, width=100, height=100):
    return Annotation("a.png", width, height, (DefectObject("x", Box(*box), difficult=True),))


def _dropping(annotation, change, min_share):
    """What `change_annotation` returns with another limit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "MIN_SHARE", min_share)
        return change_annotation(annotation, change)


def _change(annotation, change, min_share=copies.MIN_SHARE):
    changed, dropped = _dropping(annotation, change, min_share)
    return [item.box for item in changed.objects], dropped


def _corners(box):
    return [box.x1, box.y1, box.x2, box.y2]


class TestBoxes:
    def test_flips_and_quarter_turns__exact(self):
        box = _boxed(10, 20, 40, 30)
        [found], _ = _change(box, Change(mirrored=True))
        assert _corners(found) == pytest.approx([60, 20, 90, 30])
        [found], _ = _change(box, Change(90))
        assert _corners(found) == pytest.approx([20, 60, 30, 90])

    def test_ellipse__circle_stays_a_circle(self):
        [found], _ = _change(_boxed(40, 40, 60, 60), Change(31))
        assert _corners(found) == pytest.approx([40, 40, 60, 60], abs=0.01)

    def test_ellipse__closed_form(self):
        """Half axes a, b turned by t reach sqrt((a cos t)^2 + (b sin t)^2) to the side."""
        [found], _ = _change(_boxed(20, 40, 80, 60), Change(30))
        across = math.hypot(30 * math.cos(math.radians(30)), 10 * math.sin(math.radians(30)))
        down = math.hypot(30 * math.sin(math.radians(30)), 10 * math.cos(math.radians(30)))
        assert _corners(found) == pytest.approx([50 - across, 50 - down, 50 + across, 50 + down], abs=0.01)

    def test_edge__box_around_what_is_left(self):
        """A box of 20 x 10 whose middle comes to lie on the upper edge of a 100 x 40 picture: half of it is left."""
        box = _boxed(60, 15, 80, 25, width=100, height=40)
        [found], dropped = _change(box, Change(90))
        assert dropped == 0
        assert _corners(found) == pytest.approx([45, 0, 55, 10])

    def test_share__dropped_below_it(self):
        box = _boxed(60, 15, 80, 25, width=100, height=40)
        assert _change(box, Change(90), min_share=0.51) == ([], 1)
        assert len(_change(box, Change(90), min_share=0.49)[0]) == 1

    def test_outside__dropped(self):
        assert _change(_boxed(0, 0, 10, 10, width=200), Change(90)) == ([], 1)

    def test_marks__kept_and_original_unchanged(self):
        before = _boxed(40, 40, 60, 60)
        after, _ = change_annotation(before, Change(31))
        assert (after.objects[0].class_name, after.objects[0].difficult) == ("x", True)
        assert before == _boxed(40, 40, 60, 60)


class TestOutlines:
    def test_inside__corners_moved(self):
        ring = ((40.0, 40.0), (60.0, 40.0), (50.0, 60.0))
        thing = DefectObject("x", Box.around(ring), (ring,))
        after, _ = change_annotation(Annotation("a", 100, 100, (thing,)), Change(90))
        [found] = after.objects
        assert np.array(found.polygons[0]) == pytest.approx(np.array([(40, 60), (40, 40), (60, 50)]))
        assert _corners(found.box) == pytest.approx([40, 40, 60, 60])

    def test_box__around_the_outline_not_around_the_turned_box(self):
        """A thin diagonal turned upright: its box is thin, that of the turned box is as wide as high."""
        ring = ((30.0, 29.0), (71.0, 70.0), (70.0, 71.0), (29.0, 30.0))
        thing = DefectObject("x", Box.around(ring), (ring,))
        after, _ = change_annotation(Annotation("a", 100, 100, (thing,)), Change(45))
        assert after.objects[0].box.width == pytest.approx(41 * math.sqrt(2), abs=0.01)
        assert after.objects[0].box.height == pytest.approx(math.sqrt(2), abs=0.01)

    def test_cut_into_two__both_parts_kept(self):
        """A bracket whose back is turned out of the picture leaves two bars."""
        ring = (
            (2.0, 20.0),
            (30.0, 20.0),
            (30.0, 24.0),
            (6.0, 24.0),
            (6.0, 36.0),
            (30.0, 36.0),
            (30.0, 40.0),
            (2.0, 40.0),
        )
        thing = DefectObject("x", Box.around(ring), (ring,))
        after, _ = change_annotation(Annotation("a", 60, 40, (thing,)), Change(90))
        [found] = after.objects
        assert len(found.polygons) == 2
        before, _ = _dropping(Annotation("a", 60, 40, (thing,)), Change(90), 0.95)
        assert before.objects == ()


def _draw(shapes):
    """Return a mask of blobs, some with holes, shape ``(120, 120)``."""
    mask = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    for x, y, a, b, angle, hole in shapes:
        cv2.ellipse(mask, (x, y), (a, b), angle, 0, 360, 1, -1)
        if hole:
            cv2.ellipse(mask, (x, y), (a // 2, b // 2), angle, 0, 360, 0, -1)
    return mask


_PLACE, _RADIUS = st.integers(10, 110), st.integers(8, 30)
_SHAPE = st.tuples(_PLACE, _PLACE, _RADIUS, _RADIUS, st.integers(0, 179), st.booleans())
_SHAPES = st.lists(_SHAPE, min_size=1, max_size=3)
_SOME = settings(PROPERTY, max_examples=100)


class TestDrawn:
    """What is drawn, changed as a picture and looked at is what the changed label draws."""

    @_SOME
    @given(_SHAPES, st.floats(-180, 180), st.booleans(), st.booleans())
    def test_outlines__agree_with_the_picture(self, shapes, angle, mirrored, flipped):
        mask, change = _draw(shapes), Change(angle, mirrored, flipped)
        seen = _seen(mask, change)
        after, dropped = _dropping(annotate_mask(mask, ("x",), "a"), change, 1e-6)
        drawn = np.zeros_like(mask)
        for item in after.objects:
            drawn |= fill_rings(item.polygons, _SIDE, _SIDE)
        both, either = (seen & drawn).sum(), (seen | drawn).sum()
        # The border of a shape is about as long as it is wide: it may be off by less than half a pixel.
        border = cv2.morphologyEx(seen, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).sum()
        assert either - both <= 0.5 * border + 4 + 4 * dropped
        if either > 400:
            assert both / either > 0.8

    @_SOME
    @given(_SHAPES, st.floats(-180, 180), st.booleans())
    def test_box_of_outline__is_that_of_the_picture(self, shapes, angle, mirrored):
        x, y, a, b, turned, _ = shapes[0]
        mask, change = _draw([(x, y, a, b, turned, False)]), Change(angle, mirrored)
        seen = _seen(mask, change)
        after, _ = _dropping(annotate_mask(mask, ("x",), "a"), change, 0.1)
        if not after.objects:
            assert seen.sum() < 0.2 * mask.sum() + 10
            return
        left, top, width, height = cv2.boundingRect(seen)
        [item] = after.objects
        assert _corners(item.box) == pytest.approx([left, top, left + width, top + height], abs=1.5)


def _seen(mask, change):
    """Return the mask changed as a picture, the border empty: drawn twice as large, so that pixels matter less."""
    large = mask.repeat(2, axis=0).repeat(2, axis=1) * np.uint8(255)
    padded = cv2.copyMakeBorder(large, 80, 80, 80, 80, cv2.BORDER_CONSTANT, value=0)
    changed = change_picture(padded, change)[80:-80, 80:-80]
    small = cv2.resize(changed, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return (small >= 128).astype(np.uint8)
