"""Steel textures: reproducible, streaked along the rolling direction, slowly lit."""

import numpy as np
import pytest

from lidd_yolo.data.demo.textures import FINISHES, Finish, smooth_noise, steel_texture


def _texture(finish, seed=0, size=128):
    return steel_texture(np.random.default_rng(seed), size, finish)


class TestSmoothNoise:
    def test_smooth_noise__as_many_knots_as_pixels_is_white(self):
        expected = np.random.default_rng(5).standard_normal((16, 16), dtype=np.float32)
        np.testing.assert_array_equal(smooth_noise(np.random.default_rng(5), 16, 16), expected)

    def test_smooth_noise__few_knots_vary_slowly(self):
        noise = smooth_noise(np.random.default_rng(0), 200, 5)
        assert noise.std() > 0.3
        assert np.abs(np.diff(noise, axis=0)).max() < 0.15

    def test_smooth_noise__own_number_of_columns(self):
        noise = smooth_noise(np.random.default_rng(0), 100, 50, 3)
        assert noise.shape == (100, 100)
        assert np.abs(np.diff(noise, axis=0)).mean() > 5 * np.abs(np.diff(noise, axis=1)).mean()


class TestSteelTexture:
    @pytest.mark.parametrize("finish", FINISHES)
    def test_steel_texture__seeded(self, finish):
        first = _texture(finish)
        assert first.shape == (128, 128)
        assert first.dtype == np.float32
        np.testing.assert_array_equal(first, _texture(finish))
        assert np.abs(first - _texture(finish, seed=1)).max() > 5

    @pytest.mark.parametrize("finish", FINISHES)
    def test_steel_texture__grey_levels(self, finish):
        low, high = FINISHES[finish].brightness
        means = [_texture(finish, seed).mean() for seed in range(12)]
        assert 0.9 * low - 5 < min(means) < max(means) < high + 5  # the lamp's fall-off takes a few per cent
        assert max(means) - min(means) > 0.3 * (high - low)
        assert 3 < _texture(finish).std() < 40

    @pytest.mark.parametrize("finish", ["hot-rolled", "pickled", "cold-rolled", "ground"])
    def test_steel_texture__streaks_along_rolling_direction(self, finish):
        picture = _texture(finish, size=256)
        fine = picture - np.asarray([np.convolve(c, np.ones(15) / 15, "same") for c in picture.T]).T
        fine = fine[20:-20]
        along = np.corrcoef(fine[:, :-3].ravel(), fine[:, 3:].ravel())[0, 1]
        across = np.corrcoef(fine[:-3].ravel(), fine[3:].ravel())[0, 1]
        assert along > across + 0.1

    @pytest.mark.parametrize("seed", range(6))
    def test_steel_texture__illumination_is_slow(self, seed, monkeypatch):
        bare = Finish((100, 100), grain=0, grain_length=5, bands=0, mottle=0, speckle=0)
        monkeypatch.setitem(FINISHES, "bare", bare)
        light = _texture("bare", seed)
        assert 1 < np.ptp(light) < 90
        assert 40 < light.min() < light.max() < 130
        assert max(np.abs(np.diff(light, axis=axis)).max() for axis in (0, 1)) < 1

    def test_steel_texture__unknown_finish(self):
        with pytest.raises(KeyError, match="gold"):
            _texture("gold")
