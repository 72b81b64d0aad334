"""Encoded pictures decoded, their headers asked first: few bytes may promise more pixels than memory holds."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.labels.annotation import MAX_PIXELS
from lidd_yolo.data.pictures.header import read_header

NO_PICTURE = "it cannot be decoded as a picture"
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
    header = read_header(data)
    if header is not None and header.width * header.height > MAX_PIXELS:
        return None, f"its header says {header.width}x{header.height}, more than {MAX_PIXELS} pixels"
    pixels = decode(data, flags)
    return pixels, "" if pixels is not None else NO_PICTURE
