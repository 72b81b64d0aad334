"""Drawn defects: the grey levels change where the mask says, in many sizes and contrasts."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.demo import defects
from lidd_yolo.data.demo.defects import CLASSES, draw_defect


def _draw(name, seed, size=128):
    return draw_defect(np.random.default_rng(seed), name, size)


def _distance_to(mask):
    return cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, 5)


def test_classes__order():
    assert CLASSES == ("line", "spot", "patch", "pit", "scale", "crack")


@pytest.mark.parametrize("name", CLASSES)
class TestDrawDefect:
    def test_draw_defect__seeded(self, name):
        first, again, other = _draw(name, 0), _draw(name, 0), _draw(name, 1)
        np.testing.assert_array_equal(first.change, again.change)
        np.testing.assert_array_equal(first.mask, again.mask)
        assert (first.mask != other.mask).any()

    @pytest.mark.parametrize("size", [64, 200])
    def test_draw_defect__mask_is_one_component_without_holes(self, name, size):
        for seed in range(15):
            mask = _draw(name, seed, size).mask
            assert mask.shape == (size, size)
            assert mask.dtype == np.uint8
            assert set(np.unique(mask)) == {0, 1}
            assert cv2.connectedComponents(mask)[0] == 2
            framed = np.pad(mask, 1)
            assert cv2.connectedComponents(1 - framed, connectivity=4)[0] == 2  # the outside only, hence no hole
            assert mask.sum() >= 9

    def test_draw_defect__change_lies_on_the_mask(self, name):
        for seed in range(15):
            drawn = _draw(name, seed)
            strength, far = np.abs(drawn.change), _distance_to(drawn.mask)
            assert drawn.change.dtype == np.float32
            assert strength[far == 0].max() > 0.9 * strength.max()
            assert strength[far <= 5].sum() > 0.95 * strength.sum()
            assert strength[far > 12].max(initial=0) < 0.2 * strength.max()

    def test_draw_defect__mask_is_no_larger_than_the_change(self, name):
        for seed in range(15):
            drawn = _draw(name, seed)
            visible = np.abs(drawn.change) > 0.15 * np.abs(drawn.change).max()
            rows, columns = np.nonzero(drawn.mask)
            for edge in (rows == rows.min(), rows == rows.max(), columns == columns.min(), columns == columns.max()):
                gap = _distance_to(visible.astype(np.uint8))[rows[edge], columns[edge]].min()
                assert gap <= 3

    def test_draw_defect__sizes_and_contrasts_vary(self, name):
        drawn = [_draw(name, seed, 256) for seed in range(60)]
        widest = [max(np.ptp(axis) for axis in np.nonzero(d.mask)) for d in drawn]
        contrast = [np.abs(d.change).max() for d in drawn]
        for values in (widest, contrast):
            low, high = np.percentile(values, [10, 90])
            assert high > 1.7 * low
        assert min(contrast) > 8  # above the sensor noise of 1-3 grey levels
        assert max(contrast) > 35


class TestRedraw:
    def test_draw_defect__draws_again_what_misses_the_picture(self, monkeypatch):
        calls = []

        def draw(_, frame):
            calls.append(frame)
            pieces = np.zeros((frame.size, frame.size), dtype=np.uint8)
            pieces[:2, : 2 * len(calls)] = 1  # 4, 8, 12 pixels
            return pieces.astype(np.float32), pieces

        kind = defects._Kind(draw, extents=(0.1, 0.2), contrasts=(10, 20), reach=0.0)
        monkeypatch.setitem(defects._KINDS, "line", kind)
        assert _draw("line", 0).mask.sum() == 12
        assert len(calls) == 3
        assert len({tuple(frame.centre) for frame in calls}) == 3

    def test_draw_defect__unknown_class(self):
        with pytest.raises(KeyError, match="rust"):
            _draw("rust", 0)
