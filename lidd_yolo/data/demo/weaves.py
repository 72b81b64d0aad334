"""Textiles and meshes without defects: plain weave, twill and satin, knitwear, wire mesh, felt.

Origin: our own; no paper. Every function takes a generator and a size and returns ``(size, size, 3)``, BGR, about
0-255, not clipped.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.fields import (
    ColourImage,
    FloatImage,
    blend,
    coloured,
    coordinates,
    direction,
    fractal,
    log_uniform,
    noise,
    pigment,
    white,
)

Pattern = npt.NDArray[np.bool_]  # warp on top, by warp and weft thread


def plain_weave(rng: np.random.Generator, size: int) -> ColourImage:
    """Threads that go over one and under one (or two and two)."""
    pattern = np.array([[True, False], [False, True]])
    if rng.random() < 0.25:
        pattern = np.repeat(np.repeat(pattern, 2, axis=0), 2, axis=1)
    return _woven(rng, size, pattern, log_uniform(rng, 3, 16))


def twill(rng: np.random.Generator, size: int) -> ColourImage:
    """Diagonal ribs (twill, denim) or scattered stitches (satin)."""
    count = int(rng.integers(3, 7))
    over = int(rng.integers(1, count))
    shift = 2 if count == 5 and rng.random() < 0.5 else int(rng.choice([-1, 1]))
    i, j = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    return _woven(rng, size, (i + shift * j) % count < over, log_uniform(rng, 2.5, 11))


def wire_mesh(rng: np.random.Generator, size: int) -> ColourImage:
    """Woven wires or a coarse net with the ground seen through it."""
    pattern = np.array([[True, False], [False, True]])
    return _woven(rng, size, pattern, log_uniform(rng, 6, 30), cover=rng.uniform(0.25, 0.75))


def _threads(
    rng: np.random.Generator, place: FloatImage, pitch: float
) -> tuple[npt.NDArray[np.int32], FloatImage, FloatImage]:
    """Return the number of each pixel's thread, the place across it from -1 to 1, and its shade of unit strength."""
    scaled = place / np.float32(pitch) + np.float32(1000 + rng.random())
    number = scaled.astype(np.int32)
    shade = rng.standard_normal(997, dtype=np.float32)[number % 997]
    return number, 2 * (scaled - number) - 1, shade


def _woven(rng: np.random.Generator, size: int, pattern: Pattern, pitch: float, cover: float = 1.0) -> ColourImage:
    """Draw a weave; ``cover`` is the thickness of the threads as a share of the pitch."""
    angle = direction(rng)
    along, across = coordinates(size, angle)
    wander = np.float32(pitch * rng.uniform(0.03, 0.18))
    weft_pitch = pitch * log_uniform(rng, 0.75, 1.35)
    across = across + wander * noise(rng, size, size / 3, pitch * 3, angle)
    along = along + wander * noise(rng, size, pitch * 3, size / 3, angle)
    warp, u, warp_shade = _threads(rng, along, pitch)
    weft, v, weft_shade = _threads(rng, across, weft_pitch)
    size_u, size_v = pattern.shape
    top = pattern[warp % size_u, weft % size_v]
    fibre = noise(rng, size, max(pitch, 3), 1.4, angle)
    spread = np.float32(rng.uniform(0.01, 0.08))
    dark = np.float32(rng.uniform(0.3, 0.95))
    share = np.float32(cover)
    curve = np.float32(rng.uniform(0.1, 0.5))
    crossed, lengthwise = np.where(top, u, v) / share, np.where(top, v, u)
    shape = 1 - dark * crossed**2 - curve * lengthwise**2
    shape += spread * np.where(top, warp_shade, weft_shade) + np.float32(rng.uniform(0.02, 0.1)) * fibre
    grey = np.maximum(shape, np.float32(0.05))
    level, other = rng.uniform(60, 205, 2) if rng.random() < 0.5 else np.repeat(rng.uniform(60, 220), 2)
    saturation = 0.0 if rng.random() < 0.4 else rng.uniform(0, 0.6)
    colours = [pigment(rng, saturation) * np.float32(level)]
    colours.append(
        pigment(rng, saturation) * np.float32(other) if rng.random() < 0.4 else colours[0] * np.float32(other / level)
    )
    picture = blend(colours[1], colours[0], top.astype(np.float32)) * grey[:, :, None]
    if cover < 1:
        gap = (np.abs(u) > share) & (np.abs(v) > share)
        single = (np.abs(u) > share) ^ (np.abs(v) > share)
        alone = 1 - dark * np.where(np.abs(u) > share, v, u) ** 2 / share**2
        lone = np.where((np.abs(u) > share)[:, :, None], colours[1], colours[0]) * np.maximum(alone, 0.05)[:, :, None]
        picture = np.where(single[:, :, None], lone, picture)
        ground = rng.uniform(15, 70) if rng.random() < 0.7 else rng.uniform(170, 235)
        picture = np.where(gap[:, :, None], ground + 3 * noise(rng, size, 20.0)[:, :, None], picture)
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), float(np.clip(pitch * 0.07, 0.55, 1.2)))
    cloud = 1 + np.float32(rng.uniform(0.005, 0.05)) * fractal(rng, size, (8.0, size / 2), 0.5)
    picture = picture * cloud[:, :, None] + (np.float32(log_uniform(rng, 0.7, 5)) * white(rng, size))[:, :, None]
    return np.asarray(picture, dtype=np.float32)


def knitted(rng: np.random.Generator, size: int) -> ColourImage:
    """Columns of V-shaped stitches, fuzzy."""
    angle, wide = direction(rng), log_uniform(rng, 5, 24)
    along, across = coordinates(size, angle)
    high = wide * rng.uniform(0.5, 1.0)
    wander = np.float32(wide * rng.uniform(0.03, 0.12))
    column, u, shade = _threads(rng, along + wander * noise(rng, size, wide * 3), wide)
    slope = np.float32(rng.uniform(0.4, 1.2) * wide / high)
    side = np.abs(u)
    turn = (across + wander * noise(rng, size, wide * 3)) / np.float32(high) + slope * side
    number = np.floor(turn).astype(np.int32)
    rest = 2 * (turn - number) - 1
    shape = (1 - np.float32(rng.uniform(0.4, 0.9)) * rest**2) * (
        np.float32(0.35) + np.float32(0.65) * np.sqrt(np.sin(np.pi * np.clip(side, 0.02, 0.98)))
    )
    shape = shape + np.float32(rng.uniform(0.01, 0.06)) * (
        shade + rng.standard_normal(997, dtype=np.float32)[(number * 31 + column * 7) % 997]
    )
    fuzz = noise(rng, size, 4.0, 1.4, angle + 0.8)
    grey = rng.uniform(70, 230) * (shape + np.float32(rng.uniform(0.02, 0.1)) * fuzz)
    grey += log_uniform(rng, 1, 6) * noise(rng, size, size / 4) + log_uniform(rng, 0.7, 5) * white(rng, size)
    return coloured(rng, cv2.GaussianBlur(grey.astype(np.float32), (0, 0), float(np.clip(wide * 0.05, 0.55, 1.1))), 0.6)


def felt(rng: np.random.Generator, size: int) -> ColourImage:
    """Non-woven: fibres in all directions, flocks."""
    grey = np.full((size, size), rng.uniform(50, 200), dtype=np.float32)
    strength, length = log_uniform(rng, 2, 9), log_uniform(rng, 8, 50)
    start = rng.uniform(0, np.pi)
    for turn in range(5):
        fibre = noise(rng, size, length, rng.uniform(1.3, 2.2), start + turn * np.pi / 5 + rng.normal(0, 0.2))
        grey += np.float32(strength) * np.maximum(fibre, 0.2)
    grey += log_uniform(rng, 2, 12) * fractal(rng, size, (4.0, size / 3), rng.uniform(0.2, 0.8))
    return coloured(rng, grey, 0.6)
