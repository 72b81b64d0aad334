"""Encoded pictures decoded, their headers asked first: few bytes may promise more pixels than memory holds."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.labels.annotation import MAX_PIXELS
from lidd_yolo.data.pictures.header import read_header

NO_PICTURE = "it cannot be decoded as a picture"


def decode(data: bytes, flags: int) -> NDArray[Any] | None:
    """Return the pixels of an encoded picture by ``cv2.imdecode``, or None if OpenCV cannot read it."""
    try:
        # OpenCV raises on an empty buffer or a size it does not allow, and gives None for what it does not understand.
        return cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags) if data else None
    except cv2.error:
        return None


def decode_within(data: bytes, flags: int) -> tuple[NDArray[Any] | None, str]:
    """Return the pixels of an encoded picture, shape ``(H, W)`` or ``(H, W, C)``, or None and why there are none."""
    header = read_header(data)
    if header is not None and header.width * header.height > MAX_PIXELS:
        return None, f"its header says {header.width}x{header.height}, more than {MAX_PIXELS} pixels"
    pixels = decode(data, flags)
    return pixels, "" if pixels is not None else NO_PICTURE
