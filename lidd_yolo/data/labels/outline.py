"""Mask to outline and back: join the pieces of an object, trace it as one polygon or exactly, fill and unite rings.

Origin: our own; closing by distance transforms after Serra, Image Analysis and Mathematical Morphology, 1982; borders
by Suzuki and Abe, "Topological Structural Analysis of Digitized Binary Images", 1985, as OpenCV has it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.labels.annotation import MAX_PIXELS, Box, Polygon

Mask = npt.NDArray[np.uint8]
"""Class values, or 0 and 1, shape ``(H, W)``."""

MAX_RINGS = 5000
"""Parts and holes of one object; labels tie each to the others, and the time grows with the square of their number."""
_ENLARGE = 4  # outlines are traced on an enlarged mask: contours run through pixel centres, edges lie half a pixel off
_TOLERANCE = 0.6  # pixels an approximated outline may leave the traced one


def enclose(pieces: Mask, radius: float) -> Mask:
    """Join the pieces of a mask, at least one pixel, to one component without holes.

    The pieces are closed morphologically with a disc of ``radius`` pixels, which is doubled until one component is
    left, then holes are filled. On a pixel grid even a huge disc may leave thin pieces apart; then their convex hull is
    taken. A closing stays inside the convex hull, so the bounding box always is that of the pieces.
    """
    x, y, width, height = cv2.boundingRect(pieces)
    if not width:
        raise ValueError("a mask without a pixel has nothing to enclose")
    part = pieces[y : y + height, x : x + width]
    radius = max(radius, 1.5)
    while len(contours := _contours(_close(part, radius))) > 1:
        radius *= 2
        if radius > width + height:
            contours = [np.asarray(cv2.convexHull(np.concatenate(contours)), dtype=np.int32)]
            break
    enclosed = np.zeros_like(pieces)
    cv2.drawContours(enclosed, contours, -1, 1, cv2.FILLED, offset=(x, y))
    return enclosed


def trace(mask: Mask) -> npt.NDArray[np.float64]:
    """Return the outline of a mask of one component, at least one pixel, as a polygon, shape ``(N, 2)``, ``N >= 3``.

    Corners (x, y) are shares of width and height, strictly between 0 and 1, about half a pixel off the outer edges of
    the mask's pixels at most.
    """
    height, width = mask.shape
    contours = _contours(mask.repeat(_ENLARGE, axis=0).repeat(_ENLARGE, axis=1))
    if not contours:
        raise ValueError("a mask without a pixel has no outline")
    outline = max(contours, key=cv2.contourArea)
    corners = cv2.approxPolyDP(outline, _TOLERANCE * _ENLARGE, True)
    if len(corners) < 3:
        corners = outline
    return np.asarray((corners[:, 0] + 0.5) / (width * _ENLARGE, height * _ENLARGE), dtype=np.float64)


def trace_exactly(mask: Mask) -> tuple[Polygon, ...]:
    """Return all borders of a 0/1 mask as rings that give it back when they are filled by the even-odd rule.

    The rings follow the pixels' edges a quarter of a pixel inside the mask, which is what polygons filled by OpenCV
    (so does Ultralytics: coordinates are cut to whole pixels, and the border belongs to the polygon) need: at the
    mask's own size every corner falls into the pixel it belongs to, and the result is the mask, pixel for pixel. In a
    picture enlarged n-fold the ideal distance would be 0.5 / n, where cutting is compensated on average; a quarter is
    never further than a quarter of a pixel from it. Through the pixels' centres, as contours usually run, an enlarged
    mask lacks half a pixel all round; on the edges themselves, one column and one row too many are filled. Programs
    that fill the pixels whose centres lie inside get the mask as well. Pixels that touch at a corner are connected.

    Raises:
        ValueError: If there are more than `MAX_RINGS` rings.
    """
    if (rings := _ring_count(mask)) > MAX_RINGS:  # counted first, as tracing takes a hundred times as long
        raise ValueError(f"an object of {rings} parts and holes, more than {MAX_RINGS}")
    fine = mask.repeat(2, axis=0).repeat(2, axis=1)
    contours, _ = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return tuple(_ring(np.asarray(contour[:, 0]), fine) for contour in contours)


def outline_object(mask: Mask) -> tuple[Box | None, tuple[Polygon, ...]]:
    """Return the box along the pixels' outer edges, None if there is none, and the rings of `trace_exactly`."""
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return None, ()
    rings = trace_exactly(mask[y : y + height, x : x + width])
    moved = tuple(tuple((cx + x, cy + y) for cx, cy in ring) for ring in rings)
    return Box(float(x), float(y), float(x + width), float(y + height)), moved


def _ring_count(mask: Mask) -> int:
    """Return the number of parts, joined by sides or corners, and of holes, which sides alone join."""
    outside = np.pad(1 - mask, 1, constant_values=1)
    parts, holes = (
        cv2.connectedComponents(mask, connectivity=8)[0] - 1,
        cv2.connectedComponents(outside, connectivity=4)[0] - 2,
    )
    return int(parts + holes)


def _ring(points: npt.NDArray[np.int32], fine: Mask) -> Polygon:
    """Return a contour of the mask of half pixels as a ring of corners in whole pixels."""
    after = np.roll(points, -1, axis=0)
    diagonal = (points != after).all(axis=1)
    below, beside = np.column_stack([points[:, 0], after[:, 1]]), np.column_stack([after[:, 0], points[:, 1]])
    by_below, by_beside = (diagonal & (fine[corner[:, 1], corner[:, 0]] > 0) for corner in (below, beside))
    corners = np.where(by_below[:, None], below, beside)
    # A short cut past an inner corner: go there, or points on the short cut fall into the background.
    cut = by_below | by_beside
    steps = np.insert(points, np.flatnonzero(cut) + 1, corners[cut], axis=0)
    turns = (np.roll(steps, -1, axis=0) - steps != steps - np.roll(steps, 1, axis=0)).any(axis=1)
    return tuple((float(x), float(y)) for x, y in (steps[turns] + 0.5) / 2)


def _contours(mask: Mask) -> list[npt.NDArray[np.int32]]:
    """Return the outer contour of every component, through the centres of its border pixels, shape ``(N, 1, 2)``."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [np.asarray(c, dtype=np.int32) for c in contours]


def _close(pieces: Mask, radius: float) -> Mask:
    """Close with a disc by two distance transforms: their cost does not grow with the radius.

    The border is widened first, or the second step would not pull the mask back from the picture's edge.
    """
    pad = int(radius) + 2
    wide = cv2.copyMakeBorder(pieces, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    far = cv2.distanceTransform((wide == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > radius
    closed = cv2.distanceTransform((~far).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > radius
    return np.asarray(closed[pad:-pad, pad:-pad], dtype=np.uint8)


def fill_rings(rings: Sequence[Polygon], width: int, height: int) -> Mask:
    """Return what rings in pixels cover, as 0/1, filled as Ultralytics does: whole pixels, with borders, even-odd."""
    filled = np.zeros((height, width), dtype=np.uint8)
    # float32 as in Ultralytics, so that rounding is the same
    cv2.fillPoly(filled, [np.array(ring, dtype=np.float32).astype(np.int32) for ring in rings], 1)
    return filled


def unite(parts: Sequence[Sequence[Polygon]], width: int, height: int) -> tuple[Polygon, ...]:
    """Return rings that cover what any of the parts covers, however they overlap, as COCO and labelme mean it.

    The rings of each part, inside the picture, are filled by the even-odd rule. Parts that do not overlap in whole
    pixels keep their corners. Others are drawn together and traced along the pixels, see `trace_exactly`, so that
    corners between pixels are lost.

    Raises:
        ValueError: If the parts reach over more than `MAX_PIXELS` pixels.
    """
    rings = tuple(ring for part in parts for ring in part)
    if len([part for part in parts if part]) < 2:
        return rings
    around = Box.around(corner for ring in rings for corner in ring)
    left, top = int(around.x1), int(around.y1)
    size = (min(int(around.x2) + 1, width) - left, min(int(around.y2) + 1, height) - top)
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f"its parts reach over {size[0]}x{size[1]} pixels, more than {MAX_PIXELS}")
    moved = [[tuple((x - left, y - top) for x, y in ring) for ring in part] for part in parts]
    together = np.zeros((size[1], size[0]), dtype=np.uint8)
    for part in moved:
        together |= fill_rings(part, *size)
    if np.array_equal(together, fill_rings([ring for part in moved for ring in part], *size)):
        return rings
    _, traced = outline_object(together)
    return tuple(tuple((x + left, y + top) for x, y in ring) for ring in traced)
