"""Pictures in memory: sizes, one scale for all, and what cannot be read."""

import struct
import zlib

import cv2
import numpy as np

from lidd_yolo.data.groups.pictures import LONGEST_SIDE, load_gray
from tests.helpers.plates import plate


def write(folder, **images):
    for name, image in images.items():
        cv2.imwrite(str(folder / f"{name}.png"), image)
    return [folder / f"{name}.png" for name in images]


class TestLoadGray:
    def test_small__pixels_kept(self, tmp_path):
        images = {"a": plate(0, 30, 40), "b": plate(1, 50, 20)}
        loaded = load_gray(write(tmp_path, **images))
        assert (loaded.places, loaded.shrunk, loaded.problems) == ([0, 1], 1, [])
        for found, image in zip(loaded.images, images.values(), strict=True):
            np.testing.assert_array_equal(found, image)

    def test_large__all_at_one_scale(self, tmp_path):
        """1200 px need a quarter; the picture read before them is shrunk as well, the one after from its file."""
        loaded = load_gray(write(tmp_path, a=plate(0, 100, 80), b=plate(1, 300, 1200), c=plate(2, 200, 200)))
        assert loaded.shrunk == 4
        assert [image.shape for image in loaded.images] == [(25, 20), (75, 300), (50, 50)]
        assert max(side for image in loaded.images for side in image.shape) <= LONGEST_SIDE

    def test_large__mean_brightness_kept(self, tmp_path):
        image = plate(3, 1040, 1040)
        [small] = load_gray(write(tmp_path, a=image)).images
        assert small.shape == (260, 260)
        np.testing.assert_allclose(small[0, 0], image[:4, :4].mean(), atol=1)

    def test_colours__gray(self, tmp_path):
        [found] = load_gray(write(tmp_path, a=np.full((4, 4, 3), (10, 20, 30), np.uint8))).images
        assert found.shape == (4, 4)

    def test_more_pixels_than_memory__not_decoded(self, tmp_path):
        """A PNG of few bytes that says it is 60 000 x 60 000; only its header is looked at."""
        head = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
        chunk = b"IHDR" + head
        data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        (tmp_path / "bomb.png").write_bytes(data)
        [problem] = load_gray([tmp_path / "bomb.png"]).problems
        assert problem.reason == "its header says 60000x60000, more than 100000000 pixels"

    def test_unreadable__named_and_the_others_read(self, tmp_path):
        [good] = write(tmp_path, good=plate(0, 10, 10))
        (tmp_path / "empty.png").write_bytes(b"")
        (tmp_path / "text.png").write_text("no picture")
        loaded = load_gray([tmp_path / "empty.png", tmp_path / "gone.png", good, tmp_path / "text.png"])
        assert loaded.places == [2]
        assert [(p.file.name, p.reason.split(" (")[0]) for p in loaded.problems] == [
            ("empty.png", "it cannot be decoded as a picture"),
            ("gone.png", "it cannot be read"),
            ("text.png", "it cannot be decoded as a picture"),
        ]
