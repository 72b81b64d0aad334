"""Texture without lighting, and fingerprints: the same however a picture is turned, spread over it."""

import numpy as np
import pytest

from lidd_yolo.data.groups.fingerprints import STEPS, Scale, as_floats, blurred, fingerprints, shrink_factor, texture
from lidd_yolo.data.groups.placement import ORIENTATIONS, moved, turned
from tests.helpers.plates import plate

SCALE = Scale(blur=1.0, step=2, cosine=0.9)


def _of(prints, picture):
    rows = prints.picture == picture
    return prints.position[rows], prints.orientation[rows], prints.vector[rows]


class TestFingerprints:
    def test_turned__same_fingerprints_at_the_same_spots(self):
        whole = texture(plate(0, 110, 90))
        prints = fingerprints([np.ascontiguousarray(turned(whole, number)) for number in range(ORIENTATIONS)], SCALE)
        position, _, vector = _of(prints, 0)
        assert len(position) > 30
        for number in range(1, ORIENTATIONS):
            there, _, theirs = _of(prints, number)
            where = moved(position, np.full(len(position), number), np.array([[90, 110]] * len(position))).tolist()
            index = {tuple(spot): row for row, spot in enumerate(there.tolist())}
            pairs = [(row, index[tuple(spot)]) for row, spot in enumerate(where) if tuple(spot) in index]
            # Cells begin at another corner, so a few dots differ.
            assert len(pairs) > 0.7 * len(position)
            mine, other = np.array(pairs).T
            assert np.median((vector[mine] * theirs[other]).sum(axis=1)) > 0.999

    def test_orientation__brings_the_patch_upright(self):
        whole = texture(plate(1, 100, 100))
        prints = fingerprints([whole, whole], SCALE)
        smooth, steps = blurred(as_floats(whole), SCALE.blur), np.arange(-4, 5)
        for (x, y), number in zip(*_of(prints, 0)[:2], strict=True):
            patch = turned(smooth[y - 8 : y + 9 : 2, x - 8 : x + 9 : 2], int(number))
            slope_x, slope_y = (patch * steps).sum(), (patch * steps[:, None]).sum()
            assert slope_x >= slope_y - 1e-4 >= -2e-4

    def test_cells__every_corner_gives_some_and_none_gives_all(self):
        position = _of(fingerprints([texture(plate(2, 200, 200))] * 2, SCALE), 0)[0]
        cells = np.zeros((4, 4), int)
        np.add.at(cells, (position[:, 1] // 50, position[:, 0] // 50), 1)
        assert cells.min() >= 8
        assert cells.max() <= 16

    def test_margin__whole_patches_only(self):
        position = _of(fingerprints([texture(plate(3, 100, 60))] * 2, SCALE), 0)[0]
        assert position.min() >= 8
        assert position[:, 0].max() < 60 - 8
        assert position[:, 1].max() < 100 - 8

    def test_vectors__of_length_one(self):
        vector = fingerprints([texture(plate(k, 80, 80)) for k in range(5)], SCALE).vector
        assert vector.shape[1] == 32
        assert np.linalg.norm(vector, axis=1) == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize("shape", [(1, 1), (16, 100), (100, 100)])
    def test_nothing_there__none(self, shape):
        flat = np.zeros(shape, np.int8)
        prints = fingerprints([flat, texture(plate(0, 80, 80)), flat], SCALE)
        assert set(prints.picture.tolist()) == {1}

    def test_no_dots_at_all(self):
        assert fingerprints([np.zeros((50, 50), np.int8)] * 2, SCALE).vector.shape == (0, 32)


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
