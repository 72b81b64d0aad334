"""One change of a picture - mirrored, turned, brighter or darker - and how it is drawn by lot.

Paper: LIDD-Net, section 2.3 ("random rotation, flipping and brightness changes"). The paper states no ranges; ours are
those of `RULE`.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.pictures.decoding import decode_as_training, decode_within

Floats = NDArray[np.float64]
Image = NDArray[Any]

MAX_ANGLE = 180.0
"""Largest turn to either side in degrees."""
BRIGHTNESS = 0.3
"""Largest share by which values grow or shrink."""
MIN_SHARE = 0.25
"""Objects of which less than this share of the area is left in the picture are dropped."""
RULE = {
    "max_angle": MAX_ANGLE,
    "brightness": BRIGHTNESS,
    "border": "constant",
    "box_rule": "ellipse",
    "min_share": MIN_SHARE,
}
"""The ranges as records hold them. ``constant``: what a turned picture leaves free is grey 114, as in Ultralytics.
``ellipse``: where only a box is known, the ellipse that touches its four sides is turned before the smallest upright
box around it is taken; the box itself would grow by up to half its area in a turn by 45 degrees."""

_GREY = 114  # of 255, Ultralytics' own
_JPEG_QUALITY = 95
_JPEG = frozenset({".jpg", ".jpeg"})
_WRITABLE = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True)
class Change:
    """One change: mirrored (left and right) or flipped first, then turned around the picture's middle, which stays.

    ``angle`` is in degrees, counter-clockwise as seen; ``brightness`` is a factor on all values.
    """

    angle: float = 0.0
    mirrored: bool = False
    flipped: bool = False
    brightness: float = 1.0

    def matrix(self, width: int, height: int) -> Floats:
        """Return where points of a picture of this size in pixels go, as a matrix ``(2, 3)`` for ``(x, y, 1)``.

        The size stays, and what is turned out of the picture is lost.
        """
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        turn = np.array([[cos, sin], [-sin, cos]])  # rows count downwards
        linear = turn * np.array([-1.0 if self.mirrored else 1.0, -1.0 if self.flipped else 1.0])
        middle = np.array([width / 2, height / 2])
        return np.column_stack([linear, middle - linear @ middle])


def draw_change(seed: int, name: str, number: int) -> Change:
    """Return the change of copy ``number``, from 1, of a picture; it depends on these and the seed alone."""
    generator = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
    angle = round(float(generator.uniform(-MAX_ANGLE, MAX_ANGLE)), 2)
    mirrored, flipped = (bool(lot) for lot in generator.integers(0, 2, 2))
    brightness = round(float(generator.uniform(1 - BRIGHTNESS, 1 + BRIGHTNESS)), 3)
    return Change(angle, mirrored, flipped, brightness)


def decode_picture(data: bytes, ending: str = "", channels: int = 3) -> Image | None:
    """Return a picture as it is shown (EXIF turns applied), ``(H, W)`` or ``(H, W, 3)``, 8 or 16 bits, or None.

    Of a data set that is trained with four ``channels``, ``(H, W, 4)``; ``ending`` is then that of the file.
    """
    if channels == 4:
        image, _ = decode_as_training(data, ending, channels, deep=True)
        image = image if image is not None and image.shape[2] == channels else None
    else:
        image, _ = decode_within(data, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    return image if image is not None and image.dtype in (np.uint8, np.uint16) else None


def encode_picture(image: Image, ending: str) -> tuple[bytes, str]:
    """Return a picture's file and its ending: the one given, or ``.png`` where OpenCV cannot write that.

    `ValueError` if OpenCV cannot encode it.
    """
    ending = ending if ending.lower() in _WRITABLE else ".png"
    # OpenCV warns of a quality that the format has no place for.
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if ending.lower() in _JPEG else []
    done, data = cv2.imencode(ending, image, quality)
    if not done:
        raise ValueError(f"a picture of shape {image.shape} cannot be written as {ending}")
    return data.tobytes(), ending


def change_picture(image: Image, change: Change) -> Image:
    """Return a picture ``(H, W)`` or ``(H, W, C)`` of 8 or 16 bits changed, of the same size and kind.

    The corners that a turn leaves free become grey 114.
    """
    largest = int(np.iinfo(image.dtype).max)
    brighter = np.clip(np.rint(image * np.float32(change.brightness)), 0, largest).astype(image.dtype)
    height, width = image.shape[:2]
    matrix = change.matrix(width, height)
    # OpenCV counts from the middle of the first pixel, the labels from its outer edge.
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    grey = (_GREY * (largest // 255),) * 4
    return np.asarray(cv2.warpAffine(brighter, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=grey))
