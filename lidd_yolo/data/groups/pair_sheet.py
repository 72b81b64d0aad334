"""One picture of many pairs side by side, the area they share outlined: to judge overlaps by eye."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.fingerprints import Gray
from lidd_yolo.data.groups.overlap import Overlap
from lidd_yolo.data.groups.placement import shared_bounds, turned

Colour = NDArray[np.uint8]

_OUTLINE = (0, 200, 255)  # blue, green, red
_TEXT = (255, 255, 255)
_SIDE = 200  # pixels, longest side of a drawn picture
_GAP = 6  # pixels between pairs
_LINE = 14  # pixels, height of a line of text
_DRAWN = 48


def pairs_to_draw(overlaps: Sequence[Overlap]) -> list[Overlap]:
    """Return the pairs to draw, evenly from all, the least similar first: what is wrong is among these."""
    ordered = sorted(overlaps, key=lambda pair: pair.similarity)
    count = min(_DRAWN, len(ordered))
    return [ordered[number * len(ordered) // count] for number in range(count)]


def pair_sheet(
    images: Sequence[Gray], overlaps: Sequence[Overlap], names: Sequence[str], *, columns: int = 4
) -> Colour:
    """Draw one or more pairs side by side, the second picture turned to lie like the first.

    ``images`` are grey, each of shape ``(H, W)``; ``columns`` is the number of pairs in a row. The sheet is blue, green
    and red, shape ``(H, W, 3)``.
    """
    cells = [_cell(images, pair, (names[pair.first], names[pair.second])) for pair in overlaps]
    columns = min(columns, len(cells))
    height, width = max(len(cell) for cell in cells), cells[0].shape[1]
    sheet = np.zeros((-(-len(cells) // columns) * height, columns * width, 3), dtype=np.uint8)
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        sheet[row * height : row * height + len(cell), column * width : (column + 1) * width] = cell
    return sheet


def _cell(images: Sequence[Gray], pair: Overlap, names: tuple[str, str]) -> Colour:
    """Return both pictures of a pair above three lines of text, shape ``(height + text, 2 * side + gap, 3)``."""
    first, second = images[pair.first], turned(images[pair.second], pair.orientation)
    top, bottom, left, right = shared_bounds(first.shape, second.shape, (pair.dx, pair.dy))
    scale = _SIDE / max(*first.shape, *second.shape)
    height = round(max(first.shape[0], second.shape[0]) * scale)
    cell = np.zeros((height + 3 * _LINE + _GAP, 2 * _SIDE + _GAP, 3), dtype=np.uint8)
    for picture, x, dx, dy in ((first, 0, 0, 0), (second, _SIDE, pair.dx, pair.dy)):
        corners = np.array([left + dx, top + dy, right + dx, bottom + dy]) * scale
        drawn = _outlined(picture, scale, corners)
        cell[: drawn.shape[0], x : x + drawn.shape[1]] = drawn
    figures = f"area {pair.area:.2f} similarity {pair.similarity:.2f} sharpness {pair.sharpness:.0f}"
    for line, text in enumerate((*names, figures)):
        cv2.putText(cell, text, (2, height + (line + 1) * _LINE), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _TEXT, 1, cv2.LINE_AA)
    return cell


def _outlined(image: Gray, scale: float, corners: NDArray[np.float64]) -> Colour:
    """Return the picture scaled, at full contrast, with the box ``(x1, y1, x2, y2)`` in its scaled pixels."""
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(
        np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    stretched = cv2.normalize(small, np.empty_like(small), 0, 255, cv2.NORM_MINMAX)
    drawn = np.asarray(cv2.cvtColor(stretched, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    x1, y1, x2, y2 = (int(value) for value in np.round(corners))
    cv2.rectangle(drawn, (x1, y1), (x2 - 1, y2 - 1), _OUTLINE, 1)
    return drawn
