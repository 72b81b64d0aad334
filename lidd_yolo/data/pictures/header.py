"""Header of a picture: format, size, depth and colours, read from its first bytes without decoding a pixel.

Formats: JPEG (ITU T.81), PNG (W3C), BMP (Microsoft), GIF89a, TIFF 6.0, WebP (RFC 9649); of JPEG 2000, AVIF and HEIC the
size alone (ISO/IEC 15444-1, 23008-12). A few bytes may claim any size, so this comes before every decoder.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_BMP_HEADERS = {struct.pack("<I", length) for length in (12, 16, 40, 52, 56, 64, 108, 124)}
_MAX_ENTRIES = 4096  # of a TIFF directory; real ones have a few dozen


@dataclass(frozen=True)
class PictureHeader:
    """What a picture says about itself.

    Args:
        format: ``JPEG``, ``PNG``, ``BMP``, ``GIF``, ``TIFF``, ``WebP``, ``JPEG 2000`` or ``AVIF or HEIC``.
        width: Width in pixels, as the height before any turn that EXIF asks for.
        height: Height in pixels.
        bits: Bits of one channel.
        colour: ``grey``, ``rgb``, ``cmyk`` or ``palette``.
        alpha: Whether it has transparency.
        animated: Whether it has more than one frame or page.
        orientation: EXIF orientation 1-8; 1 is upright.
    """

    format: str
    width: int
    height: int
    bits: int = 8
    colour: str = "rgb"
    alpha: bool = False
    animated: bool = False
    orientation: int = 1

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height after the turn that EXIF asks for, as OpenCV and Ultralytics see it."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def picture_format(data: bytes) -> str:
    """Return the name of the format that the first bytes announce; empty if none that is known here."""
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"):
        return "AVIF or HEIC"
    if data[:4] == b"RIFF":
        return "WebP" if data[8:12] == b"WEBP" else ""
    if data[:2] == b"BM" and data[14:18] not in _BMP_HEADERS:
        return ""  # a text may begin so too
    return next((name for name, (signatures, _) in _FORMATS.items() if data.startswith(signatures)), "")


def read_header(data: bytes) -> PictureHeader | None:
    """Return the header of an encoded picture; None if the format is unknown or the header is damaged."""
    name = picture_format(data)
    try:
        header = _FORMATS[name][1](data) if name else None
    except (struct.error, LookupError, ValueError):
        return None
    return header if header is not None and min(header.width, header.height) > 0 else None


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, first byte and end of each JPEG segment's content, up to and with the first scan's header."""
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            raise ValueError("no marker where a segment begins")
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == 0xD9:
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        yield marker, at + 2, at + length
        if marker == 0xDA:
            return
        at += max(length, 2)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, first byte and end of the content of each PNG chunk; the last may reach beyond the data."""
    at = 8
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, at + 8, at + 8 + length
        at += 12 + length


def _jpeg(data: bytes) -> PictureHeader | None:
    orientation = 1
    for marker, start, end in jpeg_segments(data):
        if marker == 0xE1 and data[start : start + 6] == b"Exif\0\0":
            orientation = _orientation(data[start + 6 : end])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            bits, height, width, channels = struct.unpack_from(">BHHB", data, start)
            colour = {1: "grey", 4: "cmyk"}.get(channels, "rgb")
            # The size comes after EXIF in every file of a camera; what follows it does not count.
            return PictureHeader("JPEG", width, height, bits, colour, orientation=orientation)
    return None


def _png(data: bytes) -> PictureHeader:
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    chunks: dict[bytes, bytes] = {}
    for name, start, end in png_chunks(data):
        if name == b"IDAT":
            break
        chunks[name] = data[start : min(end, start + 65536)]
    kind = {0: "grey", 3: "palette", 4: "grey"}.get(colour, "rgb")
    alpha = colour in (4, 6) or b"tRNS" in chunks
    animated = b"acTL" in chunks and struct.unpack_from(">I", chunks[b"acTL"])[0] > 1
    return PictureHeader("PNG", width, height, bits, kind, alpha, animated, _orientation(chunks.get(b"eXIf", b"")))


def _bmp(data: bytes) -> PictureHeader:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        used, entry = 0, 3
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
        used, entry = struct.unpack_from("<I", data, 46)[0], 4
    colour = "rgb"
    if bits <= 8:
        count = min(used or 1 << bits, 256)
        table = data[14 + header : 14 + header + entry * count]
        # Cameras save grey as a palette of greys.
        colour = "grey" if table[0::entry] == table[1::entry] == table[2::entry] else "palette"
    alpha = bits == 32 and header >= 56 and struct.unpack_from("<I", data, 66)[0] > 0
    return PictureHeader("BMP", abs(width), abs(height), 8, colour, alpha)


def _gif(data: bytes) -> PictureHeader:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames = 0
    while frames < 2 and at < len(data) and data[at] in (0x21, 0x2C):
        if data[at] == 0x2C:
            frames += 1
            local = data[at + 9]
            at += 11 + (3 << (local & 7) + 1 if local & 0x80 else 0)
        else:
            at += 2
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    return PictureHeader("GIF", width, height, 8, "palette", animated=frames > 1)


def _tiff(data: bytes) -> PictureHeader:
    tags, following = _directory(data)
    (width,), (height,) = tags[256][:1], tags[257][:1]
    photometric, samples = tags.get(262, [1])[0], tags.get(277, [1])[0]
    colour = {0: "grey", 1: "grey", 3: "palette", 5: "cmyk"}.get(photometric, "rgb")
    alpha = samples > {"rgb": 3, "cmyk": 4}.get(colour, 1)
    later = _directory(data, following)[0] if following else {}
    pages = bool(following) and not later.get(254, [0])[0] & 1  # a reduced copy is no page
    return PictureHeader(
        "TIFF", width, height, max(tags.get(258, [1])), colour, alpha, pages, _upright(tags.get(274, [1])[0])
    )


def _webp(data: bytes) -> PictureHeader:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        orientation, at = 1, 30
        while data[20] & 8 and at + 8 <= len(data):
            name, length = struct.unpack_from("<4sI", data, at)
            if name == b"EXIF":
                orientation = _orientation(data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0"))
            at += 8 + length + length % 2
        return PictureHeader(
            "WebP", width, height, alpha=bool(data[20] & 16), animated=bool(data[20] & 2), orientation=orientation
        )
    if kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        return PictureHeader("WebP", 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF), alpha=bool(packed >> 28 & 1))
    width, height = struct.unpack_from("<HH", data, 26)
    return PictureHeader("WebP", width & 0x3FFF, height & 0x3FFF)


def _boxed(data: bytes) -> PictureHeader:
    """Read the size that AVIF, HEIC (``ispe``) and JPEG 2000 (``ihdr``) keep in a box of their header."""
    name = picture_format(data)
    if name == "JPEG 2000":
        height, width = struct.unpack_from(">II", data, data.index(b"ihdr") + 4)
        return PictureHeader(name, width, height)
    # tiles and thumbnails state their sizes too
    sizes = [struct.unpack_from(">II", data, box.start() + 8) for box in re.finditer(b"ispe", data[:65536])]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return PictureHeader(name, width, height)


def _orientation(exif: bytes) -> int:
    """Return the orientation that EXIF data states; 1 if it is absent or damaged."""
    try:
        return _upright(_directory(exif)[0].get(274, [1])[0])
    except (struct.error, LookupError, ValueError):
        return 1


def _upright(orientation: int) -> int:
    return orientation if 1 <= orientation <= 8 else 1


def _directory(data: bytes, at: int = 0) -> tuple[dict[int, list[int]], int]:
    """Return the whole numbers of a TIFF directory by tag and the place of the next; the first if ``at`` is 0."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        raise ValueError("no TIFF data")
    at = at or struct.unpack_from(f"{order}I", data, 4)[0]
    (count,) = struct.unpack_from(f"{order}H", data, at)
    tags: dict[int, list[int]] = {}
    for place in range(at + 2, at + 2 + 12 * min(count, _MAX_ENTRIES), 12):
        tag, kind, number = struct.unpack_from(f"{order}HHI", data, place)
        if kind not in (3, 4) or number == 0:
            continue
        code, size = {3: ("H", 2), 4: ("I", 4)}[kind]
        start = place + 8 if number * size <= 4 else struct.unpack_from(f"{order}I", data, place + 8)[0]
        # of a tag that occurs twice, the first counts, as in libtiff
        tags.setdefault(tag, list(struct.unpack_from(f"{order}{min(number, 8)}{code}", data, start)))
    (following,) = struct.unpack_from(f"{order}I", data, at + 2 + 12 * count)
    return tags, following


_FORMATS: dict[str, tuple[tuple[bytes, ...], Callable[[bytes], PictureHeader | None]]] = {
    "JPEG": ((b"\xff\xd8\xff",), _jpeg),
    "PNG": ((b"\x89PNG\r\n\x1a\n",), _png),
    "BMP": ((b"BM",), _bmp),
    "GIF": ((b"GIF87a", b"GIF89a"), _gif),
    "TIFF": ((b"II*\0", b"MM\0*"), _tiff),
    "WebP": ((), _webp),
    "JPEG 2000": ((b"\0\0\0\x0cjP  \r\n\x87\n",), _boxed),
    "AVIF or HEIC": ((), _boxed),
}
"""First bytes, where they alone tell, and what reads the header."""
