"""One picture, whole or damaged in every known way."""

import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from lidd_yolo.data.checks import picture
from lidd_yolo.data.checks.picture import check_picture
from tests.helpers.pictures import bombs, encoded, frames, noise, pillow, turned_by_exif

HTML = b"<!DOCTYPE html>\n<html><body>404</body></html>\n"


def _kinds(tmp_path, name, data, **options):
    (tmp_path / name).write_bytes(data)
    return [finding.kind for finding in check_picture(tmp_path / name, **options).problems]


class TestCheckPicture:
    @pytest.mark.parametrize("ending", [".jpg", ".png", ".bmp", ".tiff", ".webp"])
    def test_good__nothing(self, tmp_path, ending):
        assert _kinds(tmp_path, f"a{ending}", encoded(noise(), ending)) == []

    @pytest.mark.parametrize(
        ("name", "data", "kinds"),
        [
            ("a.jpg", b"", ["picture-empty"]),
            ("a.jpg", HTML, ["picture-text"]),
            ("a.jpg", bytes(range(256)), ["picture-unreadable"]),
            ("a.jpg", encoded(noise())[:10], ["picture-unreadable"]),
            ("a.jpg", encoded(noise())[:900], ["picture-truncated"]),
            ("a.png", encoded(noise(), ".png")[:-20], ["picture-truncated"]),
            ("a.png", encoded(noise().astype(np.uint16) * 16, ".png"), ["picture-16-bit"]),
            ("a.tif", pillow("I;16", "TIFF"), ["picture-16-bit"]),
            ("a.tif", encoded(np.ones((30, 40), np.float32), ".tif"), ["picture-unreadable"]),
            ("a.tif", encoded(np.ones((30, 40), np.int32), ".tif"), ["picture-unreadable"]),
            ("a.png", encoded(noise(width=9), ".png"), ["picture-small"]),
            ("a.png", pillow("RGBA", "PNG"), ["picture-alpha"]),
            ("a.jpg", pillow("CMYK", "JPEG"), ["picture-cmyk"]),
            ("a.png", pillow("P", "PNG"), ["picture-palette"]),
            ("a.jpg", turned_by_exif(6), ["picture-rotated"]),
            ("a.jpg", turned_by_exif(1), []),
            ("a.png", frames("PNG"), ["picture-animated"]),
            ("a.jpg", encoded(noise(), ".png"), ["picture-ending"]),
            ("a.JPEG", encoded(noise()), []),
        ],
    )
    def test_fault__its_kind(self, tmp_path, name, data, kinds):
        assert _kinds(tmp_path, name, data) == kinds

    def test_missing(self, tmp_path):
        facts = check_picture(tmp_path / "a.jpg")
        assert [f.kind for f in facts.problems] == ["picture-missing"]
        assert not facts.usable

    def test_folder_in_its_place(self, tmp_path):
        (tmp_path / "a.jpg").mkdir()
        assert not check_picture(tmp_path / "a.jpg").usable

    def test_text__its_beginning_is_shown(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(HTML)
        assert "beginning with '<!DOCTYPE html>'" in check_picture(tmp_path / "a.jpg").problems[0].reason

    def test_limit__one_pixel_more(self, tmp_path):
        assert _kinds(tmp_path, "a.jpg", encoded(noise()), max_pixels=1200) == []
        assert _kinds(tmp_path, "a.jpg", encoded(noise()), max_pixels=1199) == ["picture-too-large"]

    def test_file_too_long__not_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(picture, "MAX_BYTES", 100)
        assert _kinds(tmp_path, "a.jpg", encoded(noise())) == ["picture-too-large"]

    def test_size__as_shown(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(turned_by_exif(6))
        image = cv2.imread(str(tmp_path / "a.jpg"))
        assert check_picture(tmp_path / "a.jpg").size == (image.shape[1], image.shape[0]) == (30, 40)

    def test_peak__largest_value_of_16_bits(self, tmp_path):
        values = np.zeros((5, 6), np.uint16)
        values[2, 3] = 4095
        (tmp_path / "a.png").write_bytes(encoded(values, ".png"))
        assert check_picture(tmp_path / "a.png").peak == 4095

    def test_digest__of_the_bytes(self, tmp_path):
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            (tmp_path / f"{name}.jpg").write_bytes(encoded(noise(seed)))
        a, b, c = (check_picture(tmp_path / f"{name}.jpg").digest for name in "abc")
        assert a == b != c

    def test_large__one_at_a_time(self, tmp_path, monkeypatch):
        monkeypatch.setattr(picture, "_LARGE", 100)
        held = []
        monkeypatch.setattr(picture, "decode", lambda *_: held.append(picture._ONE_AT_A_TIME.locked()) or noise())
        _kinds(tmp_path, "a.jpg", encoded(noise()))
        assert held == [True]
        assert isinstance(picture._ONE_AT_A_TIME, type(threading.Lock()))

    def test_very_large__not_decoded(self, tmp_path, monkeypatch):
        monkeypatch.setattr(picture, "MAX_DECODED", 1000)
        monkeypatch.setattr(picture, "decode", lambda *_: pytest.fail("decoded"))
        assert _kinds(tmp_path, "a.jpg", encoded(noise())) == []

    @pytest.mark.parametrize("ending", bombs())
    def test_promise_of_60000_pixels__not_decoded(self, tmp_path, ending):
        assert "picture-too-large" in _kinds(tmp_path, f"a{ending}", bombs()[ending])

    @pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read as Linux states it")
    def test_bombs__peak_memory(self, tmp_path):
        """Headers that promise too much, and a PNG and a JPEG of few bytes that keep the promise below the limit."""
        for ending, data in bombs().items():
            (tmp_path / f"promise{ending}").write_bytes(data)
        black = np.zeros((5400, 5400, 3), np.uint8)
        for ending in (".png", ".jpg"):
            (tmp_path / f"black{ending}").write_bytes(encoded(black, ending))
        progressive = cv2.imencode(".jpg", black, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
        (tmp_path / "progressive.jpg").write_bytes(progressive)
        script = (
            "import pathlib, re, sys\n"
            "from concurrent.futures import ThreadPoolExecutor\n"
            "from lidd_yolo.data.checks.picture import check_picture\n"
            "with ThreadPoolExecutor(4) as pool:\n"
            "    facts = list(pool.map(check_picture, sorted(pathlib.Path(sys.argv[1]).iterdir())))\n"
            "status = pathlib.Path('/proc/self/status').read_text()\n"
            "print(sum(f.usable for f in facts), re.search(r'VmHWM:\\s+(\\d+)', status)[1])\n"
        )
        done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
        usable, kilobytes = map(int, done.stdout.split())
        assert usable == 3
        assert kilobytes < 300_000
