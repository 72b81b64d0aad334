"""How one picture lies over another: the eight orientations, and the close look at a likely pair.

An orientation is one of the eight ways to turn or mirror a picture on its pixel grid, the symmetries of the square: a
number 0-7 made of three bits, carried out in this order: 1 mirrors left and right, 2 turns upside down, 4 swaps rows
and columns.

Methods: Kuglin and Hines, "The Phase Correlation Image Alignment Method", 1975, for the shift; Lewis, "Fast Normalized
Cross-Correlation", 1995, for the similarity. Differs from them: the likely shift is known to a few pixels, so only the
part that is then shared is correlated. The height of the phase correlation serves as a second check: parallel scratches
are similar, but only across their direction, while the same steel agrees in all directions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.fingerprints import Floats, Texture, as_floats

Scalar = TypeVar("Scalar", bound=np.generic)

ORIENTATIONS = 8
_MIRROR, _UPSIDE_DOWN, _SWAP = 1, 2, 4


def turned(image: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """Return a turned view of a picture, shape ``(H, W)`` or, if rows and columns are swapped, ``(W, H)``."""
    if orientation & _MIRROR:
        image = image[:, ::-1]
    if orientation & _UPSIDE_DOWN:
        image = image[::-1]
    return image.T if orientation & _SWAP else image


def _matrix(orientation: int) -> NDArray[np.int64]:
    signs = np.diag([-1 if orientation & _MIRROR else 1, -1 if orientation & _UPSIDE_DOWN else 1])
    return signs[::-1] if orientation & _SWAP else signs


MATRICES: NDArray[np.int64] = np.stack([_matrix(orientation) for orientation in range(ORIENTATIONS)])
"""What an orientation does to an offset ``(x, y)``, shape ``(8, 2, 2)``."""

THEN_UNDOING: NDArray[np.int64] = np.array(
    [[int((b.T @ a == MATRICES).all(axis=(1, 2)).argmax()) for b in MATRICES] for a in MATRICES]
)
"""``THEN_UNDOING[a, b]`` is the orientation that carries out ``a`` and then undoes ``b``, shape ``(8, 8)``."""


def moved(points: NDArray[Any], orientation: NDArray[Any], size: NDArray[Any]) -> NDArray[np.int64]:
    """Return where pixels ``(x, y)``, shape ``(N, 2)``, lie after their pictures were turned.

    ``orientation`` is how each one's picture is turned, shape ``(N,)``; ``size`` is width and height of each one's
    picture before that, shape ``(N, 2)``.
    """
    matrices = MATRICES[orientation]
    # A mirrored axis starts at its other end: what was in the last pixel comes to lie in pixel 0.
    start = (np.minimum(matrices, 0) * (1 - size.astype(np.int64))[:, None, :]).sum(axis=2)
    return np.asarray((matrices * points.astype(np.int64)[:, None, :]).sum(axis=2) + start, dtype=np.int64)


_SMALLEST = 8  # pixels; the side of a shared area below which nothing can be said
_SEARCH = 6  # pixels by which the voted shift may be wrong
_HOPELESS = 4.5  # standard deviations; noise reaches 3 somewhere among so few shifts, what is real far more
_HIGHEST = 0.18  # cycles per pixel; higher frequencies are mostly compression noise
_LOWEST = 0.02  # cycles per pixel; lower frequencies are lighting
_FAINTEST = 1e-4  # variance of a shared area without texture


@dataclass(frozen=True)
class Placement:
    """One picture laid over another.

    Attributes:
        dx: Columns by which a spot lies further right in the second picture.
        dy: Rows by which a spot lies further down in the second picture.
        area: Shared area as a fraction of the smaller picture.
        similarity: Normalised cross-correlation of the shared area, at most 1.
        sharpness: Height of the phase correlation there, in standard deviations of what unrelated textures give.
    """

    dx: int
    dy: int
    area: float
    similarity: float
    sharpness: float


def place(first: Texture, second: Texture, shift: tuple[int, int], *, min_area: float) -> Placement | None:
    """Lay two pictures over each other where they agree best near a likely shift ``(dx, dy)``, a few pixels wrong.

    The textures are ``(H, W)``, the second already turned like the first, of any shape. None if they share less than
    ``min_area`` of the smaller one.
    """
    rough = _shared(first, second, shift)
    if min(rough[0].shape) < _SMALLEST:
        return None
    wave = _near(_correlation(*rough), _SEARCH)
    if wave.max() < _HOPELESS:
        return None
    y, x = divmod(int(wave.argmax()), wave.shape[1])
    dx, dy = shift[0] + x - _SEARCH, shift[1] + y - _SEARCH
    shared = _shared(first, second, (dx, dy))
    area = shared[0].size / min(first.size, second.size)
    if min(shared[0].shape) < _SMALLEST or area < min_area:
        return None
    return Placement(dx, dy, area, _similarity(*shared), float(_near(_correlation(*shared), 1).max()))


def shared_bounds(first: tuple[int, ...], second: tuple[int, ...], shift: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of the shared area in the first picture, in pixels, the ends exclusive.

    ``shift`` is the ``(dx, dy)`` by which a spot lies further right and down in the second picture, already turned like
    the first. Top equals bottom, or left equals right, if nothing is shared.
    """
    dx, dy = shift
    top, left = max(0, -dy), max(0, -dx)
    return top, max(top, min(first[0], second[0] - dy)), left, max(left, min(first[1], second[1] - dx))


def _shared(first: Texture, second: Texture, shift: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return what either picture shows of the area they share, twice the same shape, perhaps without pixels."""
    dx, dy = shift
    top, bottom, left, right = shared_bounds(first.shape, second.shape, shift)
    mine = first[top:bottom, left:right]
    other = second[top + dy : bottom + dy, left + dx : right + dx]
    return as_floats(mine), as_floats(other)


def _correlation(mine: Floats, other: Floats) -> Floats:
    """Return the phase correlation of two areas at every cyclic shift, in standard deviations of its noise."""
    height, width = (2 * cv2.getOptimalDFTSize((side + 1) // 2) for side in mine.shape)
    window, weight = _window(*mine.shape), _weight(height, width)
    spectrum = np.fft.rfft2(mine * window, (height, width)).conj() * np.fft.rfft2(other * window, (height, width))
    white = spectrum * (weight / (np.abs(spectrum) + 1e-6))
    return np.asarray(np.fft.irfft2(white, (height, width)), dtype=np.float32)


def _near(wave: Floats, reach: int) -> Floats:
    """Return the correlation at shifts up to ``reach`` pixels, shape ``(2 * reach + 1, 2 * reach + 1)``."""
    steps = np.arange(-reach, reach + 1)
    return wave[np.ix_(steps, steps)]


@lru_cache(maxsize=64)
def _window(height: int, width: int) -> Floats:
    """Return weights that fade out at the edges, where a wrong shift compares nothing, shape ``(H, W)``."""
    return np.sqrt(np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])).astype(np.float32)


@lru_cache(maxsize=64)
def _weight(height: int, width: int) -> Floats:
    """Return the weight of each frequency, at which random phases sum to a variance of 1, shape ``(H, W // 2 + 1)``."""
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    squared = fx**2 + fy**2
    band = np.exp(-squared / (2 * _HIGHEST**2)) * (1 - np.exp(-squared / (2 * _LOWEST**2)))
    twice = np.where((fx > 0) & (fx < 0.5), 2, 1)  # a real picture's spectrum is stored by half
    return np.asarray(band * height * width / np.sqrt((twice * band**2).sum()), dtype=np.float32)


def _similarity(mine: Floats, other: Floats) -> float:
    """Return the normalised cross-correlation of two areas; 0 if one has no texture."""
    mine, other = mine - mine.mean(), other - other.mean()
    variances = float((mine * mine).mean()), float((other * other).mean())
    # Without texture any two places look alike, and what correlates is rounding.
    return float((mine * other).mean()) / math.sqrt(math.prod(variances)) if min(variances) > _FAINTEST else 0.0
