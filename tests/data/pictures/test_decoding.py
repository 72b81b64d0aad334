"""Pictures decoded within a limit."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.pictures import decoding
from lidd_yolo.data.pictures.decoding import NO_PICTURE, decode, decode_within
from tests.helpers.pictures import bombs, encoded, noise

_BOMBS = {**bombs(), **{f" 30000{ending}": data for ending, data in bombs(30000).items()}}


class TestDecodeWithin:
    def test_picture__as_opencv_decodes_it(self):
        image = noise(channels=1)
        pixels, reason = decode_within(encoded(image, ".png"), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(pixels, image)
        assert reason == ""

    @pytest.mark.parametrize("data", [b"", b"text", encoded(noise())[:300]])
    def test_no_picture__reason(self, data):
        assert decode_within(data, cv2.IMREAD_GRAYSCALE) == (None, NO_PICTURE)

    @pytest.mark.parametrize("ending", _BOMBS)
    def test_bomb__refused_by_its_header(self, ending):
        pixels, reason = decode_within(_BOMBS[ending], cv2.IMREAD_UNCHANGED)
        assert pixels is None
        assert reason in {f"its header says {side}x{side}, more than 100000000 pixels" for side in (30000, 60000)}

    def test_limit__the_last_pixel_counts(self, monkeypatch):
        data = encoded(noise(width=10, height=10), ".png")
        monkeypatch.setattr(decoding, "MAX_PIXELS", 100)
        assert decode_within(data, cv2.IMREAD_COLOR)[0] is not None
        monkeypatch.setattr(decoding, "MAX_PIXELS", 99)
        assert decode_within(data, cv2.IMREAD_COLOR) == (None, "its header says 10x10, more than 99 pixels")


class TestDecode:
    @pytest.mark.parametrize("data", [b"", b"rubbish", bombs()[".png"]])
    def test_nothing_to_decode__none(self, data):
        assert decode(data, cv2.IMREAD_COLOR) is None

    def test_good(self):
        image = noise()
        np.testing.assert_array_equal(decode(encoded(image, ".png"), cv2.IMREAD_COLOR), image)
