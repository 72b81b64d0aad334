"""The eight orientations: against NumPy's own rotations, and points against the pixels they stand for."""

import itertools

import numpy as np
import pytest

from lidd_yolo.data.groups.orientation import COUNT, MATRICES, THEN_UNDOING, moved, turned
from tests.helpers.shots import turned_by_hand


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
        ours = {turned(image, number).tobytes() for number in range(COUNT)}
        assert ours == {turned_by_hand(image, number).tobytes() for number in range(8)}
        assert len(ours) == 8


class TestThenUndoing:
    @pytest.mark.parametrize(("first", "undone"), list(itertools.product(range(COUNT), repeat=2)))
    def test_on_pictures(self, first, undone):
        image = np.arange(12).reshape(3, 4)
        again = turned(turned(image, int(THEN_UNDOING[first, undone])), undone)
        assert again.tolist() == turned(image, first).tolist()


class TestMoved:
    @pytest.mark.parametrize("number", range(COUNT))
    def test_point__stays_on_its_pixel(self, number):
        image = np.zeros((5, 7), np.uint8)
        image[1, 4] = 1
        [[x, y]] = moved(np.array([[4, 1]]), np.array([number]), np.array([[7, 5]])).tolist()
        assert np.argwhere(turned(image, number)).tolist() == [[y, x]]

    def test_matrices__what_happens_to_an_offset(self):
        corners, size = np.array([[2, 3], [3, 3]]), np.array([[9, 9]] * 2)
        for number in range(COUNT):
            start, end = moved(corners, np.full(2, number), size)
            assert (end - start).tolist() == MATRICES[number][:, 0].tolist()
