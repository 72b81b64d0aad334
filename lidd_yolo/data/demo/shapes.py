"""Shapes and fields that drawn defects are made of: outlines, strokes, branching curves, scatter, noise, shading.

Origin: our own; no paper. Points are ``(x, y)`` in pixels; whole numbers lie in the middle of a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.textures import FloatImage
from lidd_yolo.data.labels.outline import Mask

ColourImage = npt.NDArray[np.float32]
"""Blue, green, red; about 0-255, not clipped; shape ``(H, W, 3)``."""

Points = npt.NDArray[np.float64]

_SUBPIXEL_BITS = 4  # OpenCV draws at 1/16 pixel


@dataclass(frozen=True)
class View:
    """The part of a picture around a defect to be drawn.

    Attributes:
        ground: The picture in this part, shape ``(h, w, 3)``.
        centre: Middle of the defect, in the coordinates of the part; it may lie near or beyond its border.
        extent: Longest side of the defect in pixels, about.
        level: Mean grey level of the ground.
        spread: Standard deviation of its grey levels.
        contrast: Change of grey levels to aim at, positive.
        away: A colour of the picture at another place, shape ``(3,)``.
    """

    ground: ColourImage
    centre: Points
    extent: float
    level: float
    spread: float
    contrast: float
    away: npt.NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.ground.shape[0], self.ground.shape[1]

    def canvas(self) -> Mask:
        """Return zeros to draw on, shape ``(h, w)``."""
        return np.zeros(self.shape, dtype=np.uint8)

    def signed(self, rng: np.random.Generator, dark: float) -> float:
        """Return the contrast with a sign, negative with probability ``dark`` where the grey levels leave room."""
        room = {-1: self.level - 5, 1: 250 - self.level}
        sign = -1 if rng.random() < dark else 1
        if room[sign] < 0.7 * self.contrast and room[-sign] > room[sign]:
            sign = -sign
        return sign * min(self.contrast, max(room[sign], 1.0))


@dataclass(frozen=True)
class Layer:
    """What a defect does to its part of the picture.

    Attributes:
        change: Grey levels to add, ``(h, w)`` or by colour ``(h, w, 3)``.
        pieces: What belongs to the defect, 0 and 1, ``(h, w)``.
        reach: How far apart pieces may lie that are joined, in pixels.
    """

    change: npt.NDArray[np.float32]
    pieces: Mask
    reach: float = 0.0


def random_angle(rng: np.random.Generator) -> float:
    """Return a direction in radians: often about level or upright, as machines and cameras stand, else any."""
    if rng.random() < 0.4:
        return float(rng.normal(0, 0.07) + (np.pi / 2 if rng.random() < 0.5 else 0))
    return float(rng.uniform(0, np.pi))


def rotated(points: Points, angle: float | npt.NDArray[np.float64]) -> Points:
    """Turn points ``(..., 2)`` around the origin; angles of several shapes have to broadcast to ``(...)``."""
    c, s = np.cos(angle), np.sin(angle)
    x, y = points[..., 0], points[..., 1]
    return np.stack([c * x - s * y, s * x + c * y], axis=-1)


def blobs(
    rng: np.random.Generator,
    centres: Points,
    radii: Points,
    angles: npt.NDArray[np.float64] | float,
    roughness: float,
    corners: int = 24,
) -> Points:
    """Return outlines of ellipses with wavy borders, shape ``(N, corners, 2)``.

    Args:
        rng: Source of the waves.
        centres: ``(N, 2)``.
        radii: Half axes, ``(N, 2)``.
        angles: Turn of the first axis, ``(N,)`` or one for all.
        roughness: Strength of the slowest wave as a share of the radius.
        corners: Corners of each outline.
    """
    number = len(centres)
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    waves = np.arange(2, 7)
    swing = rng.normal(0, roughness, (number, waves.size, 1)) / np.sqrt(waves)[:, None]
    phase = rng.uniform(0, 2 * np.pi, (number, waves.size, 1))
    radius = np.clip(1 + np.sum(swing * np.cos(waves[:, None] * turn + phase), axis=1), 0.35, 1.8)
    flat = radius[..., None] * radii[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    return np.asarray(centres[:, None] + rotated(flat, np.broadcast_to(angles, number)[:, None]), dtype=np.float64)


def blob(
    rng: np.random.Generator, view: View, squeeze: float, roughness: float, angle: float | None = None
) -> npt.NDArray[np.float64]:
    """Return one outline that fills the extent of a view, shape ``(1, 48, 2)``."""
    radius = max(0.5 * view.extent - 0.5, 0.8)
    turn = random_angle(rng) if angle is None else angle
    return blobs(rng, view.centre[None], np.array([[radius, max(radius * squeeze, 0.7)]]), turn, roughness, corners=48)


def scatter(rng: np.random.Generator, view: View, count: int, squeeze: float, shrink: float = 1.0) -> Points:
    """Return ``count`` places in an ellipse around the centre, denser in its middle, shape ``(count, 2)``."""
    turn, radius = rng.uniform(0, 2 * np.pi, count), rng.uniform(0, 1, count) ** 0.7
    offset = 0.5 * shrink * view.extent * radius[:, None] * np.stack([np.cos(turn), squeeze * np.sin(turn)], axis=1)
    return view.centre + rotated(offset, random_angle(rng))


def bent(rng: np.random.Generator, length: float, bend: float, corners: int = 20) -> Points:
    """Return a slightly curved line of a length through the origin along x, shape ``(corners, 2)``."""
    t = np.linspace(-0.5, 0.5, corners)
    across = rng.normal(0, bend) * (4 * t**2 - 0.5) + rng.normal(0, 0.25 * bend) * np.sin(9 * t + rng.uniform(0, 6))
    return length * np.stack([t, across], axis=1)


def jagged(rng: np.random.Generator, start: Points, end: Points, swing: float, levels: int) -> Points:
    """Return a line broken by repeated displacement of the middles, shape ``(2**levels + 1, 2)``.

    ``swing`` is the standard deviation of the first displacement as a share of the length.
    """
    line = np.stack([start, end])
    step = swing * float(np.hypot(*(end - start)))
    for _ in range(levels):
        middles = (line[1:] + line[:-1]) / 2 + rng.normal(0, step, (len(line) - 1, 2))
        longer = np.empty((2 * len(line) - 1, 2))
        longer[::2], longer[1::2] = line, middles
        line, step = longer, 0.55 * step
    return np.asarray(line, dtype=np.float64)


def branching(rng: np.random.Generator, view: View, branches: int) -> list[Points]:
    """Return a jagged curve across the extent of a view and branches that leave it at sharp angles."""
    angle = random_angle(rng)
    along = 0.5 * view.extent * np.array([np.cos(angle), np.sin(angle)])
    levels = int(np.clip(np.log2(max(view.extent, 4) / 3), 2, 5))
    main = jagged(rng, view.centre - along, view.centre + along, rng.uniform(0.04, 0.13), levels)
    curves = [main]
    for _ in range(branches):
        parent = curves[int(rng.integers(len(curves)))]
        index = int(rng.integers(1, len(parent) - 1))
        heading = np.arctan2(*(parent[index + 1] - parent[index - 1])[::-1]) + rng.choice([-1, 1]) * rng.uniform(0.4, 1)
        length = view.extent * rng.uniform(0.08, 0.3)
        tip = parent[index] + length * np.array([np.cos(heading), np.sin(heading)])
        curves.append(jagged(rng, parent[index], tip, 0.12, max(levels - 1, 1)))
    return curves


def winding(rng: np.random.Generator, view: View, curl: float, corners: int = 40) -> Points:
    """Return a smooth curve with drifting curvature that fills the extent of a view, shape ``(corners, 2)``.

    ``curl`` is about the standard deviation of the direction in radians along the way.
    """
    knots = rng.normal(0, curl, 6)
    heading = np.interp(np.linspace(0, 5, corners), np.arange(6), knots) + np.linspace(0, rng.normal(0, curl), corners)
    heading = np.convolve(np.pad(heading, 4, mode="edge"), np.ones(9) / 9, mode="valid")
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0)
    path = rotated(path - path.mean(axis=0), random_angle(rng))
    low, high = path.min(axis=0), path.max(axis=0)
    return np.asarray(view.centre + (path - (low + high) / 2) * (view.extent / max(*(high - low), 1e-6)))


def fill(canvas: Mask, outlines: Points | Sequence[Points], value: int = 255) -> None:
    """Fill outlines with smooth edges, one after the other."""
    for outline in outlines:
        cv2.fillPoly(canvas, [_fixed_point(outline)], value, cv2.LINE_AA, _SUBPIXEL_BITS)


def stroke(canvas: Mask, lines: Points | Sequence[Points], thickness: int, value: int = 255) -> None:
    """Draw open lines with smooth edges."""
    cv2.polylines(canvas, [_fixed_point(x) for x in lines], False, value, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def ribbon(points: Points, widths: npt.NDArray[np.float64]) -> Points:
    """Return the outline of a line ``(N, 2)`` that is ``widths`` ``(N,)`` wide, shape ``(2 * N, 2)``."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    side = 0.5 * widths[:, None] * np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.concatenate([points + side, (points - side)[::-1]])


def binary(canvas: Mask) -> Mask:
    """Return 0 and 1: at least half covered; at least the strongest pixel of what is fainter all over."""
    most = int(canvas.max())
    return np.asarray(canvas >= max(min(128, most), 1), dtype=np.uint8)


def as_unit(canvas: Mask) -> FloatImage:
    """Scale 0-255 to 0-1."""
    return np.asarray(canvas * np.float32(1 / 255), dtype=np.float32)


def blur(image: FloatImage, sigma: float) -> FloatImage:
    """Gaussian blur; a wide one is done at lower resolution. What lies outside is as the border."""
    if sigma < 0.25:
        return image
    height, width = image.shape[:2]
    factor = int(min(sigma / 2, 8, height / 3, width / 3))
    if factor < 2:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), dtype=np.float32)
    small = cv2.resize(image, (-(-width // factor), -(-height // factor)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def softened(canvas: Mask, sigma: float) -> FloatImage:
    """Scale 0-255 to 0-1 and blur."""
    return blur(as_unit(canvas), sigma)


def displaced(image: FloatImage, right: float, down: float) -> FloatImage:
    """Move the content by parts of pixels; zeros come in."""
    matrix = np.array([[1, 0, right], [0, 1, down]], dtype=np.float64)
    return np.asarray(cv2.warpAffine(image, matrix, image.shape[1::-1]), dtype=np.float32)


def cloud(rng: np.random.Generator, shape: tuple[int, int], spacing: float) -> FloatImage:
    """Return noise of about unit strength, interpolated between knots ``spacing`` pixels apart."""
    spacing = max(spacing, 1.0)
    knots = [max(2, round(side / spacing) + 1) for side in shape]
    grid = rng.standard_normal(knots, dtype=np.float32)
    return np.asarray(cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def ragged(rng: np.random.Generator, shape: tuple[int, int], spacing: float, gain: float = 0.5) -> FloatImage:
    """Return noise of several scales, the coarsest ``spacing`` pixels apart, each next one weaker by ``gain``."""
    noise = cloud(rng, shape, spacing)
    weight = 1.0
    for _ in range(3):
        spacing, weight = spacing / 2.2, weight * gain
        if spacing < 1.5:
            break
        noise += np.float32(weight) * cloud(rng, shape, spacing)
    return noise


def distances(view: View, squeeze: float, angle: float) -> FloatImage:
    """Return the distance from the centre: 1 on the border of an ellipse that fills the extent, shape ``(h, w)``."""
    height, width = view.shape
    x = (np.arange(width, dtype=np.float32) - np.float32(view.centre[0]))[None, :]
    y = (np.arange(height, dtype=np.float32) - np.float32(view.centre[1]))[:, None]
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    scale = np.float32(2 / view.extent)
    far = np.hypot(scale * (c * x + s * y), np.float32(scale / squeeze) * (c * y - s * x))
    return np.asarray(far, dtype=np.float32)


def ragged_area(rng: np.random.Generator, view: View, roughness: float) -> Mask:
    """Return an area with ragged border, one component of 0 and 1, about of the extent of the view."""
    squeeze, angle = rng.uniform(0.45, 1.0), random_angle(rng)
    spacing = max(view.extent * rng.uniform(0.12, 0.35), 1.5)
    distance = distances(view, squeeze, angle)
    field = 0.85 - distance + np.float32(roughness) * ragged(rng, view.shape, spacing, 0.6)
    field -= 6 * np.maximum(distance - 1, 0)  # so that it ends before the view does
    area = np.asarray(field > 0, dtype=np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(area, connectivity=4)
    if count <= 2:
        return area
    return np.asarray(parts == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), dtype=np.uint8)


def shading(height: FloatImage, lamp: float) -> FloatImage:
    """Return the light on a height map from a lamp low in direction ``lamp``: -1 to 1, 0 where it is level."""
    slope = np.float32(np.cos(lamp)) * cv2.Sobel(height, cv2.CV_32F, 1, 0)
    slope += np.float32(np.sin(lamp)) * cv2.Sobel(height, cv2.CV_32F, 0, 1)
    return np.asarray(slope / max(float(np.abs(slope).max()), 1e-6), dtype=np.float32)


def _fixed_point(points: Points) -> npt.NDArray[np.int32]:
    return np.asarray(np.round(points * 2**_SUBPIXEL_BITS), dtype=np.int32)
