"""Whether an encoded picture is all there: its parts are walked to the end, checksums compared where there are any.

From the formats named in `lidd_yolo.data.pictures.header`. Decoders fill what is missing with grey and say
nothing, so that a half copied picture would be trained on.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable

from lidd_yolo.data.pictures.header import PictureHeader, jpeg_segments, png_chunks

_JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""A marker among coded pixels, other than the restart marks and stuffed bytes that belong there."""


def missing_part(data: bytes, header: PictureHeader) -> str:
    """Return what is missing or damaged, in one clause; empty if nothing was noticed."""
    find_fault = _FAULTS.get(header.format)
    try:
        return find_fault(data) if find_fault is not None else ""
    except (struct.error, IndexError, ValueError):
        return f"the {header.format} data are damaged"


def _jpeg_ends(data: bytes) -> bool:
    """Return whether the mark of the end follows the scans."""
    *_, (marker, _, at) = jpeg_segments(data)
    while marker != 0xD9:
        match = _JPEG_MARKER.search(data, at)
        if match is None:
            return False
        marker, at = data[match.start() + 1], match.end()
        if marker != 0xD9:  # tables or the header of the next scan
            if at + 2 > len(data):
                return False
            at += struct.unpack_from(">H", data, at)[0]
    return True


def _png_fault(data: bytes) -> str:
    for name, start, end in png_chunks(data):
        if end + 4 > len(data):
            break
        if zlib.crc32(data[start - 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            return f"the checksum of PNG chunk {name.decode('latin-1')!r} at byte {start - 8} is wrong"
        if name == b"IEND":
            return ""
    return "the PNG data end early"


def _bmp_fault(data: bytes) -> str:
    offset, header = struct.unpack_from("<II", data, 10)
    if header < 40:
        return ""
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    if compression not in (0, 3):
        return ""
    needed = offset + (abs(width) * bits + 31) // 32 * 4 * abs(height)
    return "" if len(data) >= needed else f"{len(data)} of {needed} bytes are there"


def _webp_fault(data: bytes) -> str:
    stated = struct.unpack_from("<I", data, 4)[0] + 8
    return "" if len(data) >= stated else f"{len(data)} of {stated} bytes are there"


_FAULTS: dict[str, Callable[[bytes], str]] = {
    "JPEG": lambda data: "" if _jpeg_ends(data) else "the JPEG data end early",
    "PNG": _png_fault,
    "BMP": _bmp_fault,
    "GIF": lambda data: "" if data.rstrip(b"\0").endswith(b";") else "the GIF data end early",
    "WebP": _webp_fault,
}
