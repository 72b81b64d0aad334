"""One change of a picture - mirrored, turned, brighter or darker - and how it is drawn by lot.

Paper: LIDD-Net, section 2.3 ("random rotation, flipping and brightness changes"). The paper states no ranges; ours are
the defaults of `Settings`.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.pictures.decoding import decode_within

Floats = NDArray[np.float64]

BORDERS = ("constant", "reflect")
"""``constant``: what a turned picture leaves free is grey 114, as in Ultralytics; ``reflect``: the picture mirrored at
its edges. Mirrored defects have no label, so that ``reflect`` teaches a network to overlook some."""
BOX_RULES = ("ellipse", "rectangle")
"""What is turned where only a box is known, before the smallest upright box around it is taken: the ellipse that
touches its four sides, or the box itself, whose result grows by up to half its area in a turn by 45 degrees."""


@dataclass(frozen=True)
class Settings:
    """What enlargement does.

    Args:
        times: Pictures for each original, itself included.
        seed: Seed of all changes; a picture's changes depend on it and the picture's name alone.
        max_angle: Largest turn to either side in degrees.
        brightness: Largest share by which values grow or shrink.
        border: One of `BORDERS`.
        box_rule: One of `BOX_RULES`.
        min_share: Objects of which less than this share of the area is left in the picture are dropped.

    Raises:
        ValueError: If a value is out of its range.
    """

    times: int = 5
    seed: int = 0
    max_angle: float = 180.0
    brightness: float = 0.3
    border: str = "constant"
    box_rule: str = "ellipse"
    min_share: float = 0.25

    def __post_init__(self) -> None:
        wrong = {
            f"times must be at least 2, got {self.times}": self.times < 2,
            f"the seed cannot be negative, got {self.seed}": self.seed < 0,
            f"the largest turn must be 0 to 180 degrees, got {self.max_angle}": not 0 <= self.max_angle <= 180,
            f"brightness must be 0 to less than 1, got {self.brightness}": not 0 <= self.brightness < 1,
            f"border must be one of {', '.join(BORDERS)}, got {self.border!r}": self.border not in BORDERS,
            f"the box rule must be one of {', '.join(BOX_RULES)}, got {self.box_rule!r}": self.box_rule
            not in BOX_RULES,
            f"the smallest share must be above 0 and at most 1, got {self.min_share}": not 0 < self.min_share <= 1,
        }
        for reason, is_wrong in wrong.items():
            if is_wrong:
                raise ValueError(reason)


@dataclass(frozen=True)
class Change:
    """One change: mirrored first, then turned around the picture's middle, which stays where it is.

    Args:
        angle: Turn in degrees, counter-clockwise as seen.
        mirrored: Whether left and right change places.
        flipped: Whether top and bottom change places.
        brightness: Factor on all values.
    """

    angle: float = 0.0
    mirrored: bool = False
    flipped: bool = False
    brightness: float = 1.0

    def matrix(self, width: int, height: int) -> Floats:
        """Return where points of a picture go, as a matrix ``(2, 3)`` for ``(x, y, 1)``.

        Args:
            width: Width in pixels; it stays, and what is turned out of the picture is lost.
            height: Height in pixels; it stays as well.
        """
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        turn = np.array([[cos, sin], [-sin, cos]])  # rows count downwards
        linear = turn * np.array([-1.0 if self.mirrored else 1.0, -1.0 if self.flipped else 1.0])
        middle = np.array([width / 2, height / 2])
        return np.column_stack([linear, middle - linear @ middle])


def draw_change(settings: Settings, name: str, number: int) -> Change:
    """Return the change of one copy.

    Args:
        settings: Seed and ranges.
        name: Of the original; what is drawn depends on no other picture.
        number: Of the copy, from 1.
    """
    generator = np.random.default_rng([settings.seed, zlib.crc32(name.encode()), number])
    angle = round(float(generator.uniform(-settings.max_angle, settings.max_angle)), 2)
    mirrored, flipped = (bool(lot) for lot in generator.integers(0, 2, 2))
    brightness = round(float(generator.uniform(1 - settings.brightness, 1 + settings.brightness)), 3)
    return Change(angle, mirrored, flipped, brightness)


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
        border: What fills the corners that a turn leaves free, see `lidd_yolo.data.enlarge.change.BORDERS`.
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
