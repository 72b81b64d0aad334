"""Metal surfaces without defects: rolled, ground, machined, cast, coated.

Origin: our own; no paper. Every function takes a generator and a size and returns ``(size, size, 3)``, BGR, about
0-255, not clipped. Strengths are standard deviations in grey levels.
"""

from __future__ import annotations

import cv2
import numpy as np

from lidd_yolo.data.demo.fields import (
    ColourImage,
    FloatImage,
    cells,
    coloured,
    coordinates,
    direction,
    fractal,
    lit,
    log_uniform,
    noise,
    polar_noise,
    power,
    profile,
    soft,
    step,
    unit,
    white,
)


def hot_rolled(rng: np.random.Generator, size: int) -> ColourImage:
    """Cloudy oxide with specks, faintly drawn along the rolling direction."""
    angle = direction(rng)
    cloud = fractal(rng, size, (2.0, size / rng.uniform(2, 8)), rng.uniform(0.1, 0.9), rng.uniform(1, 4), angle)
    grey = rng.uniform(50, 175) + log_uniform(rng, 2, 16) * cloud
    grey += log_uniform(rng, 0.5, 6) * noise(rng, size, log_uniform(rng, 8, 60), 1.6, angle)
    grey += log_uniform(rng, 1, 8) * white(rng, size)
    if rng.random() < 0.4:  # oxide specks
        specks = noise(rng, size, rng.uniform(2, 5), rng.uniform(1.5, 3), angle)
        grey -= log_uniform(rng, 4, 25) * step(specks - np.float32(rng.uniform(1.3, 2.2)), 0.8)
    return coloured(rng, grey, 0.08)


def cold_rolled(rng: np.random.Generator, size: int) -> ColourImage:
    """Long fine streaks and broad bands along the rolling direction."""
    angle = direction(rng)
    grey = rng.uniform(70, 205) + log_uniform(rng, 1, 8) * noise(rng, size, log_uniform(rng, 30, 300), 1.5, angle)
    grey += log_uniform(rng, 0.5, 8) * noise(rng, size, 6.0 * size, log_uniform(rng, 6, 60), angle)
    grey += log_uniform(rng, 0.5, 4) * noise(rng, size, rng.uniform(20, 80), rng.uniform(8, 30), angle)
    grey += log_uniform(rng, 0.5, 3) * white(rng, size)
    return coloured(rng, grey, 0.06)


def ground(rng: np.random.Generator, size: int) -> ColourImage:
    """Grooves of several lengths and widths, a little crossed, single deep ones among them."""
    angle = direction(rng)
    grey = np.full((size, size), rng.uniform(60, 190), dtype=np.float32)
    for _ in range(int(rng.integers(2, 4))):
        turned = angle + rng.normal(0, 0.025)
        grey += log_uniform(rng, 2, 12) * noise(rng, size, log_uniform(rng, 15, 250), rng.uniform(1.3, 3), turned)
    deep = noise(rng, size, log_uniform(rng, 40, 200), rng.uniform(1.3, 2.5), angle + rng.normal(0, 0.02))
    grey -= float(rng.choice([-1, 1, 1])) * log_uniform(rng, 3, 30) * np.maximum(deep - np.float32(1.5), 0)
    grey += log_uniform(rng, 0.5, 6) * noise(rng, size, size, rng.uniform(10, 50), angle)
    return coloured(rng, grey, 0.06)


def cross_ground(rng: np.random.Generator, size: int) -> ColourImage:
    """Honed: two sets of fine grooves that cross."""
    angle, half = direction(rng), rng.uniform(0.25, 0.8)
    grey = np.full((size, size), rng.uniform(60, 190), dtype=np.float32)
    for side in (-half, half):
        strength = log_uniform(rng, 2, 12)
        grey += strength * noise(rng, size, log_uniform(rng, 40, 300), rng.uniform(1.3, 3), angle + side)
        deep = noise(rng, size, log_uniform(rng, 80, 400), 1.5, angle + side)
        grey -= strength * 2 * np.maximum(deep - np.float32(1.3), 0)
    grey += log_uniform(rng, 0.5, 4) * white(rng, size)
    return coloured(rng, grey, 0.05)


def brushed(rng: np.random.Generator, size: int) -> ColourImage:
    """Hairlines, and the broad bright reflection across them."""
    angle = direction(rng)
    lines = noise(rng, size, log_uniform(rng, 80, 600), 1.4, angle) + rng.uniform(0, 1) * noise(
        rng, size, log_uniform(rng, 100, 900), rng.uniform(2, 6), angle
    )
    along, _ = coordinates(size, angle)
    width = size * rng.uniform(0.25, 1.0)
    shine = np.exp(-(((along - np.float32(size * rng.uniform(-0.6, 0.6))) / np.float32(width)) ** 2))
    grey = rng.uniform(60, 170) + rng.uniform(0, 60) * shine
    grey += log_uniform(rng, 1.5, 12) * lines * (np.float32(0.6) + np.float32(0.6) * shine)
    grey += log_uniform(rng, 0.4, 2) * white(rng, size)
    return coloured(rng, grey, 0.25)


def _circles(rng: np.random.Generator, size: int, near: float, far: float) -> tuple[FloatImage, FloatImage]:
    """Return radius and turn around a centre that lies ``near`` to ``far`` sides from the picture's middle."""
    distance, heading = size * rng.uniform(near, far), rng.uniform(0, 2 * np.pi)
    centre = (size / 2 + distance * np.cos(heading), size / 2 + distance * np.sin(heading))
    x, y = coordinates(size, 0.0, centre)
    radius, turn = cv2.cartToPolar(np.broadcast_to(x, (size, size)).copy(), np.broadcast_to(y, (size, size)).copy())
    return np.asarray(radius, dtype=np.float32), np.asarray(turn, dtype=np.float32)


def circular_ground(rng: np.random.Generator, size: int) -> ColourImage:
    """Grooves along circles with the bow-tie reflection of a turned or ground disc."""
    radius, turn = _circles(rng, size, 0.0, 2.0)
    grey = rng.uniform(70, 180) + log_uniform(rng, 2, 14) * polar_noise(
        rng, radius, turn, rng.uniform(1.3, 3), log_uniform(rng, 30, 300)
    )
    grey += log_uniform(rng, 1, 8) * polar_noise(rng, radius, turn, rng.uniform(4, 20), 4.0 * size)
    bow = np.cos(np.float32(2) * (turn - np.float32(rng.uniform(0, np.pi))))
    grey += rng.uniform(0, 35) * (np.maximum(bow, 0) ** 2 - np.float32(0.35))
    grey += log_uniform(rng, 0.5, 3) * white(rng, size)
    return coloured(rng, grey, 0.08)


def lathe_turned(rng: np.random.Generator, size: int) -> ColourImage:
    """Feed marks of a lathe or facing tool: arcs, or lines on a cylinder, of even pitch and uneven depth."""
    pitch = log_uniform(rng, 3.5, 18)
    radius, turn = _circles(rng, size, 0.0, 3.0)
    wave = radius + np.float32(rng.uniform(0, 0.08) * pitch) * noise(rng, size, 30.0)
    phase = wave * np.float32(2 * np.pi / pitch)
    marks = np.sin(phase) + np.float32(rng.uniform(0, 0.5)) * np.sin(2 * phase + np.float32(rng.uniform(0, 6)))
    depth = 1 + np.float32(0.3) * polar_noise(rng, radius, turn, 1.5 * pitch, 2.0 * size)
    grey = rng.uniform(70, 180) + log_uniform(rng, 2, 22) * marks * depth
    grey += log_uniform(rng, 1.5, 10) * polar_noise(rng, radius, turn, 1.4, log_uniform(rng, 10, 150))
    grey += log_uniform(rng, 0.5, 4) * white(rng, size)
    return coloured(rng, grey, 0.08)


def milled(rng: np.random.Generator, size: int) -> ColourImage:
    """Arcs of a face mill that moves on: each cut shifted by the feed; sometimes with the cuts of the trailing edge."""
    angle, bow = direction(rng), size * log_uniform(rng, 0.05, 3)
    pitch = log_uniform(rng, 4, 26)
    lane = size * rng.uniform(0.6, 2.5)
    along, across = coordinates(size, angle)
    across = across + np.float32(rng.uniform(-0.5, 0.5) * lane)
    lanes = np.floor(across / np.float32(lane) + np.float32(0.5))
    inside = across - lanes * np.float32(lane)
    shift = np.sqrt(np.maximum(np.float32((bow + 0.6 * lane) ** 2) - inside**2, 0))
    grey = np.full((size, size), rng.uniform(70, 185), dtype=np.float32)
    grey += np.float32(rng.normal(0, 3)) * (lanes % 2)
    sharp = rng.uniform(0.6, 2.5)
    strength = log_uniform(rng, 8, 45)
    for side in (1, -1) if rng.random() < 0.4 else (1,):
        place = along - side * shift + np.float32(rng.uniform(0, 99)) + lanes * np.float32(37.3)
        cut = np.floor(place / np.float32(pitch))
        rest = place / np.float32(pitch) - cut
        depth = rng.uniform(0.5, 1.2, 997).astype(np.float32)[cut.astype(np.int32) % 997]
        grey += np.float32(strength) * depth * (power(np.abs(2 * rest - 1), sharp) - np.float32(0.5))
    hair = noise(rng, size, 1.5, log_uniform(rng, 4, 20), angle)
    grey += log_uniform(rng, 0.7, 4) * hair + log_uniform(rng, 0.5, 4) * white(rng, size)
    return coloured(rng, cv2.GaussianBlur(grey, (3, 3), 0.6), 0.06)


def sand_cast(rng: np.random.Generator, size: int) -> ColourImage:
    """Rough relief of sand grains under a low lamp."""
    grain = log_uniform(rng, 2, 9)
    height = grain * (0.6 * noise(rng, size, grain) + fractal(rng, size, (grain, size / 4), rng.uniform(0.3, 0.9)))
    shade = unit(lit(np.asarray(height, dtype=np.float32), rng.uniform(0, 2 * np.pi)))
    grey = rng.uniform(50, 165) + log_uniform(rng, 5, 26) * shade
    grey += log_uniform(rng, 2, 10) * fractal(rng, size, (4.0, size / 2), 0.5) + rng.uniform(1, 7) * white(rng, size)
    dark = noise(rng, size, grain)
    grey -= log_uniform(rng, 2, 20) * np.maximum(dark - np.float32(1.2), 0)
    return coloured(rng, grey, 0.15)


def die_cast(rng: np.random.Generator, size: int) -> ColourImage:
    """Smooth cast aluminium or zinc: matt speckle, cloudiness, flow lines of the melt."""
    angle = rng.uniform(0, np.pi)
    x, y = coordinates(size, angle)
    bend = np.float32(size * 0.08) * noise(rng, size, size / 2)
    flow = profile(
        rng.standard_normal(64, dtype=np.float32), y + bend + np.float32(0.0005 * rng.normal()) * x**2, size / 25
    )
    grey = rng.uniform(90, 205) + log_uniform(rng, 0.6, 7) * flow
    grey += log_uniform(rng, 1.5, 9) * fractal(rng, size, (6.0, size / 2), rng.uniform(0.3, 1))
    grey += log_uniform(rng, 1, 7) * noise(rng, size, rng.uniform(1.3, 3)) + rng.uniform(0.5, 3) * white(rng, size)
    return coloured(rng, grey, 0.06)


def shot_blasted(rng: np.random.Generator, size: int) -> ColourImage:
    """Dimples of one size all over, lit from the side."""
    dimple = log_uniform(rng, 2.5, 12)
    field = noise(rng, size, dimple)
    height = field * np.abs(field) if rng.random() < 0.5 else field**2
    if rng.random() < 0.4:  # peened: cups side by side
        _, border = cells(rng, size, 2 * dimple, warp=0.05)
        height = soft(np.minimum(border, np.float32(dimple)), 0.25 * dimple) + np.float32(0.1 * dimple) * field
    grey = rng.uniform(70, 180) + log_uniform(rng, 4, 20) * unit(lit(height, rng.uniform(0, 6.28)))
    grey += log_uniform(rng, 1, 6) * fractal(rng, size, (8.0, size / 2), 0.7) + rng.uniform(1, 5) * white(rng, size)
    return coloured(rng, grey, 0.08)


def galvanised(rng: np.random.Generator, size: int) -> ColourImage:
    """Zinc spangle: crystals of different brightness, each with feathers in its own direction."""
    spacing = log_uniform(rng, 8, 0.45 * size)
    labels, border = cells(rng, size, spacing, rng.uniform(1, 1.6), rng.uniform(0.01, np.pi), rng.uniform(0.05, 0.25))
    count = int(labels.max()) + 1
    level = rng.standard_normal(count, dtype=np.float32)[labels]
    grain = [noise(rng, size, spacing * 0.5, max(1.5, spacing * 0.06), rng.uniform(0, np.pi)) for _ in range(3)]
    pick = rng.integers(0, 3, count)[labels]
    feathers = np.choose(pick, grain)
    grey = rng.uniform(95, 195) + log_uniform(rng, 2.5, 18) * level + log_uniform(rng, 1.5, 9) * feathers
    grey -= float(rng.choice([-1, 1])) * log_uniform(rng, 1, 12) * np.exp(-border / np.float32(rng.uniform(0.8, 2)))
    grey += log_uniform(rng, 1, 6) * white(rng, size)
    return coloured(rng, cv2.GaussianBlur(grey, (3, 3), 0.7), 0.08)


def polished(rng: np.random.Generator, size: int) -> ColourImage:
    """Mirror finish: soft reflections of lamps and surroundings, hardly any structure."""
    grey = rng.uniform(45, 170) + rng.uniform(3, 25) * noise(rng, size, size * rng.uniform(0.5, 1.2))
    for _ in range(int(rng.integers(0, 4))):
        x, y = coordinates(size, rng.uniform(0, np.pi), tuple(rng.uniform(-0.1, 1.1, 2) * size))
        wide, high = size * log_uniform(rng, 0.15, 2), size * log_uniform(rng, 0.05, 0.35)
        edge = rng.uniform(1.5, 6)
        spot = np.exp(-power(x / np.float32(wide), edge) - power(y / np.float32(high), edge))
        grey += rng.uniform(-25, 60) * spot
    if rng.random() < 0.6:
        lines = noise(rng, size, log_uniform(rng, 60, 300), 1.4, rng.uniform(0, np.pi))
        grey += log_uniform(rng, 0.4, 3) * lines
    grey += log_uniform(rng, 0.4, 2.5) * noise(rng, size, rng.uniform(1.3, 4))
    return coloured(rng, grey, 0.15)


def extruded(rng: np.random.Generator, size: int) -> ColourImage:
    """Profile out of a die: parallel ribs, steps and flats, and fine die lines along them."""
    angle = direction(rng)
    _, across = coordinates(size, angle)
    length = int(2 * size) + 8
    curve = np.zeros(length, dtype=np.float32)
    if rng.random() < 0.5:  # even ribs
        pitch = size * log_uniform(rng, 0.04, 0.5)
        rest = (np.arange(length) / pitch) % 1
        curve += np.clip(np.sin(2 * np.pi * rest) * rng.uniform(0.7, 4), -1, 1).astype(np.float32)
    else:  # flats of different height
        start = 0
        while start < length:
            run = int(size * log_uniform(rng, 0.03, 0.6)) + 1
            curve[start : start + run] = (
                rng.normal(0, 0.8) + rng.normal(0, 0.4) * np.linspace(-1, 1, run)[: length - start]
            )
            start += run
    curve = cv2.GaussianBlur(curve[None, :], (0, 0), log_uniform(rng, 0.7, 5))[0]
    flank = np.gradient(curve).astype(np.float32)
    flank /= np.abs(flank).max() + np.float32(1e-6)
    grey = rng.uniform(80, 185) + rng.uniform(3, 24) * profile(curve, across, 1.0)
    grey += float(rng.choice([-1, 1])) * rng.uniform(10, 60) * profile(flank, across, 1.0)
    grey += log_uniform(rng, 0.8, 7) * noise(rng, size, log_uniform(rng, 60, 900), rng.uniform(1.4, 4), angle)
    grey += log_uniform(rng, 0.5, 3) * white(rng, size)
    return coloured(rng, grey, 0.15)


def magnetic_tile(rng: np.random.Generator, size: int) -> ColourImage:
    """Dark ferrite arc: brightness falls off across it; chamfers and edges, beyond them the support."""
    angle = direction(rng)
    along, across = coordinates(size, angle)
    base = rng.uniform(30, 95)
    round_off = size * rng.uniform(0.5, 1.5)
    grey = base + rng.uniform(0, 45) * np.exp(-(((across - np.float32(rng.normal(0, 0.25) * size)) / round_off) ** 2))
    grey += log_uniform(rng, 1, 6) * noise(
        rng, size, log_uniform(rng, 10, 150), 1.6, angle + float(rng.choice([0, np.pi / 2]))
    )
    grey += log_uniform(rng, 1, 7) * fractal(rng, size, (1.6, size / 3), rng.uniform(0, 0.7))
    for place in (across, along):
        for side in (-1, 1):
            if rng.random() < 0.4:
                edge = side * place - np.float32(size * rng.uniform(0.3, 0.5))
                edge = edge + np.float32(rng.uniform(0.1, 0.6)) * noise(rng, size, 20.0)
                chamfer = np.float32(size * log_uniform(rng, 0.01, 0.09))
                grey += rng.uniform(-15, 60) * step(edge, 1.5) * step(chamfer - edge, 1.5)
                grey += (rng.uniform(16, 130) - grey) * step(edge - chamfer, 2.0)
    grey += log_uniform(rng, 0.7, 4) * white(rng, size)
    return coloured(rng, np.asarray(grey, dtype=np.float32), 0.06)


def perforated(rng: np.random.Generator, size: int) -> ColourImage:
    """Sheet with rows of holes, round or square, in square or staggered order; dark below or lit from behind."""
    angle, pitch = direction(rng), log_uniform(rng, 9, 0.35 * size)
    along, across = coordinates(size, angle, tuple(rng.uniform(0, size, 2)))
    rows = np.float32(pitch * (float(rng.choice([1.0, 0.866, 0.6]))))
    row = np.rint(across / rows)
    y = across - row * rows
    x = along / np.float32(pitch) + np.float32(float(rng.choice([0.0, 0.5]))) * (row % 2)
    x = (x - np.rint(x)) * np.float32(pitch)
    radius = np.float32(min(pitch, float(rows)) * rng.uniform(0.2, 0.42))
    distance = (cv2.magnitude(x, y) if rng.random() < 0.7 else np.maximum(np.abs(x), np.abs(y))) - radius
    grey = rng.uniform(80, 185) + log_uniform(rng, 1, 8) * noise(rng, size, log_uniform(rng, 2, 150), 1.5, angle)
    grey += log_uniform(rng, 1, 5) * fractal(rng, size, (8.0, size / 2), 0.6)
    lamp = np.float32(rng.uniform(0, 2 * np.pi))
    rim = np.exp(-(((distance - np.float32(0.8)) / np.float32(rng.uniform(0.8, 2))) ** 2))
    grey += rng.uniform(0, 45) * rim * (x * np.cos(lamp) + y * np.sin(lamp)) / radius
    below = rng.uniform(12, 60) if rng.random() < 0.7 else rng.uniform(190, 250)
    grey += (below + 3 * noise(rng, size, 12.0) - grey) * step(-distance, rng.uniform(1, 2))
    grey += log_uniform(rng, 0.5, 4) * white(rng, size)
    return coloured(rng, np.asarray(grey, dtype=np.float32), 0.1)
