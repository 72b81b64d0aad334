"""The figure of overlapping crops is drawn from generated steel, the same each time."""

import cv2
import numpy as np
import pytest

from lidd_yolo.bench.photographs import draw_overlaps


class TestDrawOverlaps:
    def test_picture__every_plate_s_pair_the_same_each_time(self, tmp_path):
        counts = [draw_overlaps(tmp_path / "sub" / f"{name}.png") for name in "ab"]
        pictures = [cv2.imread(str(tmp_path / "sub" / f"{name}.png")) for name in "ab"]
        assert counts == [9, 9]
        assert pictures[0].shape == (3 * 248, 3 * 406, 3)
        np.testing.assert_array_equal(*pictures)

    def test_target__no_picture(self, tmp_path):
        with pytest.raises(ValueError, match=r"must end in \.jpg or \.png"):
            draw_overlaps(tmp_path / "a.txt")
