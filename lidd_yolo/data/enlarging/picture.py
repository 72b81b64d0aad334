"""Pictures decoded, changed and encoded again.

Paper: LIDD-Net, section 2.3. Everything is kept that the file has: grey stays grey, 16 bits stay 16 bits.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.decoding import decode_within
from lidd_yolo.data.enlarging.change import Change

Image = NDArray[Any]

_GREY = 114  # of 255, Ultralytics' own
_JPEG_QUALITY = 95
_JPEG = frozenset({".jpg", ".jpeg"})
_BORDERS = {"constant": cv2.BORDER_CONSTANT, "reflect": cv2.BORDER_REFLECT_101}
_WRITABLE = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


def decode_picture(data: bytes) -> Image | None:
    """Return a picture as it is shown (EXIF turns applied), ``(H, W)`` or ``(H, W, 3)``, 8 or 16 bits, or None."""
    image, _ = decode_within(data, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    return image if image is not None and image.dtype in (np.uint8, np.uint16) else None


def encode_picture(image: Image, ending: str) -> tuple[bytes, str]:
    """Return a picture's file and its ending: the one asked for, or ``.png`` where OpenCV cannot write that.

    Args:
        image: Shape ``(H, W)`` or ``(H, W, 3)``.
        ending: Of the original's name, with dot.

    Raises:
        ValueError: If OpenCV cannot encode it.
    """
    ending = ending if ending.lower() in _WRITABLE else ".png"
    # OpenCV warns of a quality that the format has no place for.
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if ending.lower() in _JPEG else []
    done, data = cv2.imencode(ending, image, quality)
    if not done:
        raise ValueError(f"a picture of shape {image.shape} cannot be written as {ending}")
    return data.tobytes(), ending


def change_picture(image: Image, change: Change, border: str) -> Image:
    """Return the changed picture, of the same size and kind.

    Args:
        image: Shape ``(H, W)`` or ``(H, W, C)``, 8 or 16 bits.
        change: What to do.
        border: What fills the corners that a turn leaves free, see `lidd_yolo.data.enlarging.change.BORDERS`.
    """
    largest = int(np.iinfo(image.dtype).max)
    brighter = np.clip(np.rint(image * np.float32(change.brightness)), 0, largest).astype(image.dtype)
    height, width = image.shape[:2]
    matrix = change.matrix(width, height)
    # OpenCV counts from the middle of the first pixel, the labels from its outer edge.
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    grey = (_GREY * (largest // 255),) * 4
    return np.asarray(
        cv2.warpAffine(
            brighter, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=_BORDERS[border], borderValue=grey
        )
    )
