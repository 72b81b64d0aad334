"""FoundDefects of one picture: windows of pixels, thresholds, and what Ultralytics' ``Results`` hold."""

import cv2
import numpy as np
import pytest
import torch
from ultralytics.engine.results import Results
from ultralytics.utils.ops import scale_masks

from lidd_yolo.inspection.detections import (
    FoundDefects,
    Region,
    found_in,
    join_regions,
    outline_region,
    region_overlaps,
)


class TestRegion:
    def test_window__of_any_place(self):
        region = Region(3, 2, np.arange(1, 7).reshape(2, 3) > 2)
        whole = np.zeros((8, 9), dtype=bool)
        whole[2:4, 3:6] = region.pixels
        for left, top, right, bottom in [(0, 0, 9, 8), (4, 3, 6, 4), (0, 3, 4, 8), (7, 0, 9, 8), (5, 5, 5, 5)]:
            assert np.array_equal(region.window(left, top, right, bottom), whole[top:bottom, left:right])

    def test_join__every_pixel_once(self):
        one, other = Region(1, 1, np.ones((2, 2), dtype=bool)), Region(2, 2, np.ones((2, 3), dtype=bool))
        both = join_regions([one, other])
        assert (both.left, both.top, both.pixels.shape) == (1, 1, (3, 4))
        assert both.pixels.sum() == 4 + 6 - 1

    @pytest.mark.parametrize("corner", [(3, 2), (-0.4, 20), (33, 25), (39.9, 29.9)])
    def test_outline__as_drawn_into_the_picture(self, corner):
        """At the edges too, beyond which corners may lie by a rounding."""
        ring = np.array(corner) + np.array([(0.4, 0.4), (7.6, 1.2), (5.0, 6.8)])
        ring = ring.clip((-0.4, 0), (40, 30))
        picture = np.zeros((30, 40), dtype=np.uint8)
        cv2.fillPoly(picture, [ring.astype(np.int32)], 1)
        assert np.array_equal(outline_region(ring, 40, 30).window(0, 0, 40, 30), picture.astype(bool))

    def test_overlaps__as_of_whole_masks(self):
        generator = np.random.default_rng(0)
        regions = [
            Region(int(x), int(y), generator.random((9, 12)) < 0.5) for x, y in generator.integers(0, 30, (12, 2))
        ]
        whole = np.array([region.window(0, 0, 50, 50) for region in regions])
        first, second = whole[:7, None], whole[None, 7:]
        expected = (first & second).sum((2, 3)) / (first | second).sum((2, 3))
        np.testing.assert_allclose(region_overlaps(regions[:7], regions[7:]), expected)
        assert 0 < (expected > 0).sum() < expected.size
        assert region_overlaps([], regions).shape == (0, 12)


def test_above__by_the_threshold_of_each_class():
    found = FoundDefects(np.array([0, 1, 0]), np.array([0.9, 0.5, 0.3]), np.arange(12.0).reshape(3, 4))
    assert found.above(np.array([0.3, 0.4])).confidence.tolist() == [0.9, 0.5]
    assert found.above(np.array([0.0, 0.5])).confidence.tolist() == [0.9, 0.3]


class TestFromResults:
    def results(self, boxes, masks=None, size=(100, 160)):
        image = np.zeros((*size, 3), dtype=np.uint8)
        data = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 6)
        return Results(image, path="a.png", names={0: "a", 1: "b"}, boxes=data, masks=masks)

    def test_boxes__in_falling_confidence(self):
        found = found_in(self.results([(1, 2, 3, 4, 0.25, 1), (5, 6, 7, 8, 0.5, 0)]))
        assert found.numbers.tolist() == [0, 1]
        assert found.confidence.tolist() == [0.5, 0.25]
        assert found.boxes.tolist() == [[5, 6, 7, 8], [1, 2, 3, 4]]
        assert found.regions is None

    def test_nothing(self):
        assert found_in(self.results([])).boxes.shape == (0, 4)

    @pytest.mark.parametrize(("size", "net"), [((100, 160), (64, 96)), ((300, 201), (128, 96)), ((75, 33), (160, 96))])
    def test_masks__as_ultralytics_scales_them(self, size, net):
        """Taken out of the letterbox and scaled, inside the box: all but some pixels of the edge are the same."""
        height, width = size
        y, x = np.mgrid[: net[0], : net[1]]
        mask = torch.tensor(np.hypot(x - net[1] * 0.45, y - net[0] * 0.5) < 20, dtype=torch.float32)[None]
        whole = scale_masks(mask[None], size)[0, 0].numpy() > 0.5
        rows, columns = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
        box = (columns[0] + 0.4, rows[0] + 0.3, columns[-1] + 0.7, rows[-1] + 0.6)
        found = found_in(self.results([(*box, 0.5, 0)], masks=mask, size=size))
        cut = found.regions[0].window(0, 0, width, height)
        edge = 2 * (width + height)
        assert (cut != whole).sum() <= 0.02 * edge
        assert whole.sum() > 200

    def test_mask_of_a_box_outside__empty(self):
        found = found_in(self.results([(170, 5, 180, 9, 0.5, 0)], masks=torch.ones(1, 64, 96)))
        assert not found.regions[0].pixels.size
