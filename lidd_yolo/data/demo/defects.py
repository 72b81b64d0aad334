"""Drawn surface defects: the change of grey levels and the mask of one defect of each class.

Origin: our own; no paper. The classes follow what steel mills name, the shapes are simplified.

A defect of several pieces (pits, flakes, cracks) is one object: its mask encloses all pieces and the metal between
them (``outline.enclose``), so that one polygon covers it. The bounding box stays that of the pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.textures import FloatImage, smooth_noise
from lidd_yolo.data.labels.outline import Mask, enclose

Points = npt.NDArray[np.float64]

_SUBPIXEL_BITS = 4  # OpenCV draws at 1/16 pixel
_MIN_PIXELS = 9  # less of a defect inside the picture is drawn again elsewhere


@dataclass(frozen=True)
class Defect:
    """One drawn defect: grey levels to add to the picture, and a 0/1 mask of one component, both ``(size, size)``."""

    change: FloatImage
    mask: Mask


@dataclass(frozen=True)
class _Frame:
    """Where a defect is drawn: picture side, centre and extent (longest side, roughly), all in pixels."""

    size: int
    centre: Points
    extent: float


@dataclass(frozen=True)
class _Kind:
    """How one class is drawn.

    Attributes:
        draw: Returns the relief (about -1 to 1, to be scaled by the contrast) and the mask of the pieces.
        extents: Smallest and largest extent as shares of the picture's side.
        contrasts: Smallest and largest contrast in grey levels.
        reach: How far the closing joins the pieces, as a share of the extent.
    """

    draw: Callable[[np.random.Generator, _Frame], tuple[FloatImage, Mask]]
    extents: tuple[float, float]
    contrasts: tuple[float, float]
    reach: float


def draw_defect(rng: np.random.Generator, name: str, size: int) -> Defect:
    """Draw one defect of a class at random place, extent and contrast, in a picture of ``size`` pixels each way.

    Extent and contrast are log-uniform, so small and faint defects are as common as large and strong ones.
    """
    kind = _KINDS[name]
    while True:
        frame = _Frame(size, rng.uniform(0.08, 0.92, 2) * size, size * _log_uniform(rng, *kind.extents))
        relief, pieces = kind.draw(rng, frame)
        if np.count_nonzero(pieces) >= _MIN_PIXELS:
            break
    contrast = _log_uniform(rng, *kind.contrasts)
    return Defect(np.asarray(contrast * relief, dtype=np.float32), enclose(pieces, kind.reach * frame.extent))


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _fixed_point(points: Points) -> npt.NDArray[np.int32]:
    return np.asarray(np.round(points * 2**_SUBPIXEL_BITS), dtype=np.int32)


def _stroke(canvas: Mask, points: Points, thickness: int, value: int = 255) -> None:
    """Draw an open smooth-edged polyline through ``points`` (x, y in pixels) into ``canvas``."""
    cv2.polylines(canvas, [_fixed_point(points)], False, value, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _soft(canvas: Mask, sigma: float) -> FloatImage:
    """Scale 0-255 to 0-1 and blur."""
    return np.asarray(cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), sigma), dtype=np.float32)


def _shift(image: FloatImage, down: int, right: int) -> FloatImage:
    """Move the content by whole pixels; zeros come in."""
    moved = np.zeros_like(image)
    moved[down:, right:] = image[: image.shape[0] - down, : image.shape[1] - right]
    return moved


def _blob(rng: np.random.Generator, centre: Points, radii: Points, angle: float, roughness: float) -> Points:
    """Return the outline of an ellipse with wavy border, shape ``(40, 2)``."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    waves = np.arange(2, 7)
    swing = rng.normal(0, roughness, waves.size) / np.sqrt(waves)
    radius = 1 + np.sum(swing[:, None] * np.cos(waves[:, None] * turn + rng.uniform(0, 6.28, (waves.size, 1))), axis=0)
    x, y = radii[0] * radius * np.cos(turn), radii[1] * radius * np.sin(turn)
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(centre + np.stack([c * x - s * y, s * x + c * y], axis=1), dtype=np.float64)


def _line(rng: np.random.Generator, frame: _Frame) -> tuple[FloatImage, Mask]:
    """Scratch: a thin, nearly straight stroke of varying depth, mostly along the rolling direction."""
    angle = rng.normal(0, 0.06) if rng.random() < 0.6 else rng.uniform(0, np.pi)
    t = np.linspace(-0.5, 0.5, 24)
    bend = rng.normal(0, 0.025) * (4 * t**2 - 0.5) + rng.normal(0, 0.005) * np.sin(9 * t)
    c, s = np.cos(angle), np.sin(angle)
    points = frame.centre + frame.extent * np.stack([c * t - s * bend, s * t + c * bend], axis=1)
    width = int(rng.choice([1, 2, 2, 3]))
    core, pieces = np.zeros((2, frame.size, frame.size), dtype=np.uint8)
    _stroke(core, points[1:-1], width)
    _stroke(core, points, 1)  # tapered ends
    _stroke(pieces, points, width + 2)
    depth = np.clip(1 + 0.3 * smooth_noise(rng, frame.size, 20), 0.4, 1.4)
    groove = _soft(core, 0.6)
    burr = _shift(groove, *((2, 0) if abs(c) > abs(s) else (0, 2)))  # thrown-up metal beside the groove
    sign = 1 if rng.random() < 0.6 else -1
    return np.asarray(sign * depth * (1.4 * groove - 0.4 * burr), dtype=np.float32), (pieces > 127).astype(np.uint8)


def _spot(rng: np.random.Generator, frame: _Frame) -> tuple[FloatImage, Mask]:
    """Stain: a compact round blot with soft border, sometimes with a dried rim."""
    radius = max(frame.extent / 2, 2.5)
    radii = radius * np.array([1.0, rng.uniform(0.65, 1.0)])
    outline = _blob(rng, frame.centre, radii, rng.uniform(0, np.pi), 0.06)
    core = np.zeros((frame.size, frame.size), dtype=np.uint8)
    cv2.fillPoly(core, [_fixed_point(outline)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    relief = _soft(core, max(0.7, 0.12 * radius))
    if rng.random() < 0.35:
        relief = relief - 0.6 * _soft(core, 0.35 * radius) * relief
    sign = -1 if rng.random() < 0.75 else 1
    return np.asarray(sign * relief, dtype=np.float32), (core > 127).astype(np.uint8)


def _patch(rng: np.random.Generator, frame: _Frame) -> tuple[FloatImage, Mask]:
    """Patch: a wide area of other shade with ragged border and its own cloudiness."""
    radii = frame.extent / 2 * np.array([1.0, rng.uniform(0.5, 0.95)])
    y, x = np.mgrid[: frame.size, : frame.size].astype(np.float32)
    distance = np.hypot((x - frame.centre[0]) / radii[0], (y - frame.centre[1]) / radii[1])
    cells = max(4, round(4 * frame.size / frame.extent))
    field = 1 - distance + 0.28 * smooth_noise(rng, frame.size, cells) + 0.12 * smooth_noise(rng, frame.size, 40)
    _, parts, stats, _ = cv2.connectedComponentsWithStats((field > 0).astype(np.uint8), connectivity=4)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    pieces = (parts == largest).astype(np.uint8)
    shade = np.clip(0.85 + 0.25 * smooth_noise(rng, frame.size, 32), 0.3, 1.3)
    sign = -1 if rng.random() < 0.65 else 1
    return np.asarray(sign * shade * _soft(pieces * 255, 1.5), dtype=np.float32), pieces


def _scatter(rng: np.random.Generator, frame: _Frame, count: int, squeeze: float) -> Points:
    """Return ``count`` places in an ellipse around the centre, denser in its middle, shape ``(count, 2)``."""
    turn, radius = rng.uniform(0, 2 * np.pi, count), rng.uniform(0, 1, count) ** 0.7
    offset = 0.5 * frame.extent * radius[:, None] * np.stack([np.cos(turn), squeeze * np.sin(turn)], axis=1)
    return np.asarray(frame.centre + offset, dtype=np.float64)


def _pit(rng: np.random.Generator, frame: _Frame) -> tuple[FloatImage, Mask]:
    """Pits: a cluster of small dark holes, each with a bright lip on the side away from the lamp."""
    count = int(np.clip(frame.extent * rng.uniform(0.25, 0.6), 5, 45))
    holes = np.zeros((frame.size, frame.size), dtype=np.uint8)
    for place in _scatter(rng, frame, count, rng.uniform(0.5, 1.0)):
        radius = rng.uniform(0.8, 2.8)
        outline = _blob(rng, place, np.array([radius, radius * rng.uniform(0.7, 1.0)]), rng.uniform(0, 3.14), 0.1)
        cv2.fillPoly(holes, [_fixed_point(outline)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    dark = _soft(holes, 0.6)
    lip = _shift(dark, 2, 1)
    return np.asarray(0.5 * lip * (1 - dark) - dark, dtype=np.float32), (holes > 127).astype(np.uint8)


def _scale(rng: np.random.Generator, frame: _Frame) -> tuple[FloatImage, Mask]:
    """Rolled-in scale: flakes stretched along the rolling direction, dark with a bright border."""
    count = int(rng.integers(6, 18))
    flakes = np.zeros((frame.size, frame.size), dtype=np.uint8)
    for place in _scatter(rng, frame, count, rng.uniform(0.35, 0.7)):
        length = max(frame.extent * rng.uniform(0.05, 0.16), 3)
        outline = _blob(rng, place, np.array([length, length * rng.uniform(0.2, 0.45)]), rng.normal(0, 0.15), 0.2)
        cv2.fillPoly(flakes, [_fixed_point(outline)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    body, around = _soft(flakes, 0.8), _soft(flakes, 2.2)
    crust = 0.8 + 0.35 * smooth_noise(rng, frame.size, 64)
    return np.asarray(1.2 * around * (1 - body) - crust * body, dtype=np.float32), (flakes > 127).astype(np.uint8)


def _crack(rng: np.random.Generator, frame: _Frame) -> tuple[FloatImage, Mask]:
    """Network of cracks: borders between the cells of a warped Voronoi diagram, fading out towards a ragged edge."""
    squeeze, angle = rng.uniform(0.45, 0.9), rng.uniform(0, np.pi)
    y, x = np.mgrid[: frame.size, : frame.size].astype(np.float32)
    x, y = x - frame.centre[0], y - frame.centre[1]
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    distance = np.hypot(along, across / squeeze) / (0.5 * frame.extent)
    knots = max(4, round(5 * frame.size / frame.extent))
    inside = distance < 1.3
    x = (x + 0.05 * frame.extent * smooth_noise(rng, frame.size, knots))[inside]
    y = (y + 0.05 * frame.extent * smooth_noise(rng, frame.size, knots))[inside]
    side = int(np.clip(frame.extent / 9, 3, 7))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)  # seeds keep their distance
    seeds = 1.2 * frame.extent * ((grid + rng.uniform(0.12, 0.88, grid.shape)) / side - 0.5).astype(np.float32)
    nearest = np.partition(np.hypot(x - seeds[:, :1], y - seeds[:, 1:]), 1, axis=0)[:2]
    fade = 1 - distance[inside] + 0.3 * smooth_noise(rng, frame.size, knots)[inside]
    width = rng.uniform(1.4, 2.6)  # the difference of two distances grows by up to 2 per pixel
    relief = np.zeros((frame.size, frame.size), dtype=np.float32)
    relief[inside] = np.clip(1.5 - (nearest[1] - nearest[0]) / width, 0, 1) * np.clip(6 * fade, 0, 1)
    return -_soft((255 * relief).astype(np.uint8), 0.5), (relief > 0.2).astype(np.uint8)


_KINDS: dict[str, _Kind] = {
    "line": _Kind(_line, extents=(0.15, 0.8), contrasts=(22, 85), reach=0.0),
    "spot": _Kind(_spot, extents=(0.04, 0.18), contrasts=(18, 70), reach=0.0),
    "patch": _Kind(_patch, extents=(0.18, 0.55), contrasts=(13, 45), reach=0.03),
    "pit": _Kind(_pit, extents=(0.1, 0.4), contrasts=(24, 90), reach=0.25),
    "scale": _Kind(_scale, extents=(0.14, 0.5), contrasts=(20, 70), reach=0.15),
    "crack": _Kind(_crack, extents=(0.14, 0.5), contrasts=(20, 75), reach=0.2),
}

CLASSES: tuple[str, ...] = tuple(_KINDS)
