"""The parts of one picture belong together."""

import numpy as np
import pytest

from lidd_yolo.results.picture_result import LEVELS
from tests.helpers.picture_results import picture


class TestPictureResult:
    def test_picture_result__one_part_too_short(self):
        with pytest.raises(ValueError, match=r"a\.png: 1 confidences, \[1, 1, 0\]"):
            picture(found=[(0, 0.9, (0, 0, 1, 1))], correct=np.zeros((0, LEVELS), dtype=bool))

    def test_picture_result__masks_are_counted_too(self):
        with pytest.raises(ValueError, match="1 confidences"):
            picture(found=[(0, 0.9, (0, 0, 1, 1))], found_masks=())

    def test_picture_result__labels_without_boxes(self):
        with pytest.raises(ValueError, match=r"2 classes of 0 labels"):
            picture(truth_class=np.array([0, 1]))

    def test_picture_result__confidences_fall(self):
        with pytest.raises(ValueError, match="do not fall"):
            picture(found=[(0, 0.1, (0, 0, 1, 1)), (0, 0.2, (0, 0, 1, 1))])
