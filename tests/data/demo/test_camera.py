"""The camera of generated pictures: reproducible, grey or colour, and faint defects survive it."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.demo import camera
from lidd_yolo.data.demo.camera import encode, expose

SIZE = 96
SEEDS = range(150)


def _flat(level=120.0, size=SIZE):
    return np.full((size, size, 3), level, dtype=np.float32)


def _exposed(picture, seed):
    return expose(np.random.default_rng(seed), picture)


def _is_grey(image):
    return bool((image == image[..., :1]).all())


class TestExpose:
    def test_expose__seeded_and_picture_stays(self):
        picture = _flat()
        for seed in range(20):
            first = _exposed(picture, seed)
            assert (first.shape, first.dtype) == ((SIZE, SIZE, 3), np.uint8)
            np.testing.assert_array_equal(first, _exposed(picture, seed))
        assert (picture == 120).all()
        assert (first != _exposed(picture, 50)).mean() > 0.5

    def test_expose__about_half_are_grey(self):
        picture = np.dstack([_flat()[..., 0] - 40, _flat()[..., 1], _flat()[..., 2] + 40])
        grey = np.mean([_is_grey(_exposed(picture, seed)) for seed in SEEDS])
        assert 0.38 < grey < 0.62

    def test_expose__faint_defect_survives(self):
        """A blot of 7 pixels that is darker by 15 grey levels differs clearly from what surrounds it."""
        picture = _flat()
        blot, ring = np.zeros((2, SIZE, SIZE), dtype=np.uint8)
        cv2.circle(blot, (60, 40), 3, 1, cv2.FILLED)
        cv2.circle(ring, (60, 40), 10, 1, cv2.FILLED)
        cv2.circle(ring, (60, 40), 6, 0, cv2.FILLED)
        picture[blot > 0] -= 15
        steps = []
        for seed in SEEDS:
            image = _exposed(picture, seed).mean(axis=2)
            steps.append(image[ring > 0].mean() - image[blot > 0].mean())
        assert np.mean(np.array(steps) > 5) > 0.97

    @pytest.mark.parametrize("level", [0.0, 25.0, 230.0, 255.0])
    def test_expose__dark_and_bright_surfaces_are_not_lost(self, level):
        means = [_exposed(_flat(level), seed).mean() for seed in SEEDS]
        assert np.min(means) > 12
        assert np.max(means) < 245

    def test_expose__noise(self):
        """Of flat pictures neighbours differ by the noise alone: from next to nothing to a few grey levels."""
        noise = [np.diff(_exposed(_flat(), seed)[..., 1].astype(float), axis=1).std() / 2**0.5 for seed in SEEDS]
        assert np.min(noise) < 1.2
        assert 1.0 < np.median(noise) < 4
        assert np.max(noise) < 8

    def test_expose__light_is_uneven(self):
        spread = [np.ptp(cv2.blur(_exposed(_flat(), seed), (25, 25)).mean(axis=2)) for seed in SEEDS]
        assert np.percentile(spread, 90) > 30
        assert np.median(spread) < 60

    def test_expose__beyond_black_and_white(self):
        picture = _flat()
        picture[:, :30], picture[:, 60:] = -500, 900
        image = _exposed(picture, 3)
        assert image[:, :20].mean() < 20
        assert image[:, 75:].mean() > 235


class TestEncode:
    def test_encode__grey_file_of_equal_channels(self):
        image = np.repeat(np.arange(SIZE, dtype=np.uint8)[None, :, None], SIZE, axis=0).repeat(3, axis=2)
        stored = cv2.imdecode(np.frombuffer(encode(image, 95), dtype=np.uint8), cv2.IMREAD_UNCHANGED)
        assert stored.shape == (SIZE, SIZE)
        assert np.abs(stored - image[..., 0].astype(float)).max() < 4

    def test_encode__colours_stay(self):
        image = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
        image[...] = (200, 60, 20)
        stored = cv2.imdecode(np.frombuffer(encode(image, 90), dtype=np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_allclose(stored, image, atol=6)

    def test_encode__quality(self):
        image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
        sizes = [len(encode(image, quality)) for quality in (*camera.QUALITIES, 100)]
        assert sizes[0] < sizes[1] < sizes[2]
