"""Fine texture of pictures without lighting, and fingerprints of its patches, the same however a picture is turned.

Texture: our own. Brightness that varies slowly is taken off and contrast is evened out, so that neither lamp nor
exposure nor one bright defect decides; then the finest grain, mostly noise and compression, is smoothed away.

Fingerprints: extrema of a band of frequencies as in Lowe, "Distinctive Image Features from Scale-Invariant Keypoints",
2004, and their patch, reduced by principal components, as in Ke and Sukthankar, "PCA-SIFT", 2004. Differs from them:
one size only, since crops are not scaled, and instead of a measured angle the patch is brought to one of its eight
orientations, so that mirrored copies have equal fingerprints as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """Return the texture of a grey picture ``(H, W)``: around 0 in ``STEPS`` to the unit, clipped at four units.

    Its shape is that of the picture times ``factor``, which is at most 1.
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


Points = NDArray[np.int16]

_REACH = 4  # samples of a patch to each side of its centre
_WINDOW = np.ones((7, 7), dtype=np.uint8)  # a dot is the highest or lowest value of such a window
_FAINTEST = 0.05  # of a dot, in units of the texture
_CELL = 50  # pixels; every cell gives dots, so that a picture's corner is found as well as its middle
_PER_CELL = 16
_LENGTH = 32  # numbers of a fingerprint
_LEARNT_FROM = 300  # pictures; more do not change the principal components


@dataclass(frozen=True)
class Scale:
    """Size of the details that are looked at.

    A Gaussian of ``blur`` pixels goes before; ``step`` pixels lie between two samples of a patch, which is
    ``8 * step + 1`` pixels wide; fingerprints of at least this ``cosine`` count as equal.
    """

    blur: float
    step: int
    cosine: float


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of many pictures, ordered by picture.

    Index of each one's picture ``(N,)``, pixel ``(x, y)`` of the dot ``(N, 2)``, how the patch was turned before it was
    described ``(N,)``, and the fingerprint itself, of length 1, ``(N, 32)``.
    """

    picture: NDArray[np.int32]
    position: Points
    orientation: NDArray[np.uint8]
    vector: Floats


def fingerprints(textures: Sequence[Texture], scale: Scale) -> Fingerprints:
    """Return the fingerprints of pictures of textures ``(H, W)``, for details of one size.

    Up to 16 for each 50x50 pixels of each picture; none of a picture smaller than a patch.
    """
    every = max(1, len(textures) // _LEARNT_FROM)
    basis = _principal(np.concatenate([_describe(texture, scale)[2] for texture in textures[::every]]))
    parts = []
    for texture in textures:
        position, orientation, patches = _describe(texture, scale)
        parts.append((position, orientation, _unit(patches @ basis)))
    counts = [len(position) for position, _, _ in parts]
    position, orientation, vector = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Fingerprints(np.repeat(np.arange(len(parts), dtype=np.int32), counts), position, orientation, vector)


def _describe(texture: Texture, scale: Scale) -> tuple[Points, NDArray[np.uint8], Floats]:
    """Return the positions ``(N, 2)``, orientations ``(N,)`` and whole patches ``(N, 81)`` of a picture's dots."""
    values = blurred(as_floats(texture), scale.blur)
    points = _dots(values, scale.step * _REACH)
    steps = np.arange(-_REACH, _REACH + 1, dtype=np.int16) * scale.step
    x, y = points[:, 0], points[:, 1]
    patches, orientation = _upright(values[y[:, None, None] + steps[:, None], x[:, None, None] + steps])
    flat = patches.reshape(len(patches), (2 * _REACH + 1) ** 2)
    return points, orientation, _unit(flat - flat.mean(axis=1, keepdims=True))


def _dots(values: Floats, margin: int) -> Points:
    """Return the strongest dots of each cell that are ``margin`` pixels away from the border, shape ``(N, 2)``."""
    extreme = (values == cv2.dilate(values, _WINDOW)) | (values == cv2.erode(values, _WINDOW))
    extreme &= np.abs(values) > _FAINTEST
    inside = np.zeros_like(extreme)
    inside[margin:-margin, margin:-margin] = True
    y, x = np.nonzero(extreme & inside)
    cell = y // _CELL * (values.shape[1] // _CELL + 1) + x // _CELL
    order = np.lexsort((-np.abs(values[y, x]), cell))
    rank = np.arange(len(order)) - np.searchsorted(cell[order], cell[order])
    best = order[rank < _PER_CELL]
    return np.stack([x[best], y[best]], axis=1).astype(np.int16)


def _upright(patches: Floats) -> tuple[Floats, NDArray[np.uint8]]:
    """Turn each patch so that it is brighter on the right than on the left, less so below than above, shape kept."""
    steps = np.arange(-_REACH, _REACH + 1, dtype=np.float32)
    slope_x, slope_y = patches.sum(axis=1) @ steps, patches.sum(axis=2) @ steps
    mirror, upside_down, swap = slope_x < 0, slope_y < 0, np.abs(slope_y) > np.abs(slope_x)
    patches = np.where(mirror[:, None, None], patches[:, :, ::-1], patches)
    patches = np.where(upside_down[:, None, None], patches[:, ::-1], patches)
    patches = np.where(swap[:, None, None], patches.transpose(0, 2, 1), patches)
    return patches, (mirror + 2 * upside_down + 4 * swap).astype(np.uint8)


def _principal(patches: Floats) -> Floats:
    """Return the directions in which the patches differ most, shape ``(81, 32)``."""
    directions = np.linalg.eigh(patches.T @ patches)[1]
    return np.asarray(directions[:, : -_LENGTH - 1 : -1], dtype=np.float32)


def _unit(vectors: Floats) -> Floats:
    """Return the rows at length 1."""
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9), dtype=np.float32)
