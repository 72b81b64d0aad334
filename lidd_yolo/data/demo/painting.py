"""Brushes for generated pictures: covers with smooth edges, paint through a cover, relief under slanting light.

Origin: our own; no paper. Pictures are BGR, float32, about 0 to 255 and not clipped; covers are bytes from 0 to 255, so
that OpenCV draws smooth edges into them. Functions that take a picture change it in place.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.textures import FloatImage
from lidd_yolo.data.labels.outline import Mask

ColourImage = npt.NDArray[np.float32]
"""BGR picture, shape ``(size, size, 3)``, about 0 to 255, not clipped."""

Points = npt.NDArray[np.float64]
"""Places (x, y) in pixels, shape ``(N, 2)``."""

Colour = npt.NDArray[np.float32]
"""Blue, green, red, shape ``(3,)``."""

_SUBPIXEL_BITS = 4  # OpenCV draws at 1/16 pixel


def some_angle(rng: np.random.Generator, level: float = 0.5) -> float:
    """Return an angle in radians: near a multiple of 90 degrees with probability ``level``, else any."""
    if rng.random() < level:
        return float(rng.integers(4) * np.pi / 2 + rng.normal(0, 0.03))
    return float(rng.uniform(0, 2 * np.pi))


def placed(points: Sequence[Sequence[float]] | Points, angle: float, centre: Sequence[float] | Points) -> Points:
    """Return points turned by an angle in radians and moved, so that the origin comes to ``centre``."""
    c, s = np.cos(angle), np.sin(angle)
    moved_to = np.asarray(points, dtype=np.float64) @ np.array([[c, s], [-s, c]]) + np.asarray(centre)
    return np.asarray(moved_to, dtype=np.float64)


def grey_paint(level: float) -> Colour:
    """Return a grey of this level."""
    return np.full(3, level, dtype=np.float32)


def vivid(rng: np.random.Generator) -> Colour:
    """Return a saturated colour of any hue, from deep to light."""
    hsv = np.array([[[rng.uniform(0, 360), rng.uniform(0.6, 1.0), rng.uniform(0.35, 1.0)]]], dtype=np.float32)
    return np.asarray(255 * cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0], dtype=np.float32)


def ink(rng: np.random.Generator, ground: float) -> Colour:
    """Return a colour to write with on a ground of this mean level: mostly dark on bright or bright on dark."""
    if rng.random() < 0.25:
        return vivid(rng)
    dark = ground > 128 if rng.random() < 0.85 else ground <= 128
    return grey_paint(rng.uniform(5, 70) if dark else rng.uniform(185, 255)) + rng.normal(0, 8, 3).astype(np.float32)


def blank(picture: ColourImage) -> Mask:
    """Return an empty cover of the picture's size."""
    return np.zeros(picture.shape[:2], dtype=np.uint8)


def fill_cover(cover: Mask, points: Points, value: int = 255) -> None:
    """Fill a polygon in a cover, with smooth edges."""
    cv2.fillPoly(cover, [_fixed_point(points)], value, cv2.LINE_AA, _SUBPIXEL_BITS)


def stroke_cover(cover: Mask, points: Points, thickness: float, value: int = 255, *, closed: bool = False) -> None:
    """Draw a polyline into a cover, with smooth edges and round ends."""
    thick = max(1, round(thickness))
    cv2.polylines(cover, [_fixed_point(points)], closed, value, thick, cv2.LINE_AA, _SUBPIXEL_BITS)


def disc(cover: Mask, centre: Points, radius: float, value: int = 255, thickness: float = -1) -> None:
    """Draw a disc, or a ring of this thickness, into a cover, with smooth edges."""
    x, y, r = (round(v * 2**_SUBPIXEL_BITS) for v in (*centre, radius))
    thick = cv2.FILLED if thickness < 0 else max(1, round(thickness))
    cv2.circle(cover, (x, y), max(r, 1), value, thick, cv2.LINE_AA, _SUBPIXEL_BITS)


def as_share(cover: Mask, sigma: float = 0.0) -> FloatImage:
    """Scale a cover to 0 to 1 and blur it by ``sigma`` pixels, zero for not at all."""
    if sigma > 0.2:
        cover = blur_cover(cover, sigma)
    return np.asarray(cover * np.float32(1 / 255), dtype=np.float32)


def blur_cover(cover: Mask, sigma: float) -> Mask:
    """Return a cover blurred by ``sigma`` pixels; of bytes this is several times as fast as of floats."""
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), sigma), dtype=np.uint8)


def paint(
    picture: ColourImage, cover: Mask, colour: Colour, strength: float = 1.0, grain: FloatImage | None = None
) -> None:
    """Lay a colour over the picture: at full cover ``strength`` of it, where given times ``grain`` ``(size, size)``."""
    rows, columns = _touched(cover)
    share = cover[rows, columns] * np.float32(strength / 255)
    if grain is not None:
        share = share * grain[rows, columns]
    part = picture[rows, columns]
    part += share[..., None] * (colour.astype(np.float32) - part)


def add_grey(picture: ColourImage, change: FloatImage, cover: Mask | None = None) -> None:
    """Add grey levels ``(size, size)`` to all three channels, where given only in a cover."""
    if cover is None:
        picture += change[..., None]
        return
    rows, columns = _touched(cover)
    picture[rows, columns] += (change[rows, columns] * (cover[rows, columns] * np.float32(1 / 255)))[..., None]


def dim(picture: ColourImage, cover: Mask, factor: float) -> None:
    """Multiply by a factor at full cover, less at less."""
    rows, columns = _touched(cover)
    picture[rows, columns] *= (1 + (factor - 1) * (cover[rows, columns] * np.float32(1 / 255)))[..., None]


def emboss(picture: ColourImage, height: FloatImage, light: float, strength: float) -> None:
    """Shade a relief ``(size, size)`` by light from direction ``light``: ``strength`` grey levels per unit of slope."""
    slope = np.float32(strength * np.cos(light)) * cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125)
    slope += np.float32(strength * np.sin(light)) * cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125)
    picture += slope[..., None]


def shifted(cover: Mask, right: float, down: float) -> Mask:
    """Return a cover moved by whole pixels; zeros come in."""
    matrix = np.array([[1, 0, round(right)], [0, 1, round(down)]], dtype=np.float32)
    return np.asarray(cv2.warpAffine(cover, matrix, cover.shape[::-1], flags=cv2.INTER_NEAREST), dtype=np.uint8)


def axes(size: int, angle: float, centre: Sequence[float] | Points) -> tuple[FloatImage, FloatImage]:
    """Return every pixel's coordinates along and across a direction, in pixels from a centre."""
    axis = np.arange(size, dtype=np.float32)
    x, y = axis[None, :] - np.float32(centre[0]), axis[:, None] - np.float32(centre[1])
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return c * x + s * y, c * y - s * x


def _fixed_point(points: Points) -> npt.NDArray[np.int32]:
    return np.asarray(np.round(points * 2**_SUBPIXEL_BITS), dtype=np.int32)


def _touched(cover: Mask) -> tuple[slice, slice]:
    """Return the rows and columns of the smallest box around a cover."""
    x, y, width, height = cv2.boundingRect(cover)
    return slice(y, y + height), slice(x, x + width)
