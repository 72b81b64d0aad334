"""Equal pictures, in any orientation, and pictures that merely have the same grey levels."""

import numpy as np
import pytest

from lidd_yolo.data.groups.orientation import COUNT, turned
from lidd_yolo.data.groups.overlap import equal_pictures
from tests.helpers.plates import plate
from tests.helpers.shots import turned_by_hand


class TestEqualPictures:
    @pytest.mark.parametrize("number", range(COUNT))
    def test_turned__found_with_the_orientation_back(self, number):
        image = plate(0)[:30, :40]
        other = turned_by_hand(image, number)
        [(index, (first, orientation))] = equal_pictures([plate(1)[:30, :40], image, other]).items()
        assert (index, first) == (2, 1)
        assert np.array_equal(turned(other, orientation), image)

    def test_several__each_with_the_first(self):
        a, b = plate(0)[:20, :20], plate(1)[:20, :20]
        assert equal_pictures([a, b, a, b, a]) == {2: (0, 0), 3: (1, 0), 4: (0, 0)}

    def test_same_grey_levels__not_equal(self):
        image = plate(0)[:20, :20]
        shuffled = np.random.default_rng(0).permutation(image.ravel()).reshape(20, 20)
        assert equal_pictures([image, shuffled, image.reshape(10, 40)]) == {}

    def test_one_pixel__not_equal(self):
        image = plate(0)[:20, :20]
        other = image.copy()
        other[3, 4] ^= 1
        assert equal_pictures([image, other]) == {}

    def test_flat__equal_without_texture(self):
        assert equal_pictures([np.full((5, 9), 7, np.uint8), np.full((9, 5), 7, np.uint8)]) == {1: (0, 4)}
