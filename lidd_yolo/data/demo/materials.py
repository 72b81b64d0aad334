"""Surfaces without defects that are neither bare metal nor textile: paint, stone, wood, leather, glass, rubber.

Origin: our own; no paper. Every function takes a generator and a size and returns ``(size, size, 3)``, BGR, about
0-255, not clipped. Strengths are standard deviations in grey levels.
"""

from __future__ import annotations

import cv2
import numpy as np

from lidd_yolo.data.demo.fields import (
    ColourImage,
    add,
    blend,
    cells,
    coloured,
    coordinates,
    direction,
    fractal,
    lit,
    log_uniform,
    noise,
    pigment,
    profile,
    soft,
    step,
    unit,
    white,
)


def painted(rng: np.random.Generator, size: int) -> ColourImage:
    """Lacquer in any colour: orange peel under a soft reflection, sometimes metallic flakes."""
    peel = unit(lit(fractal(rng, size, (3.0, log_uniform(rng, 5, 30)), 1.2), rng.uniform(0, 6.28)))
    light = noise(rng, size, size * rng.uniform(0.6, 1.5))
    grey = rng.uniform(35, 200) + log_uniform(rng, 0.7, 9) * peel * (1 + np.float32(0.4) * light)
    if rng.random() < 0.3:
        grey += log_uniform(rng, 2, 10) * np.maximum(noise(rng, size, 1.4) - np.float32(0.8), 0)
    grey += log_uniform(rng, 0.4, 2) * white(rng, size)
    picture = coloured(rng, np.asarray(grey, dtype=np.float32), 0.8)
    return add(picture, rng.uniform(0, 9) * light)


def etched(rng: np.random.Generator, size: int) -> ColourImage:
    """Metal after the acid: matt islands and hollows with soft borders, grain boundaries now and then."""
    detail = log_uniform(rng, 2.5, 14)
    field = fractal(rng, size, (1.5, detail), rng.uniform(0.3, 1.0))
    islands = step(field - np.float32(rng.normal(0, 0.6)), log_uniform(rng, 0.3, 2))
    grey = rng.uniform(60, 190) + float(rng.choice([-1, 1])) * rng.uniform(6, 36) * (islands - np.float32(0.5))
    if rng.random() < 0.4:
        labels, border = cells(rng, size, log_uniform(rng, 10, 60), warp=0.1)
        grey += log_uniform(rng, 2, 12) * rng.standard_normal(int(labels.max()) + 1, dtype=np.float32)[labels]
        grey -= rng.uniform(4, 30) * np.exp(-border)
    grey += log_uniform(rng, 1, 5) * fractal(rng, size, (16.0, size / 2), 0.6) + rng.uniform(1, 5) * white(rng, size)
    return coloured(rng, cv2.GaussianBlur(np.asarray(grey, dtype=np.float32), (3, 3), 0.6), 0.12)


def moulded(rng: np.random.Generator, size: int) -> ColourImage:
    """Moulded plastic: a matt grained skin of one colour."""
    grain = log_uniform(rng, 2, 10)
    skin = np.maximum(fractal(rng, size, (max(1.5, grain / 3), grain), 0.8), np.float32(rng.uniform(-1.5, 0.5)))
    grey = rng.uniform(30, 205) + log_uniform(rng, 1.5, 14) * unit(lit(skin, rng.uniform(0, 6.28)))
    grey += rng.uniform(1, 6) * noise(rng, size, size / 2) + log_uniform(rng, 0.5, 3) * white(rng, size)
    return coloured(rng, grey, 0.8)


def leather(rng: np.random.Generator, size: int) -> ColourImage:
    """Grain of cushions between creases, some deeper, pores, and soft changes of shade."""
    spacing, angle = log_uniform(rng, 6, 26), rng.uniform(0.01, np.pi)
    _, border = cells(rng, size, spacing, rng.uniform(1, 2), angle, rng.uniform(0.1, 0.3))
    width = spacing * rng.uniform(0.1, 0.3)
    cushion = soft(1 - np.exp(-border / np.float32(width)), rng.uniform(0.6, 1.2))
    height = cushion + np.float32(rng.uniform(0.02, 0.15)) * fractal(rng, size, (1.6, spacing), 0.5)
    depth = 1 + np.float32(0.35) * noise(rng, size, size / 4)
    strength = log_uniform(rng, 3, 18)
    grey = rng.uniform(40, 170) + strength * depth * (
        np.float32(0.6) * unit(lit(height, rng.uniform(0, 6.28))) + np.float32(rng.uniform(0.3, 0.9)) * unit(cushion)
    )
    grey += log_uniform(rng, 1.5, 10) * fractal(rng, size, (spacing, size / 2), 0.6) + rng.uniform(0.5, 3) * white(
        rng, size
    )
    return coloured(rng, grey, 0.55, (-0.02, 0.12) if rng.random() < 0.7 else None)


def ceramic(rng: np.random.Generator, size: int) -> ColourImage:
    """Tile or glazed ceramic: pale, cloudy, with specks of a second colour and sometimes a joint."""
    base = rng.uniform(110, 215)
    cloud = fractal(rng, size, (3.0, size / 2), rng.uniform(0.4, 1.2), rng.uniform(1, 3), rng.uniform(0, 3.1))
    picture = coloured(rng, base + log_uniform(rng, 1, 14) * cloud, 0.25)
    if rng.random() < 0.6:
        specks = step(noise(rng, size, log_uniform(rng, 1.6, 6)) - np.float32(rng.uniform(1.2, 2.3)), 0.6)
        picture = blend(
            picture, pigment(rng, 0.3) * np.float32(rng.uniform(40, 200)), specks * np.float32(rng.uniform(0.2, 0.9))
        )
    if rng.random() < 0.3:
        _, across = coordinates(size, direction(rng))
        gap = np.abs(across - np.float32(rng.uniform(-0.5, 0.5) * size)) - np.float32(size * rng.uniform(0.006, 0.025))
        joint = rng.uniform(60, 190) + 8 * noise(rng, size, 2.0)
        picture = blend(picture, cv2.merge([joint, joint, joint]), step(-gap, 2.0))
    return add(picture, log_uniform(rng, 0.6, 4) * white(rng, size))


def granite(rng: np.random.Generator, size: int) -> ColourImage:
    """Stone of two to four minerals in grains."""
    grain = log_uniform(rng, 3, 22)
    hue, level = rng.random(), rng.uniform(70, 190)
    saturation = 0.0 if rng.random() < 0.3 else rng.uniform(0, 0.15)
    picture = pigment(rng, saturation, hue) * np.ones((size, size, 1), dtype=np.float32) * np.float32(level)
    for _ in range(int(rng.integers(1, 4))):
        field = fractal(rng, size, (1.4, grain * log_uniform(rng, 0.4, 1.5)), rng.uniform(0.2, 0.9))
        share = step(field - np.float32(rng.uniform(0.2, 1.5)), rng.uniform(0.3, 2)) * np.float32(rng.uniform(0.4, 1))
        other = pigment(rng, saturation, hue + rng.normal(0, 0.15)) * np.float32(level * log_uniform(rng, 0.35, 1.6))
        picture = blend(picture, np.minimum(other, 235), share)
    return add(picture, log_uniform(rng, 2, 12) * fractal(rng, size, (1.4, 12.0), 0.3) + 3 * noise(rng, size, size / 3))


def marble(rng: np.random.Generator, size: int) -> ColourImage:
    """Stone with cloudy ground and thin wandering veins."""
    angle = rng.uniform(0, np.pi)
    ground = fractal(rng, size, (2.0, size / 2), rng.uniform(0.5, 1), rng.uniform(1, 2.5), angle)
    vein = np.zeros((size, size), dtype=np.float32)
    for _ in range(int(rng.integers(1, 3))):
        path = np.abs(fractal(rng, size, (4.0, size / rng.uniform(1, 3)), 0.9, rng.uniform(1, 3), angle))
        vein = np.maximum(vein, np.exp(-path / np.float32(log_uniform(rng, 0.02, 0.12))))
    vein *= step(noise(rng, size, size / 3), 2.5)
    base = rng.uniform(50, 215)
    picture = coloured(rng, base + log_uniform(rng, 2, 14) * ground, 0.2)
    other = pigment(rng, 0.15) * np.float32(rng.uniform(40, 110) if base > 130 else rng.uniform(130, 220))
    picture = blend(picture, other, vein * np.float32(rng.uniform(0.15, 0.7)))
    return add(picture, rng.uniform(0.5, 3) * white(rng, size))


def concrete(rng: np.random.Generator, size: int) -> ColourImage:
    """Concrete or mortar: cloudy, sandy, with small air holes."""
    grey = rng.uniform(80, 195) + log_uniform(rng, 3, 16) * fractal(rng, size, (2.5, size / 2), rng.uniform(0.2, 0.8))
    sand = fractal(rng, size, (1.4, 6.0), 0.3)
    grey += log_uniform(rng, 1, 10) * unit(lit(sand, rng.uniform(0, 6.28)))
    holes = step(noise(rng, size, log_uniform(rng, 2.5, 8)) - np.float32(rng.uniform(1.9, 3.0)), 0.4)
    grey -= rng.uniform(10, 60) * holes
    grey += log_uniform(rng, 1, 7) * white(rng, size)
    return coloured(rng, np.asarray(grey, dtype=np.float32), 0.12, (0.0, 0.15))


def sandpaper(rng: np.random.Generator, size: int) -> ColourImage:
    """Abrasive or coarse friction lining: glittering grains, close together, in a dark or coloured binder."""
    grain = log_uniform(rng, 1.5, 7)
    field = fractal(rng, size, (1.4, grain), rng.uniform(0.3, 1))
    labels, _ = cells(rng, size, max(grain, 2.2), warp=0.3)
    grey = (
        rng.uniform(45, 150) + log_uniform(rng, 3, 22) * rng.standard_normal(int(labels.max()) + 1, np.float32)[labels]
    )
    grey += log_uniform(rng, 3, 18) * unit(lit(field, rng.uniform(0, 6.28)))
    grey += rng.uniform(20, 90) * np.maximum(noise(rng, size, 1.5) - np.float32(1.9), 0)
    grey += log_uniform(rng, 1, 5) * noise(rng, size, size / 4)
    return coloured(rng, soft(grey, 0.6), 0.5, (-0.05, 0.15) if rng.random() < 0.7 else None)


def wood(rng: np.random.Generator, size: int) -> ColourImage:
    """Sawn wood: uneven year rings, bent, pores and fibres along them."""
    angle = direction(rng)
    along, across = coordinates(size, angle)
    stretch = rng.uniform(4, 14)
    bend = noise(rng, size, size * stretch / 6, size * rng.uniform(0.3, 1.0), angle)
    place = across + np.float32(size * rng.uniform(0.01, 0.12)) * bend
    if rng.random() < 0.5:  # flat sawn: the rings close to a parabola
        place = place + np.float32(rng.uniform(0.2, 2.0) / size) * (along / np.float32(2.5)) ** 2
    pitch = log_uniform(rng, 5, 40)
    widths = np.cumsum(rng.uniform(0.4, 1.6, 2 * size))
    rings = ((widths * (1.0 / pitch)) % 1).astype(np.float32)
    rings = cv2.GaussianBlur((rings ** rng.uniform(1, 3))[None, :], (0, 0), pitch * rng.uniform(0.05, 0.15) + 0.5)[0]
    grey = rng.uniform(80, 190) - log_uniform(rng, 5, 40) * profile(np.asarray(rings, dtype=np.float32), place, 1.0)
    grey += log_uniform(rng, 1.5, 8) * noise(rng, size, rng.uniform(20, 120), rng.uniform(1.3, 2.5), angle)
    pores = noise(rng, size, rng.uniform(8, 30), 1.5, angle)
    grey -= log_uniform(rng, 3, 30) * np.maximum(pores - np.float32(1.5), 0)
    grey += log_uniform(rng, 2, 10) * noise(rng, size, size, size / 5, angle) + rng.uniform(0.5, 3) * white(rng, size)
    return coloured(rng, np.asarray(grey, dtype=np.float32), 0.5, (0.03, 0.11))


def glass(rng: np.random.Generator, size: int) -> ColourImage:
    """Glass before a lamp or a dark ground: almost nothing but a slow change and dust-fine noise."""
    grey = rng.uniform(25, 225) + rng.uniform(0.5, 10) * noise(rng, size, size * rng.uniform(0.7, 2))
    if rng.random() < 0.4:  # weak lines out of the drawing
        angle = direction(rng)
        grey += log_uniform(rng, 0.3, 3) * noise(rng, size, 4.0 * size, rng.uniform(4, 30), angle)
    grey += log_uniform(rng, 0.7, 2.5) * noise(rng, size, rng.uniform(1.3, 2.5))
    return coloured(rng, grey, 0.2, (0.35, 0.7))


def film(rng: np.random.Generator, size: int) -> ColourImage:
    """Foil or paper web: even, weak lines along the web, soft wrinkles that shine."""
    angle = direction(rng)
    grey = rng.uniform(40, 220) + log_uniform(rng, 0.6, 4) * noise(rng, size, 5.0 * size, rng.uniform(2, 20), angle)
    grey += log_uniform(rng, 0.7, 5) * fractal(rng, size, (2.0, rng.uniform(8, 40)), rng.uniform(0, 1))
    if rng.random() < 0.4:
        folds = fractal(rng, size, (8.0, size / 3), 1.2, rng.uniform(2, 6), rng.uniform(0, np.pi))
        grey += log_uniform(rng, 1, 14) * unit(lit(folds, rng.uniform(0, 6.28)))
    grey += log_uniform(rng, 0.5, 2) * white(rng, size)
    return coloured(rng, grey, 0.5)


def rubber(rng: np.random.Generator, size: int) -> ColourImage:
    """Dark matt rubber or felt-like skin with blemish-free dull grain and chalky haze."""
    grain = fractal(rng, size, (1.5, log_uniform(rng, 4, 20)), rng.uniform(0.2, 0.8))
    grey = rng.uniform(28, 100) + log_uniform(rng, 1.5, 9) * grain
    haze = fractal(rng, size, (6.0, size / 2), 0.5)
    grey += log_uniform(rng, 1, 9) * np.maximum(haze, np.float32(-0.5)) + log_uniform(rng, 0.7, 5) * white(rng, size)
    return coloured(rng, grey, 0.3)


def rubber_mat(rng: np.random.Generator, size: int) -> ColourImage:
    """Rubber mat or tyre: raised blocks or ribs of a repeated profile, dark grooves between them."""
    angle, pitch = direction(rng), log_uniform(rng, 14, 0.4 * size)
    along, across = coordinates(size, angle, tuple(rng.uniform(0, size, 2)))
    lane = np.rint(across / np.float32(pitch))
    y = np.abs(across - lane * np.float32(pitch))
    long = np.float32(pitch * rng.uniform(0.8, 2.5))
    slant = np.float32(rng.uniform(-1, 1)) * np.where(lane % 2 == 0, 1, -1).astype(np.float32)
    x = along + slant * (across - lane * np.float32(pitch)) + np.float32(0.5 * int(rng.integers(2))) * long * (lane % 2)
    x = np.abs(x - np.rint(x / long) * long)
    groove = np.float32(pitch * rng.uniform(0.05, 0.2))
    edge = np.float32(pitch / 2) - y - groove
    if rng.random() < 0.75:
        edge = np.minimum(edge, long / 2 - x - groove)
    top = step(edge, rng.uniform(2, 6))
    skin = fractal(rng, size, (1.5, 8.0), 0.4)
    grey = rng.uniform(22, 55) + rng.uniform(15, 60) * top + log_uniform(rng, 1.5, 7) * skin
    grey += rng.uniform(-1, 1) * 60 * lit(soft(top, 1.2), angle + rng.uniform(0, 6.28))
    grey += log_uniform(rng, 1, 6) * noise(rng, size, size / 4) + rng.uniform(0.5, 3) * white(rng, size)
    return coloured(rng, np.asarray(grey, dtype=np.float32), 0.3)
