"""Photographs of generated plates: what two of them share, by hand and pixel by pixel."""

import numpy as np
import pytest

from lidd_yolo.bench import photographs
from lidd_yolo.bench.photographs import Photograph, photograph, shared_areas

EMPTY = np.zeros((200, 200), np.uint8)


class TestPhotograph:
    def test_shares__by_hand(self):
        first = Photograph(EMPTY, 0, 10, 20)
        assert first.shares(Photograph(EMPTY, 0, 110, 70)) == 100 * 150 / 200**2
        assert first.shares(Photograph(EMPTY, 0, 210, 20)) == 0
        assert first.shares(Photograph(EMPTY, 1, 10, 20)) == 0

    def test_taken__crops_of_the_plate_they_name(self, monkeypatch):
        ramp = np.add.outer(np.arange(260) / 2, np.arange(260) / 4).astype(np.float32)
        monkeypatch.setattr(photographs, "steel_texture", lambda *_: ramp.copy())
        monkeypatch.setattr(photographs, "_DEFECTS", 0)
        for shot in photograph(np.random.default_rng(0), 2, 3, plate_side=260):
            # On a ramp the mean is the value in the middle of the crop, whatever the orientation.
            middle = (shot.y + 99.5) / 2 + (shot.x + 99.5) / 4
            assert shot.image.mean() == pytest.approx(middle, rel=0.11)
            assert shot.image.shape == (200, 200)

    def test_seed__the_same_again(self):
        one, other = (photograph(np.random.default_rng(3), 1, 2, plate_side=260) for _ in range(2))
        assert all(np.array_equal(a.image, b.image) for a, b in zip(one, other, strict=True))


class TestSharedAreas:
    def test_by_hand(self):
        places = [(0, 0, 0), (0, 100, 0), (0, 200, 0), (1, 0, 0), (1, 0, 0)]
        taken = [Photograph(EMPTY, *place) for place in places]
        assert shared_areas(taken) == {(0, 1): 0.5, (1, 2): 0.5, (3, 4): 1.0}

    def test_none(self):
        assert shared_areas([]) == {}
