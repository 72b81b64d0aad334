"""Things that are no defects: reproducible, none in many pictures, each visible and of moderate size."""

import numpy as np
import pytest

from lidd_yolo.data.demo import distractors
from lidd_yolo.data.demo.distractors import add_distractors

SIZE = 96
THINGS = list(distractors._THINGS)
OVER_ALL = {"_grooves", "_part_edge", "_shadow", "_weld_bead", "_highlight"}
"""Things that may change most of a picture."""


def _ground(size=SIZE, level=120.0):
    return np.full((size, size, 3), level, dtype=np.float32)


def _changed(draw, seed, size=SIZE):
    picture = _ground(size)
    draw(np.random.default_rng(seed), picture)
    return np.abs(picture - 120).max(axis=2)


class TestAddDistractors:
    def test_seeded_and_picture_stays(self):
        for seed in range(20):
            ground = _ground()
            first = add_distractors(np.random.default_rng(seed), ground)
            assert (ground == 120).all()
            assert (first.shape, first.dtype) == ((SIZE, SIZE, 3), np.float32)
            assert np.isfinite(first).all()
            np.testing.assert_array_equal(first, add_distractors(np.random.default_rng(seed), ground))

    def test_none_in_45_of_100(self):
        bare = [bool((add_distractors(np.random.default_rng(s), _ground()) == 120).all()) for s in range(400)]
        assert 0.38 < np.mean(bare) < 0.56  # some things lie outside the picture

    def test_one_to_three__from_below_to_above(self, monkeypatch):
        drawn = []

        def thing(number):
            return lambda *_: drawn.append(number)

        monkeypatch.setattr(distractors, "_THINGS", {thing(number): 1.0 for number in range(len(THINGS))})
        numbers = []
        for seed in range(300):
            drawn.clear()
            add_distractors(np.random.default_rng(seed), _ground())
            assert drawn == sorted(set(drawn))
            numbers.append(len(drawn))
        assert set(numbers) == {0, 1, 2, 3}
        assert numbers.count(1) > numbers.count(2) > numbers.count(3) > 0


@pytest.mark.parametrize("draw", THINGS, ids=lambda draw: draw.__name__.removeprefix("add_"))
class TestThings:
    def test_visible_in_most_pictures(self, draw):
        visible = [(_changed(draw, seed) > 8).sum() >= 12 for seed in range(40)]
        assert np.mean(visible) >= 0.8

    def test_most_of_the_ground_stays(self, draw):
        if draw.__name__ in OVER_ALL:
            share = [(_changed(draw, seed) > 60).mean() for seed in range(40)]
        else:
            share = [(_changed(draw, seed) > 8).mean() for seed in range(40)]
        assert np.median(share) < 0.25
        assert np.max(share) < 0.7

    @pytest.mark.parametrize("size", [64, 320])
    def test_any_size(self, draw, size):
        for seed in range(8):
            picture = _ground(size)
            draw(np.random.default_rng(seed), picture)
            assert (picture.shape, picture.dtype) == ((size, size, 3), np.float32)
            assert np.isfinite(picture).all()
            assert picture.min() > -400
            assert picture.max() < 700

    def test_varied(self, draw):
        amounts = [_changed(draw, seed).sum() for seed in range(40)]
        low, high = np.percentile(amounts, [15, 85])
        assert high > 1.4 * low
