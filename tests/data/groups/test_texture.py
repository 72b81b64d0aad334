"""Texture: what it keeps, what it takes off, and how pictures are shrunk."""

import numpy as np
import pytest

from lidd_yolo.data.groups.texture import STEPS, as_floats, blurred, shrink_factor, texture
from tests.helpers.plates import plate


class TestTexture:
    def test_exposure__makes_no_difference(self):
        image = plate(0, 120, 120).astype(float)
        dark = (0.7 * image + 20).astype(np.uint8)
        difference = texture(image.astype(np.uint8)).astype(int) - texture(dark)
        assert np.abs(difference).max() <= 3
        assert texture(dark).std() > 10

    def test_lighting__taken_off(self):
        slope = np.tile(np.linspace(0, 255, 200), (200, 1)).astype(np.uint8)
        assert np.abs(texture(slope)[30:-30, 30:-30]).max() <= 4

    def test_flat__nothing(self):
        assert not texture(np.full((40, 50), 90, np.uint8)).any()

    def test_strong_and_faint_regions__alike(self):
        image = plate(1, 120, 240).astype(float) - 120
        image[:, :120] *= 0.2
        found = texture((image + 120).clip(0, 255).astype(np.uint8))
        assert 0.6 < found[:, :100].std() / found[:, 140:].std() < 1.1

    def test_factor__size(self):
        assert texture(plate(0, 100, 300), 0.5).shape == (50, 150)
        assert texture(plate(0, 1, 300), 0.1).shape == (1, 30)

    def test_input__unchanged(self):
        image = plate(0, 60, 60)
        before = image.copy()
        texture(image)
        assert np.array_equal(image, before)


class TestShrinkFactor:
    @pytest.mark.parametrize(("shapes", "factor"), [([(200, 100)], 1), ([(50, 50), (512, 100)], 0.5), ([], 1)])
    def test_longest_side__of_all_pictures(self, shapes, factor):
        assert shrink_factor([np.zeros(shape, np.uint8) for shape in shapes]) == factor


class TestFloats:
    def test_as_floats__unit(self):
        found = as_floats(np.array([[STEPS, -STEPS // 2]], np.int8))
        assert found.tolist() == [[1.0, -0.5]]
        assert found.dtype == np.float32

    def test_blurred__keeps_the_sum_and_spreads(self):
        dot = np.zeros((41, 41), np.float32)
        dot[20, 20] = 1
        found = blurred(dot, 2.0)
        assert found.sum() == pytest.approx(1, abs=1e-5)
        # A Gaussian of 2 pixels has its peak at 1 / (2 pi 4).
        assert found[20, 20] == pytest.approx(1 / (8 * np.pi), rel=0.02)
