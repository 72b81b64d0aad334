"""Fine texture of a picture without lighting: what the search for shared spots looks at.

No paper. Brightness that varies slowly is taken off and contrast is evened out, so that neither lamp nor
exposure nor one bright defect decides; then the finest grain, mostly noise and compression, is smoothed away.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Texture = NDArray[np.int8]
Floats = NDArray[np.float32]

STEPS = 32
"""Steps of a texture to one unit of evened-out contrast; whole steps take a quarter of the memory of floats."""

_WORK_SIDE = 256  # larger pictures are shrunk, all by one factor: time and memory
_LIGHTING = 6.0  # pixels; brightness that varies more slowly than this is lighting
_GRAIN = 1.0  # pixels; what varies faster than this is noise
_FLOOR = 2.0  # grey levels; keeps compression noise of flat regions from being blown up into texture


def shrink_factor(images: Sequence[Gray]) -> float:
    """Return the factor, at most 1, that brings the longest side of all pictures down to the working size."""
    return min(1.0, _WORK_SIDE / max((side for image in images for side in image.shape), default=1))


def texture(image: Gray, factor: float = 1.0) -> Texture:
    """Return the texture of a picture.

    Args:
        image: Grey picture, shape ``(H, W)``.
        factor: What to shrink it by, at most 1.

    Returns:
        Texture around 0 in ``STEPS`` to the unit, clipped at four units, shape ``(H, W)`` times the factor.
    """
    values = image.astype(np.float32)
    if factor < 1:
        size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
        values = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    fine = values - blurred(values, _LIGHTING)
    contrast = np.sqrt(blurred(fine * fine, 2 * _LIGHTING)) + _FLOOR
    even = blurred(np.divide(fine, contrast, dtype=np.float32), _GRAIN)
    return np.clip(np.round(even * STEPS), -127, 127).astype(np.int8)


def as_floats(steps: Texture) -> Floats:
    """Return a texture in its own unit, shape kept."""
    return np.multiply(steps, 1 / STEPS, dtype=np.float32)


def blurred(values: Floats, sigma: float) -> Floats:
    """Return values under a Gaussian of ``sigma`` pixels, shape ``(H, W)``."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), dtype=np.float32)
