"""The eight orientations against NumPy's own rotations; how two pictures agree when one is laid over the other."""

import itertools

import cv2
import numpy as np
import pytest

from lidd_yolo.data.groups.fingerprints import texture
from lidd_yolo.data.groups.overlap import MIN_SHARPNESS, MIN_SIMILARITY
from lidd_yolo.data.groups.placement import MATRICES, ORIENTATIONS, THEN_UNDOING, moved, place, shared_bounds, turned
from tests.helpers.plates import crop, plate
from tests.helpers.shots import turned_by_hand


def _scratched(seed, x):
    image = plate(seed, 160, 160).astype(float)
    image = 120 + (image - 120) * 0.2
    for right in (0, 14, 33, 41, 60, 77):
        cv2.line(image, (x + right, 0), (x + right, 159), 250, 3)
    return texture(image.astype(np.uint8))


class TestPlace:
    def test_shift__found_near_the_likely_one(self):
        whole = plate(0)
        found = place(texture(crop(whole, 0, 0)), texture(crop(whole, 30, 20)), (-27, -24), min_area=0.05)
        assert (found.dx, found.dy) == (-30, -20)
        assert found.area == 70 * 80 / 100**2
        assert 0.9 < found.similarity <= 1 + 1e-6
        assert found.sharpness > MIN_SHARPNESS

    def test_sizes__area_of_the_smaller(self):
        whole = plate(1)
        found = place(texture(whole[:100, :150]), texture(whole[20:80, 40:120]), (-40, -20), min_area=0.05)
        assert (found.dx, found.dy, found.area) == (-40, -20, 1.0)

    def test_parallel_scratches__similar_but_not_sharp(self):
        found = place(_scratched(2, 20), _scratched(3, 30), (10, 0), min_area=0.05)
        assert found.similarity > MIN_SIMILARITY
        assert found.sharpness < 0.9 * MIN_SHARPNESS
        same = place(_scratched(2, 20), _scratched(2, 20), (0, 0), min_area=0.05)
        assert same.sharpness > 2 * MIN_SHARPNESS

    def test_unrelated__noise(self):
        heights = []
        for seed in range(40):
            found = place(texture(plate(seed, 120, 120)), texture(plate(seed + 50, 120, 120)), (8, -9), min_area=0.05)
            heights += [found.sharpness] if found else []
        assert all(height < 0.6 * MIN_SHARPNESS for height in heights)

    def test_area__too_small(self):
        whole = plate(4)
        one, other = texture(crop(whole, 0, 0)), texture(crop(whole, 40, 0))
        assert place(one, other, (-40, 0), min_area=0.59) is not None
        assert place(one, other, (-40, 0), min_area=0.61) is None

    @pytest.mark.parametrize("shift", [(-97, 0), (0, 95), (150, 0), (-500, 300)])
    def test_hardly_touching__none(self, shift):
        image = texture(crop(plate(5), 0, 0))
        assert place(image, image, shift, min_area=0.0) is None

    def test_blank__none(self):
        flat = np.zeros((60, 60), np.int8)
        assert place(flat, flat, (0, 0), min_area=0.05) is None


class TestSharedBounds:
    @pytest.mark.parametrize(
        ("shift", "bounds"),
        [
            ((0, 0), (0, 60, 0, 70)),
            ((-10, 20), (0, 40, 10, 80)),
            ((25, -40), (40, 100, 0, 45)),
            ((80, 0), (0, 60, 0, 0)),
        ],
    )
    def test_by_hand(self, shift, bounds):
        # 100 rows of 80 columns against 60 rows of 70; 20 further down, only the second one's rows 20-59 are shared.
        assert shared_bounds((100, 80), (60, 70), shift) == bounds


class TestTurned:
    def test_each_bit__by_hand(self):
        image = np.array([[1, 2, 3], [4, 5, 6]])
        assert turned(image, 0).tolist() == [[1, 2, 3], [4, 5, 6]]
        assert turned(image, 1).tolist() == [[3, 2, 1], [6, 5, 4]]
        assert turned(image, 2).tolist() == [[4, 5, 6], [1, 2, 3]]
        assert turned(image, 4).tolist() == [[1, 4], [2, 5], [3, 6]]
        assert turned(image, 5).tolist() == [[3, 6], [2, 5], [1, 4]]  # mirrored first, then swapped

    def test_all__the_rotations_and_mirrorings_of_a_picture(self):
        image = np.arange(12).reshape(3, 4)
        ours = {turned(image, number).tobytes() for number in range(ORIENTATIONS)}
        assert ours == {turned_by_hand(image, number).tobytes() for number in range(8)}
        assert len(ours) == 8


class TestThenUndoing:
    @pytest.mark.parametrize(("first", "undone"), list(itertools.product(range(ORIENTATIONS), repeat=2)))
    def test_on_pictures(self, first, undone):
        image = np.arange(12).reshape(3, 4)
        again = turned(turned(image, int(THEN_UNDOING[first, undone])), undone)
        assert again.tolist() == turned(image, first).tolist()


class TestMoved:
    @pytest.mark.parametrize("number", range(ORIENTATIONS))
    def test_point__stays_on_its_pixel(self, number):
        image = np.zeros((5, 7), np.uint8)
        image[1, 4] = 1
        [[x, y]] = moved(np.array([[4, 1]]), np.array([number]), np.array([[7, 5]])).tolist()
        assert np.argwhere(turned(image, number)).tolist() == [[y, x]]

    def test_matrices__what_happens_to_an_offset(self):
        corners, size = np.array([[2, 3], [3, 3]]), np.array([[9, 9]] * 2)
        for number in range(ORIENTATIONS):
            start, end = moved(corners, np.full(2, number), size)
            assert (end - start).tolist() == MATRICES[number][:, 0].tolist()
