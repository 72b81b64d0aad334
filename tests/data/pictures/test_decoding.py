"""Pictures decoded within a limit."""

import sys
from contextlib import contextmanager
from pathlib import Path

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

    @pytest.mark.skipif(sys.platform != "linux", reason="no limit on a process's memory there")
    @pytest.mark.parametrize("ending", [".png", ".jpg", ".bmp", ".tif"])
    def test_too_little_memory__no_fault_of_the_picture(self, ending):
        data = encoded(np.zeros((4000, 4000, 3), np.uint8), ending)
        decode(encoded(noise(), ending), cv2.IMREAD_COLOR)  # what OpenCV loads at its first use
        with little_memory(16), pytest.raises(MemoryError, match="a picture of 4000x4000 pixels does not fit"):
            decode(data, cv2.IMREAD_COLOR)
        assert decode(data, cv2.IMREAD_REDUCED_GRAYSCALE_8) is not None


@contextmanager
def little_memory(megabytes):
    """Let this process take no more than some megabytes beside what it has."""
    import resource  # noqa: PLC0415 - not on Windows

    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + megabytes * 2**20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
