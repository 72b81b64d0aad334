"""Pictures decoded within a limit."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
import ultralytics
from packaging import version
from ultralytics.utils.patches import imread

from lidd_yolo.data.pictures import decoding
from lidd_yolo.data.pictures.decoding import NO_PICTURE, decode, decode_as_training, decode_within
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
        """In a process of its own: a large one may have freed as much before, which no limit takes from it again."""
        code = f"from tests.data.pictures.test_decoding import decode_with_little_memory as f; f({ending!r})"
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=True)


def decode_with_little_memory(ending):
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


def tiff(*pages):
    done, data = cv2.imencodemulti(".tiff", list(pages))
    assert done
    return data.tobytes()


DEEP = (noise(3, channels=4).astype(np.uint16) << 8) + noise(4, channels=4)
GREY = [np.ascontiguousarray(noise(5, channels=4)[..., band]) for band in range(4)]
CASES = {
    "grey.png": encoded(GREY[0], ".png"),
    "colours.jpg": encoded(noise()),
    "transparent.png": encoded(noise(channels=4), ".png"),
    "deep grey.png": encoded(DEEP[..., 0], ".png"),
    "deep grey.tif": encoded(DEEP[..., 0], ".tif"),
    "deep colours.tif": encoded(DEEP[..., :3], ".tif"),
    "deep four.png": encoded(DEEP, ".png"),
    "four.tif": encoded(noise(channels=4), ".tif"),
    "pages.tiff": tiff(*GREY),
    "unequal pages.tiff": tiff(GREY[0], GREY[1][:9]),
}


class TestAsTraining:
    @pytest.mark.parametrize("channels", [1, 3, 4])
    @pytest.mark.parametrize("name", CASES)
    def test_pixels__those_of_stock(self, name, channels, tmp_path):
        file = tmp_path / name
        file.write_bytes(CASES[name])
        stock = imread(file, {1: cv2.IMREAD_GRAYSCALE, 3: cv2.IMREAD_COLOR}.get(channels, cv2.IMREAD_UNCHANGED))
        if version.parse(ultralytics.__version__) < version.parse("8.4.190"):
            pytest.skip("older releases read 16 bits and TIFFs in other ways")
        pixels, _ = decode_as_training(CASES[name], file.suffix, channels)
        np.testing.assert_array_equal(pixels, stock)
        assert pixels.dtype == np.uint8

    def test_deep__keeps_16_bits(self):
        pixels, _ = decode_as_training(CASES["deep four.png"], ".png", 4, deep=True)
        np.testing.assert_array_equal(pixels, DEEP)

    def test_no_picture__reason(self):
        assert decode_as_training(b"text", ".tif", 4) == (None, NO_PICTURE)
