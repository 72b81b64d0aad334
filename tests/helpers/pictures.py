"""Encoded pictures of every kind that a check tells apart, and headers that promise too much."""

import io
import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image


def noise(seed: int = 0, width: int = 40, height: int = 30, channels: int = 3) -> NDArray[np.uint8]:
    """Return a random picture, shape ``(height, width, channels)``, without the last axis for one channel."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def encoded(image: NDArray[np.generic], ending: str = ".jpg") -> bytes:
    """Return a picture as OpenCV encodes it."""
    return cv2.imencode(ending, image)[1].tobytes()


def pillow(mode: str, kind: str, width: int = 40, height: int = 30, **options: object) -> bytes:
    """Return a random picture as Pillow encodes it, of a mode such as ``CMYK``, ``P``, ``RGBA`` or ``I;16``."""
    if mode == "I;16":
        values = np.random.default_rng(1).integers(0, 4096, (height, width), dtype=np.uint16)
        image = Image.fromarray(values)
    elif mode == "RGBA":
        image = Image.fromarray(noise(1, width, height, channels=4))
    else:
        image = Image.fromarray(noise(1, width, height)).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def frames(kind: str) -> bytes:
    """Return a moving picture of two frames."""
    first, second = (Image.fromarray(noise(seed)) for seed in (1, 2))
    out = io.BytesIO()
    first.save(out, kind, save_all=True, append_images=[second])
    return out.getvalue()


def turned_by_exif(orientation: int, kind: str = "JPEG") -> bytes:
    """Return a picture whose EXIF data ask for a turn."""
    exif = Image.Exif()
    exif[274] = orientation
    return pillow("RGB", kind, exif=exif.tobytes())


def png_chunk(name: bytes, data: bytes) -> bytes:
    """Return one chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bombs(side: int = 60000) -> dict[str, bytes]:
    """Return headers of about 100 bytes that promise ``side`` x ``side`` pixels, by the ending of their file."""
    ihdr = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    png = b"\x89PNG\r\n\x1a\n" + ihdr + png_chunk(b"IDAT", zlib.compress(b"\0" * 50)) + png_chunk(b"IEND", b"")
    sof = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, side, side, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    jpeg = (
        b"\xff\xd8" + sof + b"\xff\xda" + struct.pack(">H", 12) + b"\3\1\0\2\0\3\0\0\x3f\0" + b"\0" * 50 + b"\xff\xd9"
    )
    bmp = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0) + b"\0" * 46
    gif = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\0" * 6 + b";" + b"\0" * 60
    entries = [(256, side), (257, side), (258, 8), (262, 1), (277, 1)]
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    tiff = b"II*\0" + struct.pack("<IH", 8, len(entries)) + tags + struct.pack("<I", 0)
    size = (side - 1).to_bytes(3, "little")
    webp = b"RIFF" + struct.pack("<I", 92) + b"WEBPVP8X" + struct.pack("<II", 10, 0) + size + size + b"\0" * 70
    return {".png": png, ".jpg": jpeg, ".bmp": bmp, ".gif": gif, ".tif": tiff, ".webp": webp}
