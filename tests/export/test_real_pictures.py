"""Pictures as inputs: which are chosen, and how they are fitted."""

import cv2
import numpy as np
import pytest
import torch
from ultralytics.data.augment import LetterBox

from lidd_yolo.export.reference import choose_pictures, read_input
from tests.helpers.folders import picture


class TestChoose:
    def test_spread__over_the_whole_split(self, tiny):
        names = [file.stem for file in choose_pictures(tiny, "train", 4)]
        assert names == ["1", "3", "5", "7"]  # of 0 to 7, the middle of each quarter

    def test_more_than_there_are__all(self, tiny):
        assert choose_pictures(tiny, "val", 99) == list(tiny.pictures["val"])

    @pytest.mark.parametrize(("split", "count", "told"), [("test", 4, "no pictures in test"), ("val", 0, "1 or more")])
    def test_none__says_why(self, tiny, split, count, told):
        with pytest.raises(ValueError, match=told):
            choose_pictures(tiny, split, count)


class TestRead:
    def test_colour__rgb_between_0_and_1(self, tmp_path):
        pixels = np.zeros((4, 4, 3), np.uint8)
        pixels[..., 0] = 255  # OpenCV's order begins with blue
        file = tmp_path / "blue.png"
        assert cv2.imwrite(str(file), pixels)
        (read,) = read_input([file], (4, 4))
        assert read.dtype == torch.float32
        assert read.mean((1, 2)).tolist() == [0, 0, 1]

    def test_wide__grey_border_above_and_below(self, tmp_path):
        read = read_input([picture(tmp_path / "wide.png", 20, 10, value=255)], (40, 40))
        assert read.shape == (1, 3, 40, 40)
        assert read[0, :, 10:30].min() == 1
        border = torch.cat((read[0, :, :10], read[0, :, 30:]), 1)
        assert border.unique().tolist() == pytest.approx([114 / 255])

    def test_values__as_the_predictor_of_ultralytics(self, pictures):
        got = read_input(pictures, (32, 64))
        for file, one in zip(pictures, got, strict=True):
            want = LetterBox((32, 64))(image=cv2.imread(str(file)))[..., ::-1].transpose(2, 0, 1) / 255
            np.testing.assert_allclose(one, want, atol=1e-6)

    def test_grey__one_channel(self, pictures):
        assert read_input(pictures[:1], (64, 64), channels=1).shape == (1, 1, 64, 64)

    def test_damaged__named(self, tmp_path):
        file = tmp_path / "cut.png"
        file.write_bytes(b"\x89PNG")
        with pytest.raises(ValueError, match=r"cut.png: it cannot be decoded"):
            read_input([file], (64, 64))
