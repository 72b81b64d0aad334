"""Surfaces of the corpus: finite, reproducible, of plausible grey levels, varied, without repeated tiles."""

import numpy as np
import pytest

from lidd_yolo.data.demo.surfaces import SURFACES, draw_surface

_SIZES = (64, 160, 224, 320)


def _surface(name, seed=0, size=96):
    return draw_surface(np.random.default_rng(seed), name, size)


class TestDrawSurface:
    def test_draw_surface__many_families(self):
        assert len(SURFACES) == len(set(SURFACES)) >= 18

    @pytest.mark.parametrize("name", SURFACES)
    @pytest.mark.parametrize("size", _SIZES)
    def test_draw_surface__finite_and_plausible(self, name, size):
        for seed in range(3):
            picture = _surface(name, seed, size)
            assert picture.shape == (size, size, 3)
            assert picture.dtype == np.float32
            assert picture.flags.c_contiguous
            assert np.isfinite(picture).all()
            assert 15 < picture.mean() < 240
            assert picture.std(axis=(0, 1)).max() > 0.5

    @pytest.mark.parametrize("name", SURFACES)
    def test_draw_surface__seeded(self, name):
        first = _surface(name, seed=3)
        np.testing.assert_array_equal(first, _surface(name, seed=3))
        assert np.abs(first - _surface(name, seed=4)).max() > 3

    @pytest.mark.parametrize("name", SURFACES)
    def test_draw_surface__depends_on_its_generator_only(self, name):
        expected = _surface(name, seed=5)
        np.random.seed(1)  # noqa: NPY002
        _surface(name, seed=6)
        np.testing.assert_array_equal(_surface(name, seed=5), expected)

    @pytest.mark.parametrize("name", SURFACES)
    def test_draw_surface__two_pictures_of_one_generator_differ(self, name):
        rng = np.random.default_rng(7)
        first, second = draw_surface(rng, name, 96), draw_surface(rng, name, 96)
        assert np.abs(first - second).mean() > 0.3

    @pytest.mark.parametrize("name", SURFACES)
    def test_draw_surface__quarters_are_no_copies(self, name):
        picture = _surface(name, seed=8, size=128)
        assert np.abs(picture[:64] - picture[64:]).mean() > 0.2
        assert np.abs(picture[:, :64] - picture[:, 64:]).mean() > 0.2

    @pytest.mark.parametrize("name", SURFACES)
    def test_draw_surface__brightness_varies(self, name):
        means = [_surface(name, seed).mean() for seed in range(16)]
        assert max(means) - min(means) > 20

    def test_draw_surface__grey_and_coloured_ones(self):
        coloured = [np.ptp(_surface(name, seed, 64), axis=2).max() > 1 for name in SURFACES for seed in range(3)]
        assert 0.3 < np.mean(coloured) < 0.9

    def test_draw_surface__unknown_name(self):
        with pytest.raises(KeyError):
            _surface("velvet paper")
