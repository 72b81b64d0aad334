"""Encoded pictures decoded, their headers asked first: few bytes may promise more pixels than memory holds."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.labels.annotation import MAX_PIXELS
from lidd_yolo.data.pictures.header import read_header

NO_PICTURE = "it cannot be decoded as a picture"
NUMBERS = (
    "its numbers have a sign, a point or more than 16 bits: training stops at it, or takes them as if they went to 255"
)
"""Why a TIFF is no picture that OpenCV reads, but not as 8 or 16 bits."""
_NO_MEMORY = -4  # OpenCV's StsNoMem


def decode(data: bytes, flags: int) -> NDArray[Any] | None:
    """Return the pixels of an encoded picture by ``cv2.imdecode``, or None if OpenCV cannot read it.

    Raises:
        MemoryError: If there is not enough memory for it, which says nothing against the picture.
    """
    try:
        # OpenCV raises on an empty buffer or a size it does not allow, and gives None for what it does not understand.
        return cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags) if data else None
    except cv2.error as error:
        if error.code != _NO_MEMORY:
            return None
        header = read_header(data)
        size = f" of {header.width}x{header.height} pixels" if header is not None else ""
        raise MemoryError(f"a picture{size} does not fit into it") from error


def decode_within(data: bytes, flags: int) -> tuple[NDArray[Any] | None, str]:
    """Return the pixels of an encoded picture, shape ``(H, W)`` or ``(H, W, C)``, or None and why there are none.

    Raises:
        MemoryError: As `decode`.
    """
    if reason := _too_large(data):
        return None, reason
    pixels = decode(data, flags)
    return pixels, "" if pixels is not None else NO_PICTURE


def decode_as_training(
    data: bytes, ending: str, channels: int, *, deep: bool = False
) -> tuple[NDArray[Any] | None, str]:
    """Return the pixels that Ultralytics trains on, shape ``(H, W, C)``, or None and why there are none.

    Of a data set of one or three ``channels``, C is that number. Of any other it is what the file has, which training
    cannot use if it differs: equal grey pages of a TIFF are channels, and transparency is one. Of 16 bits, training
    takes the upper 8; ``deep`` keeps them where C is what the file has.

    Args:
        data: The file's content.
        ending: Of its name, which tells Ultralytics that it is a TIFF.
        channels: What the data YAML says, 3 if nothing.
        deep: Whether 16 bits stay.
    """
    if reason := _too_large(data):
        return None, reason
    pixels = None
    if channels != 1 and ending.lower() in (".tif", ".tiff"):
        pixels = _bands(data, stacked=channels != 3)
        pixels = pixels[..., :3] if pixels is not None and channels == 3 else pixels
    if pixels is None:
        pixels = decode(data, {1: cv2.IMREAD_GRAYSCALE, 3: cv2.IMREAD_COLOR}.get(channels, cv2.IMREAD_UNCHANGED))
    if pixels is None:
        header = read_header(data)
        deep_tiff = header is not None and header.format == "TIFF" and header.bits > 16
        return None, NUMBERS if deep_tiff else NO_PICTURE
    if pixels.dtype == np.uint16 and not deep:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.dtype not in (np.uint8, np.uint16):
        return None, NUMBERS
    return pixels if pixels.ndim == 3 else pixels[..., None], ""


def _bands(data: bytes, *, stacked: bool) -> NDArray[Any] | None:
    """Return the first page of a TIFF of colours, or its grey pages as channels if that is asked, else None."""
    try:
        done, pages = cv2.imdecodemulti(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if not done or not pages:
        return None
    if pages[0].ndim == 3:
        return np.asarray(pages[0])
    if stacked and len(pages) > 1 and all(page.shape == pages[0].shape for page in pages):
        return np.stack(pages, axis=2)
    return None


def _too_large(data: bytes) -> str:
    header = read_header(data)
    if header is not None and header.width * header.height > MAX_PIXELS:
        return f"its header says {header.width}x{header.height}, more than {MAX_PIXELS} pixels"
    return ""
