"""The eight ways to turn or mirror a picture on its pixel grid, the symmetries of the square.

No paper. An orientation is a number 0-7 made of three bits, carried out in this order: 1 mirrors left and
right, 2 turns upside down, 4 swaps rows and columns. 0 leaves the picture as it is.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

COUNT = 8
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


MATRICES: NDArray[np.int64] = np.stack([_matrix(orientation) for orientation in range(COUNT)])
"""What an orientation does to an offset ``(x, y)``, shape ``(8, 2, 2)``."""

THEN_UNDOING: NDArray[np.int64] = np.array(
    [[int((b.T @ a == MATRICES).all(axis=(1, 2)).argmax()) for b in MATRICES] for a in MATRICES]
)
"""``THEN_UNDOING[a, b]`` is the orientation that carries out ``a`` and then undoes ``b``, shape ``(8, 8)``."""


def moved(points: NDArray[Any], orientation: NDArray[Any], size: NDArray[Any]) -> NDArray[np.int64]:
    """Return where points of pictures lie after the pictures were turned.

    Args:
        points: Pixels ``(x, y)``, shape ``(N, 2)``.
        orientation: How each point's picture is turned, shape ``(N,)``.
        size: Width and height of each point's picture before that, shape ``(N, 2)``.

    Returns:
        Pixels of the turned pictures, shape ``(N, 2)``.
    """
    matrices = MATRICES[orientation]
    # A mirrored axis starts at its other end: what was in the last pixel comes to lie in pixel 0.
    start = (np.minimum(matrices, 0) * (1 - size.astype(np.int64))[:, None, :]).sum(axis=2)
    return np.asarray((matrices * points.astype(np.int64)[:, None, :]).sum(axis=2) + start, dtype=np.int64)
