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
    add,
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
    number = np.floor(scaled)
    thread = number.astype(np.int32)
    shade = rng.standard_normal(997, dtype=np.float32)[thread % 997]
    return thread, 2 * (scaled - number) - 1, shade


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
    on_warp, on_weft = np.abs(u) < share, np.abs(v) < share
    top = (top & on_warp) | ~on_weft  # beside the weft thread only the warp thread is left, and the other way round
    across_top, along_top = np.where(top, u, v) / share, np.where(top, v, u)
    shape = 1 - dark * across_top**2 - curve * along_top**2
    shape += spread * np.where(top, warp_shade, weft_shade) + np.float32(rng.uniform(0.02, 0.1)) * fibre
    shape *= 1 + np.float32(rng.uniform(0.005, 0.05)) * fractal(rng, size, (12.0, size / 2), 0.5)
    first, second = _yarns(rng)
    picture = blend(second, first, top.astype(np.float32))
    np.maximum(shape, np.float32(0.05), out=shape)
    if cover < 1:
        ground = rng.uniform(15, 70) if rng.random() < 0.7 else rng.uniform(170, 235)
        picture = blend(np.full(3, ground, dtype=np.float32), picture, (on_warp | on_weft).astype(np.float32))
        shape[~(on_warp | on_weft)] = 1
    picture = np.asarray(cv2.multiply(picture, cv2.merge([shape, shape, shape])), dtype=np.float32)
    sigma = float(np.clip(pitch * 0.07, 0.55, 1.2))
    cv2.GaussianBlur(picture, (5, 5), sigma, dst=picture)
    return add(picture, log_uniform(rng, 0.7, 5) * white(rng, size))


def _yarns(rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the colours of warp and weft: equal, of other brightness, or of other hue as well."""
    saturation = 0.0 if rng.random() < 0.4 else 0.7 * rng.random() ** 1.5
    warp = pigment(rng, saturation)
    weft = pigment(rng, saturation) if rng.random() < 0.4 else warp
    level = rng.uniform(70, 235)
    other = rng.uniform(70, 235) if rng.random() < 0.4 else level
    return warp * np.float32(level), weft * np.float32(other)


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
    row = np.floor(turn)
    number, rest = row.astype(np.int32), 2 * (turn - row) - 1
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
