"""Pictures cut short or with a flipped bit."""

import pytest

from lidd_yolo.data.pictures.completeness import missing_part
from lidd_yolo.data.pictures.header import read_header
from tests.helpers.pictures import encoded, frames, noise, pillow, turned_by_exif

WHOLE = {
    "JPEG": encoded(noise()),
    "progressive": pillow("RGB", "JPEG", progressive=True),
    "EXIF": turned_by_exif(6),
    "PNG": encoded(noise(), ".png"),
    "BMP": encoded(noise(), ".bmp"),
    "GIF": frames("GIF"),
    "WebP": encoded(noise(), ".webp"),
    "TIFF": encoded(noise(), ".tiff"),
}


class TestMissingPart:
    @pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
    def test_whole__nothing(self, data):
        assert missing_part(data, read_header(data)) == ""

    @pytest.mark.parametrize("kind", ["JPEG", "progressive", "PNG", "BMP", "GIF", "WebP"])
    @pytest.mark.parametrize("share", [0.7, 0.9, 0.99])
    def test_cut__told(self, kind, share):
        data = WHOLE[kind]
        assert missing_part(data[: int(share * len(data))], read_header(data))

    def test_jpeg__rubbish_after_the_end_is_no_fault(self):
        data = WHOLE["JPEG"] + b"\0\0some camera's notes"
        assert missing_part(data, read_header(data)) == ""

    def test_png__one_flipped_bit(self):
        data = bytearray(WHOLE["PNG"])
        data[len(data) // 2] ^= 1
        assert "checksum of PNG chunk 'IDAT' at byte 33 is wrong" in missing_part(bytes(data), read_header(data))

    def test_jpeg__no_marker_where_a_segment_begins(self):
        data = bytearray(WHOLE["JPEG"])
        data[20] = 7  # where the second segment begins
        assert missing_part(bytes(data), read_header(WHOLE["JPEG"])) == "the JPEG data are damaged"
