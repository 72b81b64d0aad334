"""One picture: is it there, is it a picture, is it whole, and will every program see the same in it.

The header is read before anything is decoded, and large pictures are decoded one at a time.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.checks.label import Finding
from lidd_yolo.data.labels.annotation import MAX_PIXELS
from lidd_yolo.data.pictures.completeness import missing_part
from lidd_yolo.data.pictures.header import PictureHeader, picture_format, read_header

MAX_BYTES = 500_000_000
"""Largest file that is read."""

MAX_DECODED = 30_000_000
"""Largest picture, in pixels, that is decoded; a larger one is read to its end alone, so that memory stays small."""

_LARGE = 8_000_000
_ONE_AT_A_TIME = threading.Lock()

_ENDINGS = {
    "JPEG": {".jpg", ".jpeg", ".mpo"},
    "PNG": {".png"},
    "BMP": {".bmp"},
    "GIF": {".gif"},
    "TIFF": {".tif", ".tiff", ".dng"},
    "WebP": {".webp"},
    "JPEG 2000": {".jp2"},
    "AVIF or HEIC": {".avif", ".heic"},
}
UNUSABLE = frozenset(
    {
        "picture-missing",
        "picture-empty",
        "picture-text",
        "picture-unreadable",
        "picture-truncated",
        "picture-too-large",
    }
)
"""Kinds of findings after which nothing can be trained on the picture."""


@dataclass(frozen=True)
class PictureFacts:
    """What is known about one picture.

    Args:
        path: Its file.
        size: Width and height in pixels as it is shown, None if unknown.
        channels: Number of channels, 0 if unknown.
        digest: Hash of its bytes; empty if it was not read.
        peak: Largest value of a picture of 16 bits, else 0.
        findings: What is wrong with it.
    """

    path: Path
    size: tuple[int, int] | None
    channels: int
    digest: bytes
    peak: int
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        """Whether it can be trained on."""
        return not any(finding.kind in UNUSABLE for finding in self.findings)


def check_picture(path: Path, max_pixels: int = MAX_PIXELS) -> PictureFacts:
    """Check one picture.

    Args:
        path: Its file.
        max_pixels: Largest number of pixels it may have.
    """
    try:
        length = path.stat().st_size
        data = path.read_bytes() if length <= MAX_BYTES else b""
    except FileNotFoundError:
        return _unknown(path, "picture-missing", "it is not there")
    except OSError as error:
        return _unknown(path, "picture-unreadable", f"it cannot be read ({error.strerror})")
    if length > MAX_BYTES:
        return _unknown(path, "picture-too-large", f"its file has {length} bytes, more than {MAX_BYTES}")
    header = read_header(data)
    if header is None:
        return _unknown(path, *_why_no_header(data), digest=_digest(data))
    channels = {"grey": 1, "palette": 1, "cmyk": 4}.get(header.colour, 3) + header.alpha
    pixels = header.width * header.height
    if pixels > max_pixels:
        reason = f"it is {header.width}x{header.height}, more than {max_pixels} pixels; not decoded"
        found, peak = [Finding("picture-too-large", path, "", reason)], 0
    else:
        damage, peak = _damage(path, data, header)
        found = [*damage, *_oddities(path, header)]
    return PictureFacts(path, header.shown_size, channels, _digest(data), peak, tuple(found))


def decode(data: bytes, flags: int) -> NDArray[Any] | None:
    """Return the pixels of an encoded picture, or None if OpenCV cannot read it.

    Args:
        data: The file's bytes.
        flags: Of ``cv2.imdecode``.
    """
    try:
        # OpenCV raises on an empty buffer or a size it does not allow, and gives None for what it does not understand.
        return cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags) if data else None
    except cv2.error:
        return None


def _unknown(path: Path, kind: str, reason: str, digest: bytes = b"") -> PictureFacts:
    return PictureFacts(path, None, 0, digest, 0, (Finding(kind, path, "", reason),))


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _why_no_header(data: bytes) -> tuple[str, str]:
    """Return kind and reason for bytes that have no readable header."""
    if not data:
        return "picture-empty", "it has zero bytes"
    if known := picture_format(data):
        return "picture-unreadable", f"the header of its {known} data is damaged, or ends early"
    head = data[:512]
    if all(byte >= 32 or byte in b"\t\n\r" for byte in head):
        shown = head[:30].decode("utf-8", errors="replace").split("\n")[0].strip()
        return "picture-text", f"it is text, beginning with {shown!r}"
    return "picture-unreadable", "its bytes are of no picture format that is known here"


def _damage(path: Path, data: bytes, header: PictureHeader) -> tuple[list[Finding], int]:
    """Return what keeps a picture from being decoded, and its largest value if it has 16 bits."""
    if fault := missing_part(data, header):
        return [Finding("picture-truncated", path, "", fault)], 0
    pixels = header.width * header.height
    if pixels > MAX_DECODED:
        return [], 0
    if pixels > _LARGE:
        with _ONE_AT_A_TIME:
            peak = _peak(data, header)
    else:
        peak = _peak(data, header)
    if peak is None:
        return [Finding("picture-unreadable", path, "", f"OpenCV cannot decode its {header.format} data")], 0
    return [], peak


def _peak(data: bytes, header: PictureHeader) -> int | None:
    """Return the largest value of 16 bits, 0 for other depths, or None if the picture cannot be decoded."""
    if header.bits > 8:
        values = decode(data, cv2.IMREAD_ANYDEPTH)
        return None if values is None else int(values.max()) if values.dtype == np.uint16 else 0
    # A JPEG is read whole either way, but an eighth of its size saves the arithmetic.
    fast = cv2.IMREAD_REDUCED_GRAYSCALE_8 if header.format == "JPEG" else cv2.IMREAD_GRAYSCALE
    return None if decode(data, fast) is None else 0


def _oddities(path: Path, header: PictureHeader) -> Iterator[Finding]:
    """Yield what programs differ on."""
    states = {
        "picture-16-bit": (header.bits > 8, f"it has {header.bits} bits a channel; training reads the upper 8"),
        "picture-alpha": (header.alpha, "it has transparency, which training drops"),
        "picture-cmyk": (header.colour == "cmyk", "its colours are CMYK"),
        "picture-palette": (header.colour == "palette", "its pixels are numbers of a colour palette"),
        "picture-rotated": (
            header.orientation > 1,
            f"EXIF orientation {header.orientation}; labels made on the picture as stored do not fit",
        ),
        "picture-animated": (header.animated, "it has more than one frame or page; training sees one"),
        "picture-ending": (
            path.suffix.lower() not in _ENDINGS[header.format],
            f"its content is {header.format}, its ending {path.suffix or 'none'}",
        ),
    }
    for kind, (applies, reason) in states.items():
        if applies:
            yield Finding(kind, path, "", reason)
