"""Headers of pictures that OpenCV and Pillow wrote, with Pillow as the second opinion."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from lidd_yolo.data.pictures.header import PictureHeader, picture_format, read_header
from tests.helpers.pictures import bombs, encoded, frames, noise, pillow, png_chunk, turned_by_exif

PLAIN = [
    ("RGB", "JPEG", {}),
    ("RGB", "JPEG", {"progressive": True}),
    ("L", "JPEG", {}),
    ("CMYK", "JPEG", {}),
    ("RGB", "PNG", {}),
    ("RGBA", "PNG", {}),
    ("LA", "PNG", {}),
    ("L", "PNG", {}),
    ("P", "PNG", {}),
    ("1", "PNG", {}),
    ("I;16", "PNG", {}),
    ("RGB", "BMP", {}),
    ("L", "BMP", {}),
    ("P", "BMP", {}),
    ("P", "GIF", {}),
    ("RGB", "TIFF", {}),
    ("RGBA", "TIFF", {}),
    ("CMYK", "TIFF", {}),
    ("P", "TIFF", {}),
    ("I;16", "TIFF", {}),
    ("RGB", "TIFF", {"big_endian": True}),
    ("RGB", "WEBP", {}),
    ("RGBA", "WEBP", {}),
    ("RGB", "WEBP", {"lossless": True}),
    ("RGBA", "WEBP", {"lossless": True}),
    ("RGB", "JPEG2000", {}),
    ("RGB", "AVIF", {}),
]
FORMATS = {"WEBP": "WebP", "JPEG2000": "JPEG 2000", "AVIF": "AVIF or HEIC"}


class TestReadHeader:
    @pytest.mark.parametrize(("mode", "kind", "options"), PLAIN)
    def test_pillow__every_mode(self, mode, kind, options):
        try:
            data = pillow(mode, kind, 41, 23, **options)
        except (KeyError, OSError):
            pytest.skip(f"this Pillow writes no {kind}")
        header = read_header(data)
        opened = Image.open(io.BytesIO(data))
        assert (header.format, header.width, header.height) == (FORMATS.get(kind, kind), *opened.size)
        if kind not in ("JPEG2000", "AVIF"):
            colour = {"L": "grey", "1": "grey", "LA": "grey", "I;16": "grey", "CMYK": "cmyk", "P": "palette"}
            assert header.colour == colour.get(mode, "rgb")
            assert header.alpha == (mode in ("RGBA", "LA"))
            assert (header.bits > 8) == (mode == "I;16")
        assert not header.animated
        assert header.orientation == 1

    @pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
    def test_animated(self, kind):
        assert read_header(frames(kind)).animated

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
    @pytest.mark.parametrize("orientation", [1, 3, 6])
    def test_orientation(self, kind, orientation):
        header = read_header(turned_by_exif(orientation, kind))
        assert header.orientation == orientation
        assert header.shown_size == ((30, 40) if orientation == 6 else (40, 30))

    def test_orientation__out_of_range_is_none(self):
        assert read_header(turned_by_exif(77)).orientation == 1

    @pytest.mark.parametrize("ending", [".jpg", ".png", ".bmp", ".tiff", ".webp"])
    def test_opencv(self, ending):
        header = read_header(encoded(noise(width=33, height=17), ending))
        assert (header.width, header.height, header.colour, header.bits) == (33, 17, "rgb", 8)

    def test_png__transparency_of_one_colour(self):
        data = pillow("RGB", "PNG")
        with_trns = data[:33] + png_chunk(b"tRNS", b"\0" * 6) + data[33:]
        assert not read_header(data).alpha
        assert read_header(with_trns).alpha

    def test_tiff__reduced_copy_is_no_page(self):
        def directory(following, reduced):
            entries = [(254, reduced), (256, 5), (257, 4)]
            tags = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
            return struct.pack("<H", 3) + tags + struct.pack("<I", following)

        def pages(reduced):
            return b"II*\0" + struct.pack("<I", 8) + directory(50, 0) + directory(0, reduced)

        assert len(pages(0)[:50]) == 50
        assert read_header(pages(0)).animated
        assert not read_header(pages(1)).animated

    @pytest.mark.parametrize("ending", bombs())
    def test_promise__read_without_pixels(self, ending):
        data = bombs()[ending]
        assert len(data) <= 150
        header = read_header(data)
        assert (header.width, header.height) == (60000, 60000)

    @pytest.mark.parametrize(("mode", "kind", "options"), PLAIN[:24])
    def test_cut_anywhere__none_or_a_header(self, mode, kind, options):
        data = pillow(mode, kind, 41, 23, **options)
        found = [read_header(data[:length]) for length in range(min(len(data), 400))]
        assert found[0] is None
        assert all(header is None or isinstance(header, PictureHeader) for header in found)

    def test_tiff__without_width(self):
        data = bytearray(encoded(noise(), ".tiff"))
        entry = data.index(struct.pack("<HH", 256, 3), struct.unpack_from("<I", data, 4)[0])
        data[entry : entry + 2] = struct.pack("<H", 255)
        assert read_header(bytes(data)) is None

    def test_zero_size__none(self):
        assert read_header(b"GIF89a" + struct.pack("<HHBBB", 0, 5, 0, 0, 0)) is None


class TestPictureFormat:
    @pytest.mark.parametrize("data", [b"", b"text", b"RIFF0000WAVE", bytes(np.arange(64, dtype=np.uint8))])
    def test_unknown__empty(self, data):
        assert picture_format(data) == ""
