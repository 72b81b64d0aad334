"""1 000 damaged pictures: no crash, no hang, and what was certainly damaged is reported with its file.

A tenth of them in a plain run, see `tests.helpers.fuzzing`.
"""

import struct

import numpy as np
import pytest

from lidd_yolo.data.checks.picture import check_picture
from tests.helpers.fuzzing import in_time, rounds
from tests.helpers.pictures import bombs, encoded, frames, noise, pillow, turned_by_exif

PICTURES = {
    "grey.jpg": encoded(noise(1, channels=1)),
    "colour.jpg": encoded(noise(2, 90, 70)),
    "progressive.jpg": pillow("RGB", "JPEG", progressive=True),
    "cmyk.jpg": pillow("CMYK", "JPEG"),
    "turned.jpg": turned_by_exif(6),
    "colour.png": encoded(noise(3), ".png"),
    "palette.png": pillow("P", "PNG"),
    "deep.png": encoded(noise(4).astype(np.uint16) * 200, ".png"),
    "moving.png": frames("PNG"),
    "colour.bmp": encoded(noise(5), ".bmp"),
    "colour.tif": encoded(noise(6), ".tiff"),
    "deep.tif": pillow("I;16", "TIFF"),
    "colour.webp": encoded(noise(7), ".webp"),
    "alpha.webp": pillow("RGBA", "WEBP"),
    "moving.gif": frames("GIF"),
}
BAD = {"picture-empty", "picture-text", "picture-unreadable", "picture-truncated", "picture-too-large"}


def _check(path, data):
    path.write_bytes(data)
    facts = in_time(lambda: check_picture(path))
    assert {problem.file for problem in facts.problems} <= {path}
    return {problem.kind for problem in facts.problems}


class TestPictureFuzz:
    @pytest.mark.parametrize("name", PICTURES)
    def test_untouched__readable(self, tmp_path, name):
        assert not _check(tmp_path / name, PICTURES[name]) & BAD

    def test_cut_short__always_reported(self, tmp_path):
        rng = np.random.default_rng(1)
        names = [name for name in PICTURES if not name.endswith(".tif")]  # there, a part may hold all pixels
        for _ in range(rounds(350)):
            name = names[rng.integers(len(names))]
            data = PICTURES[name]
            # what follows the end of the picture does not count, so at least 9 bytes are taken
            length = int(rng.integers(0, len(data) - 9))
            assert _check(tmp_path / name, data[:length]) & BAD, (name, length)

    def test_png_with_a_flipped_bit__always_reported(self, tmp_path):
        rng = np.random.default_rng(2)
        names = [name for name in PICTURES if name.endswith(".png")]
        for _ in range(rounds(150)):
            name = names[rng.integers(len(names))]
            data = bytearray(PICTURES[name])
            at = int(rng.integers(len(data)))
            data[at] ^= 1 << int(rng.integers(8))
            assert _check(tmp_path / name, bytes(data)) & BAD, (name, at)

    def test_bytes_changed_anywhere__no_crash(self, tmp_path):
        rng = np.random.default_rng(3)
        for _ in range(rounds(350)):
            name = list(PICTURES)[rng.integers(len(PICTURES))]
            data = bytearray(PICTURES[name])
            for _ in range(int(rng.integers(1, 6))):
                at = int(rng.integers(min(len(data), 200 if rng.random() < 0.5 else len(data))))
                length = int(rng.integers(1, 9))
                data[at : at + length] = (b"\xff" * length, b"\0" * length, rng.bytes(length))[rng.integers(3)]
            _check(tmp_path / name, bytes(data))

    def test_promises_of_any_size__never_kept(self, tmp_path):
        rng = np.random.default_rng(4)
        for _ in range(rounds(100)):
            side = int(rng.integers(10_001, 65_535))
            ending, data = list(bombs(side).items())[rng.integers(6)]
            assert "picture-too-large" in _check(tmp_path / f"a{ending}", data), (ending, side)

    def test_another_thing_named_as_a_picture__always_reported(self, tmp_path):
        rng = np.random.default_rng(5)
        for _ in range(rounds(50)):
            things = [b"", b"<html>\n", b"{}", b"PK\3\4" + rng.bytes(50), b"%PDF-1.7", struct.pack("<d", 1.5) * 9]
            assert _check(tmp_path / "a.jpg", things[rng.integers(6)]) & BAD
