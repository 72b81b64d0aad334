"""One picture: is it there, is it a picture, is it whole, and will every program see the same in it.

The header is read before anything is decoded, and large pictures are decoded one at a time.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lidd_yolo.data.labels.annotation import MAX_PIXELS, Size
from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.pictures.completeness import missing_part
from lidd_yolo.data.pictures.decoding import NUMBERS, decode, decode_as_training
from lidd_yolo.data.pictures.header import PictureHeader, picture_format, read_header

MAX_BYTES = 500_000_000
"""Largest file that is read."""
MAX_DECODED = 30_000_000
"""Largest picture, in pixels, that is decoded; a larger one is read to its end alone, so that memory stays small."""

SMALLEST = 10
"""Sides of pictures, in pixels, that Ultralytics takes."""
_LARGE = 8_000_000
_ONE_AT_A_TIME = threading.Lock()

ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".mpo"),
    "PNG": (".png",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff", ".dng"),
    "WebP": (".webp",),
    "JPEG 2000": (".jp2",),
    "AVIF or HEIC": (".avif", ".heic", ".heif"),
}
"""Endings, in small letters, of files of a format, the usual one first."""
_UNUSABLE = {
    Kind.PICTURE_MISSING,
    Kind.PICTURE_EMPTY,
    Kind.PICTURE_TEXT,
    Kind.PICTURE_UNREADABLE,
    Kind.PICTURE_TRUNCATED,
    Kind.PICTURE_TOO_LARGE,
    Kind.PICTURE_SMALL,
    Kind.PICTURE_CHANNELS,
}


@dataclass(frozen=True)
class PictureFacts:
    """What is known about one picture, see `lidd_yolo.data.checks.pairs.Pair`; ``channels`` are 0 if unknown."""

    path: Path
    size: Size | None
    channels: int
    digest: bytes
    peak: int
    problems: tuple[Problem, ...]

    @property
    def usable(self) -> bool:
        """Whether it can be trained on."""
        return not any(problem.kind in _UNUSABLE for problem in self.problems)


def check_picture(path: Path, max_pixels: int = MAX_PIXELS, trained_channels: int = 3) -> PictureFacts:
    """Check one picture of a data set that is trained with so many channels."""
    try:
        length = path.stat().st_size
        data = path.read_bytes() if length <= MAX_BYTES else b""
    except FileNotFoundError:
        return _unknown(path, Kind.PICTURE_MISSING, "it is not there")
    except OSError as error:
        return _unknown(path, Kind.PICTURE_UNREADABLE, f"it cannot be read ({error.strerror})")
    if length > MAX_BYTES:
        return _unknown(path, Kind.PICTURE_TOO_LARGE, f"its file has {length} bytes, more than {MAX_BYTES}")
    header = read_header(data)
    if header is None:
        return _unknown(path, *_why_no_header(data), digest=_digest(data))
    channels = {"grey": 1, "palette": 1, "cmyk": 4}.get(header.colour, 3) + header.alpha
    pixels = header.width * header.height
    if pixels > max_pixels:
        reason = f"it is {header.width}x{header.height}, more than {max_pixels} pixels; not decoded"
        problems, peak = [Problem(path, Kind.PICTURE_TOO_LARGE, reason)], 0
    else:
        damage, peak = _damage(path, data, header, trained_channels)
        problems = [*damage, *_oddities(path, header, peak, trained_channels)]
        if any(problem.reason == NUMBERS for problem in damage):  # no 16 bits of which training takes the upper 8
            problems = [problem for problem in problems if problem.kind != Kind.PICTURE_16_BIT]
        if min(header.width, header.height) < SMALLEST:
            reason = f"it is {header.width}x{header.height}, and training takes none under {SMALLEST} pixels a side"
            problems.append(Problem(path, Kind.PICTURE_SMALL, reason))
    size = header.shown_size if _turned(header, trained_channels) else (header.width, header.height)
    return PictureFacts(path, size, channels, _digest(data), peak, tuple(problems))


def _unknown(path: Path, kind: Kind, reason: str, digest: bytes = b"") -> PictureFacts:
    return PictureFacts(path, None, 0, digest, 0, (Problem(path, kind, reason),))


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _why_no_header(data: bytes) -> tuple[Kind, str]:
    """Return kind and reason for bytes that have no readable header."""
    if not data:
        return Kind.PICTURE_EMPTY, "it has zero bytes"
    if known := picture_format(data):
        return Kind.PICTURE_UNREADABLE, f"the header of its {known} data is damaged, or ends early"
    head = data[:512]
    if all(byte >= 32 or byte in b"\t\n\r" for byte in head):
        shown = head[:30].decode("utf-8", errors="replace").split("\n")[0].strip()
        return Kind.PICTURE_TEXT, f"it is text, beginning with {shown!r}"
    return Kind.PICTURE_UNREADABLE, "its bytes are of no picture format that is known here"


def _damage(path: Path, data: bytes, header: PictureHeader, channels: int) -> tuple[list[Problem], int]:
    """Return what keeps a picture from being decoded, and its largest value if it has 16 bits."""
    if fault := missing_part(data, header):
        return [Problem(path, Kind.PICTURE_TRUNCATED, fault)], 0
    pixels = header.width * header.height
    if pixels > MAX_DECODED:
        return [], 0
    with _ONE_AT_A_TIME if pixels > _LARGE else nullcontext():
        peak, found = (_peak(data, header), channels) if channels in (1, 3) else _deep(data, path.suffix, channels)
        if header.format == "TIFF" and decode_as_training(data, path.suffix, channels)[1] == NUMBERS:
            return [Problem(path, Kind.PICTURE_UNREADABLE, NUMBERS)], 0
    if peak is None:
        depth = f" of {header.bits} bits a channel" if header.bits > 8 else ""
        reason = f"OpenCV cannot decode its {header.format} data{depth}, and training stops at it"
        return [Problem(path, Kind.PICTURE_UNREADABLE, reason)], 0
    if found != channels:
        reason = f"it has {found} channels, the data YAML says channels: {channels}, and training stops at it"
        return [Problem(path, Kind.PICTURE_CHANNELS, reason)], peak
    return [], peak


def _deep(data: bytes, ending: str, channels: int) -> tuple[int | None, int]:
    """Return what `_peak` does, and the channels, of a picture that is trained with all that it has."""
    values, _ = decode_as_training(data, ending, channels, deep=True)
    if values is None:
        return None, channels
    return (int(values.max()) if values.dtype == np.uint16 else 0), values.shape[2]


def _peak(data: bytes, header: PictureHeader) -> int | None:
    """Return the largest value of 16 bits, 0 for other depths, or None if the picture cannot be decoded."""
    # A JPEG is read whole either way, but an eighth of its size saves the arithmetic.
    fast = cv2.IMREAD_REDUCED_GRAYSCALE_8 if header.format == "JPEG" else cv2.IMREAD_COLOR
    if decode(data, fast) is None:
        return None
    values = decode(data, cv2.IMREAD_ANYDEPTH) if header.bits > 8 else None
    return int(values.max()) if values is not None and values.dtype == np.uint16 else 0


def _turned(header: PictureHeader, channels: int) -> bool:
    """Return whether training turns a picture as EXIF says; as OpenCV reads all channels, it does not."""
    return channels in (1, 3) or header.format in ("TIFF", "AVIF or HEIC")


def _oddities(path: Path, header: PictureHeader, peak: int, channels: int) -> Iterator[Problem]:
    """Yield what programs differ on; where training takes all channels, transparency and pages are channels too."""
    all_channels = channels not in (1, 3)
    turn = "; labels made on the picture as stored do not fit"
    if not _turned(header, channels):
        turn = f", left aside by training with {channels} channels; labels made on the picture as shown do not fit"
    seen = f", of its largest value {peak} only {peak >> 8}" if peak else ""
    states = {
        Kind.PICTURE_16_BIT: (
            8 < header.bits <= 16,
            f"it has {header.bits} bits a channel; training reads the upper 8{seen}",
        ),
        Kind.PICTURE_ALPHA: (header.alpha and not all_channels, "it has transparency, which training drops"),
        Kind.PICTURE_CMYK: (header.colour == "cmyk", "its colours are CMYK"),
        Kind.PICTURE_PALETTE: (header.colour == "palette", "its pixels are numbers of a colour palette"),
        Kind.PICTURE_ROTATED: (
            header.orientation > 1,
            f"EXIF orientation {header.orientation}{turn}",
        ),
        Kind.PICTURE_ANIMATED: (
            header.animated and not all_channels,
            "it has more than one frame or page; training sees one",
        ),
        Kind.PICTURE_ENDING: (
            path.suffix.lower() not in ENDINGS[header.format],
            f"its content is {header.format}, its ending {path.suffix or 'none'}"
            + ("; training leaves it out" if header.format == "GIF" else ""),
        ),
    }
    for kind, (applies, reason) in states.items():
        if applies:
            yield Problem(path, kind, reason)
