"""25 kinds of defects: the picture changes where the mask says, visibly, in many sizes, on any ground."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.demo import kinds
from lidd_yolo.data.demo.kinds import CLASSES, KINDS, FaultKind, draw_defects, draw_kind, random_extent
from lidd_yolo.data.demo.shapes import Layer
from lidd_yolo.data.demo.textures import steel_texture

COMPACT = ("stain", "patch", "pit", "blowhole", "dent", "chip", "hole", "gouge", "smear", "discolouration")
NEEDS_STRUCTURE = ("misweave",)


def _ground(name, size=128):
    rng = np.random.default_rng(7)
    if name == "plain":
        grey = np.full((size, size), 120) + rng.normal(0, 1.0, (size, size))
    elif name == "noisy":
        grey = 90 + rng.normal(0, 12, (size, size))
    elif name == "steel":
        grey = steel_texture(rng, size, "ground")
    else:
        y, x = np.mgrid[:size, :size]
        grey = 130 + 40 * np.sin(x * 0.9) * np.sin(y * 0.9) + rng.normal(0, 3, (size, size))
    return (grey[..., None] * np.array([0.9, 1.0, 1.1])).astype(np.float32)


def _some(name, ground, number=8, size=128):
    """Return pictures before, extents and defects of a kind, without those that did not fit or were too faint."""
    found = []
    for seed in range(4 * number):
        rng = np.random.default_rng(seed)
        before = _ground(ground, size)
        extent = random_extent(rng, name, size)
        drawn = draw_kind(rng, name, before, extent)
        if drawn is not None:
            found.append((before, extent, drawn))
        if len(found) == number:
            break
    return found


def _difference(before, drawn):
    return np.abs(drawn.picture - before).mean(axis=2)


def _distance_to(mask):
    return cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, 5)


def _overlap_of_boxes(first, second):
    (x, y, w, h), (u, v, s, t) = cv2.boundingRect(first), cv2.boundingRect(second)
    wide, high = min(x + w, u + s) - max(x, u), min(y + h, v + t) - max(y, v)
    both = max(wide, 0) * max(high, 0)
    return both / (w * h + s * t - both)


def _is_one_component_without_holes(mask):
    framed = np.pad(mask, 1)
    outsides = cv2.connectedComponents(1 - framed, connectivity=4)[0] - 1
    return cv2.connectedComponents(mask)[0] == 2 and outsides == 1


def test_classes():
    assert len(CLASSES) == 25
    assert len(set(CLASSES)) == 25
    assert all(name.isidentifier() for name in CLASSES)


@pytest.mark.parametrize("name", CLASSES)
class TestDrawKind:
    def test_draw_kind__seeded(self, name):
        before = _ground("woven")
        first, again = ([draw_kind(np.random.default_rng(s), name, before, 40.0) for s in range(6)] for _ in range(2))
        assert [drawn is None for drawn in first] == [drawn is None for drawn in again]
        drawn = [(one, two) for one, two in zip(first, again, strict=True) if one is not None]
        assert len(drawn) >= 2
        for one, two in drawn:
            np.testing.assert_array_equal(one.picture, two.picture)
            np.testing.assert_array_equal(one.mask, two.mask)
        assert (drawn[0][0].mask != drawn[1][0].mask).any()

    @pytest.mark.parametrize("ground", ["plain", "noisy", "steel", "woven"])
    def test_draw_kind__mask_and_change_belong_together(self, name, ground):
        found = _some(name, ground)
        if name in NEEDS_STRUCTURE and ground in ("plain", "noisy"):
            assert not found
            return
        assert len(found) >= 4
        for before, _, drawn in found:
            assert drawn.mask.shape == (128, 128)
            assert drawn.mask.dtype == np.uint8
            assert drawn.picture.shape == before.shape
            assert drawn.picture.dtype == np.float32
            assert np.isfinite(drawn.picture).all()
            assert _is_one_component_without_holes(drawn.mask)
            difference, far = _difference(before, drawn), _distance_to(drawn.mask)
            assert difference[far <= 3].max() >= 0.9 * difference.max()
            assert difference[far <= 3].max() > 3
            assert difference[far > 12].max(initial=0) < 0.35 * difference.max()
        np.testing.assert_array_equal(before, _ground(ground))  # the given picture stays as it is

    @pytest.mark.parametrize("size", [64, 320])
    def test_draw_kind__other_sizes(self, name, size):
        found = _some(name, "woven", 4, size)
        assert len(found) == 4
        for _, _, drawn in found:
            assert drawn.picture.shape == (size, size, 3)
            assert drawn.mask.shape == (size, size)
            assert _is_one_component_without_holes(drawn.mask)

    def test_draw_kind__extent(self, name):
        ratios = []
        for _, extent, drawn in _some(name, "steel", 16):
            x, y, width, height = cv2.boundingRect(drawn.mask)
            assert max(width, height) <= 1.5 * extent + 4
            if x > 0 and y > 0 and x + width < 128 and y + height < 128:
                ratios.append(max(width, height) / extent)
        assert np.median(ratios) > 0.5

    def test_draw_kind__extents_and_contrasts_vary(self, name):
        widest, change = [], []
        for before, _, drawn in _some(name, "steel", 30):
            widest.append(max(cv2.boundingRect(drawn.mask)[2:]))
            change.append(_difference(before, drawn).max())
        for values in (widest, change):
            low, high = np.percentile(values, [10, 90])
            assert high > 1.6 * low


@pytest.mark.parametrize("name", COMPACT)
def test_draw_kind__box_of_the_visible_change_is_that_of_the_mask(name):
    overlaps = []
    for before, _, drawn in _some(name, "plain", 16):
        difference = _difference(before, drawn)
        visible = (difference > 0.25 * np.percentile(difference[drawn.mask > 0], 90)).astype(np.uint8)
        overlaps.append(_overlap_of_boxes(drawn.mask, visible))
    assert np.mean(np.array(overlaps) >= 0.5) >= 0.85
    assert np.median(overlaps) >= 0.7


class TestVisibility:
    def _kind(self, monkeypatch, strength, pixels=None):
        def draw(_, view):
            pieces = view.canvas()
            pieces.reshape(-1)[:pixels] = 1
            change = strength * pieces.astype(np.float32)
            return Layer(change if pixels else np.repeat(change[..., None], 3, axis=2), pieces)

        monkeypatch.setitem(KINDS, "pit", FaultKind(draw, (0.1, 0.2), (10, 20), tint=0.0))

    @pytest.mark.parametrize(
        ("ground", "strength", "visible"),
        [("plain", 1.5, False), ("plain", 3.0, True), ("noisy", 3.0, False), ("noisy", 4.5, True)],
    )
    def test_draw_kind__faint(self, monkeypatch, ground, strength, visible):
        self._kind(monkeypatch, strength)
        assert (draw_kind(np.random.default_rng(0), "pit", _ground(ground), 40) is not None) == visible

    @pytest.mark.parametrize(("ground", "strength"), [("plain", 5.0), ("noisy", 40.0)])
    def test_draw_kind__small_defects_are_stronger(self, monkeypatch, ground, strength):
        for pixels in (6, 2500):
            self._kind(monkeypatch, strength, pixels)
            before = _ground(ground)
            drawn = draw_kind(np.random.default_rng(0), "pit", before, 60)
            assert (_difference(before, drawn).max() > 1.05 * strength) == (pixels == 6)

    def test_draw_kind__small_and_too_faint(self, monkeypatch):
        self._kind(monkeypatch, 10.0, pixels=6)
        assert draw_kind(np.random.default_rng(0), "pit", _ground("noisy"), 20) is None

    def test_draw_kind__too_few_pixels(self, monkeypatch):
        self._kind(monkeypatch, 50.0, pixels=3)
        assert draw_kind(np.random.default_rng(0), "pit", _ground("plain"), 20) is None

    def test_draw_kind__nothing_to_displace(self):
        flat = np.full((128, 128, 3), 128, dtype=np.float32)
        drawn = [draw_kind(np.random.default_rng(seed), "misweave", flat, 40) for seed in range(20)]
        assert all(d is None for d in drawn)

    @pytest.mark.parametrize(("level", "sign"), [(6, 1), (249, -1)])
    def test_draw_kind__contrast_goes_where_there_is_room(self, level, sign):
        ground = np.full((128, 128, 3), level, dtype=np.float32)
        for seed in range(10):
            drawn = draw_kind(np.random.default_rng(seed), "pit", ground, 12)
            assert sign * (drawn.picture - ground)[drawn.mask > 0].mean() > 0

    def test_draw_kind__unknown(self):
        with pytest.raises(KeyError, match="moss"):
            draw_kind(np.random.default_rng(0), "moss", _ground("plain"), 20)


class TestDrawDefects:
    def _scenes(self, number, seeds=30):
        before = _ground("steel")
        return [(before, *draw_defects(np.random.default_rng(seed), before, number)) for seed in range(seeds)]

    def test_draw_defects__none(self):
        before = _ground("steel")
        picture, objects = draw_defects(np.random.default_rng(0), before, 0)
        np.testing.assert_array_equal(picture, before)
        assert objects == []

    def test_draw_defects__seeded(self):
        (_, first, objects), (_, again, same) = self._scenes(5, 1) + self._scenes(5, 1)
        np.testing.assert_array_equal(first, again)
        assert [label for label, _ in objects] == [label for label, _ in same]

    def test_draw_defects__number_and_overlap(self):
        scenes = self._scenes(6)
        assert np.mean([len(objects) for _, _, objects in scenes]) > 5
        touching = 0
        for _, _, objects in scenes:
            assert len(objects) <= 6
            masks = [mask for _, mask in objects]
            for i, first in enumerate(masks):
                for second in masks[:i]:
                    both = np.count_nonzero(first & second)
                    assert both <= 0.3 * min(first.sum(), second.sum())
                    touching += both > 0
        assert touching > 0

    def test_draw_defects__kinds(self):
        several = [{label for label, _ in objects} for _, _, objects in self._scenes(4, 80)]
        assert set.union(*several) == set(range(len(CLASSES)))
        assert any(len(labels) == 1 for labels in several)
        assert any(len(labels) == 4 for labels in several)

    def test_draw_defects__every_defect_changes_the_picture(self):
        for before, picture, objects in self._scenes(3):
            change = np.abs(picture - before).mean(axis=2)
            assert all(change[mask > 0].max() > 2 for _, mask in objects)

    def test_draw_defects__no_room(self, monkeypatch):
        monkeypatch.setattr(kinds, "_has_room", lambda _, objects: not objects)
        assert all(len(objects) == 1 for _, _, objects in self._scenes(3, 3))
