"""Drawn defects made of spots and areas: inclusions, stains, pits, scale, corrosion, dents, holes, roller marks.

Origin: our own; no paper. Every function takes the part of the picture and returns what the defect does to it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.fields import log_uniform
from lidd_yolo.data.demo.shapes import (
    Layer,
    View,
    as_unit,
    binary,
    blob,
    blobs,
    blur,
    cloud,
    displaced,
    distances,
    fill,
    ragged,
    ragged_area,
    random_angle,
    rotated,
    scatter,
    shading,
    softened,
    stroke,
)
from lidd_yolo.data.demo.textures import FloatImage


def inclusion(rng: np.random.Generator, view: View) -> Layer:
    """Short dark grains drawn out along one direction, one behind the other."""
    angle = random_angle(rng)
    count = int(rng.integers(1, 2 + int(min(view.extent / 8, 7))))
    share = rng.uniform(0.6, 1.2, count)
    share /= share.sum()
    along = view.extent * (np.cumsum(share) - 0.5 * share - 0.5)
    radii = np.stack([0.5 * view.extent * share, np.full(count, view.extent) * rng.uniform(0.02, 0.09, count)], axis=1)
    radii[:, 0] *= rng.uniform(0.65, 1.0) if count > 1 else 1.0
    radii = np.maximum(np.minimum(radii, np.stack([radii[:, 0], 0.6 * radii[:, 0]], axis=1)), (1.2, 0.6))
    across = rng.normal(0, 0.04 * view.extent, count) * (count > 1)
    centres = view.centre + rotated(np.stack([along, across], axis=1), angle)
    grains = view.canvas()
    fill(grains, blobs(rng, centres, radii, rng.normal(angle, 0.06, count), 0.22))
    body = softened(grains, rng.uniform(0.4, 0.9)) * np.clip(1 + 0.25 * cloud(rng, view.shape, 3), 0.5, 1.4)
    return Layer(np.float32(view.signed(rng, 0.88)) * body, binary(grains), 0.2 * view.extent)


def stain(rng: np.random.Generator, view: View) -> Layer:
    """A compact blot with soft border and uneven shade, sometimes darker at the rim where it dried."""
    outlines = blob(rng, view, rng.uniform(0.5, 1.0), rng.uniform(0.03, 0.15))
    canvas = view.canvas()
    fill(canvas, outlines)
    if view.extent > 16 and rng.random() < 0.35:
        count = int(rng.integers(1, 4))
        radii = view.extent * rng.uniform(0.08, 0.25, (count, 1)) * rng.uniform(0.8, 1.2, (count, 2))
        fill(canvas, blobs(rng, scatter(rng, view, count, 0.8, 0.7), radii, 0.0, 0.1))
    relief = softened(canvas, max(0.5, view.extent * log_uniform(rng, 0.01, 0.09)))
    if view.extent > 8 and rng.random() < 0.35:
        relief = relief * (1.05 - np.float32(rng.uniform(0.4, 0.75)) * softened(canvas, 0.14 * view.extent))
        relief *= np.float32(1 / max(float(relief.max()), 0.2))
    relief *= np.clip(1 + np.float32(rng.uniform(0.05, 0.35)) * ragged(rng, view.shape, view.extent / 3), 0.3, 1.5)
    return Layer(np.float32(view.signed(rng, 0.75)) * relief, binary(canvas))


def spatter(rng: np.random.Generator, view: View) -> Layer:
    """Drops or specks of dirt thrown onto the surface: a few large and many small ones."""
    count = 1 if view.extent < 6 else int(np.clip(view.extent * rng.uniform(0.1, 0.5), 2, 50))
    largest = max(view.extent * rng.uniform(0.05, 0.16), 1.2) if count > 1 else max(0.5 * view.extent - 0.5, 0.8)
    radius = largest * rng.uniform(0.05, 1, count) ** rng.uniform(0.8, 3.0)
    radius[0] = largest
    radii = np.maximum(radius, 0.7)[:, None] * np.stack([np.ones(count), rng.uniform(0.6, 1.0, count)], axis=1)
    centres = scatter(rng, view, count, rng.uniform(0.4, 1.0), 0.85) if count > 1 else view.centre[None]
    drops = view.canvas()
    fill(drops, blobs(rng, centres, radii, rng.uniform(0, np.pi, count), rng.choice([0.04, 0.2])))
    body = softened(drops, rng.uniform(0.35, 0.9))
    change = (
        np.float32(view.signed(rng, 0.7))
        * body
        * np.clip(1 + 0.12 * ragged(rng, view.shape, view.extent / 4), 0.5, 1.4)
    )
    if rng.random() < 0.3:  # wet or molten drops shine
        change += np.float32(0.5 * view.contrast) * displaced(blur(body, 0.5), *rng.normal(0, 0.25 * largest, 2)) * body
    return Layer(change, binary(drops), 0.2 * view.extent)


def water_mark(rng: np.random.Generator, view: View) -> Layer:
    """A dried drop or puddle: a ring of uneven strength around a barely changed middle, sometimes several."""
    rings, inside = view.canvas(), view.canvas()
    count = int(rng.choice([1, 1, 2, 3])) if view.extent > 24 else 1
    outer = blob(rng, view, rng.uniform(0.6, 1.0), rng.uniform(0.02, 0.12))
    closed = [np.concatenate([outer[0], outer[0, :1]])]
    for _ in range(count - 1):
        shrink = rng.uniform(0.35, 0.85)
        offset = rng.normal(0, 0.12 * view.extent * (1 - shrink), 2)
        closed.append(view.centre + offset + shrink * (closed[0] - view.centre))
    width = max(1, round(view.extent * log_uniform(rng, 0.01, 0.06)))
    stroke(rings, closed, width)
    fill(inside, outer)
    ring = softened(rings, 0.4 + 0.3 * width) / np.float32(0.75)
    ring += np.float32(0.6) * softened(rings, 2.0 + width) * as_unit(inside)
    ring *= np.clip(0.9 + 0.35 * cloud(rng, view.shape, view.extent / 3), 0.25, 1.5)
    relief = ring + np.float32(rng.uniform(-0.1, 0.35)) * softened(inside, 1.0)
    pieces = binary(inside) | (rings > 127).astype(np.uint8)
    return Layer(np.float32(view.signed(rng, 0.5)) * relief, pieces)


def patch(rng: np.random.Generator, view: View) -> Layer:
    """A wide area of other shade with ragged border; it covers the texture of the ground more or less."""
    area = ragged_area(rng, view, rng.uniform(0.1, 0.3))
    body = softened(255 * area, log_uniform(rng, 0.6, 2.5))
    shade = 1 + np.float32(rng.uniform(0.05, 0.3)) * ragged(rng, view.shape, max(view.extent / 4, 6), 0.6)
    change = np.float32(view.signed(rng, 0.6)) * body * np.clip(shade, 0.3, 1.6)
    if rng.random() < 0.5:
        change = change[..., None] + _flatten(view, body, rng.uniform(0.2, 0.9))
    return Layer(np.asarray(change, dtype=np.float32), area, 2)


def pit(rng: np.random.Generator, view: View) -> Layer:
    """A small dark hole, often with a bright lip on the side away from the lamp."""
    return _holes(rng, view, blob(rng, view, rng.uniform(0.6, 1.0), rng.uniform(0.03, 0.15)), view.extent, 1.0)


def pits(rng: np.random.Generator, view: View) -> Layer:
    """A cluster of pits."""
    count = int(np.clip(view.extent * log_uniform(rng, 0.15, 0.7), 4, 60))
    size = log_uniform(rng, 0.8, max(0.9, 0.05 * view.extent))
    radius = np.maximum(size * np.exp(rng.normal(0, 0.35, count)), 0.7)
    radii = radius[:, None] * np.stack([np.ones(count), rng.uniform(0.65, 1.0, count)], axis=1)
    centres = scatter(rng, view, count, rng.uniform(0.4, 1.0), 0.92)
    return _holes(
        rng, view, blobs(rng, centres, radii, rng.uniform(0, np.pi, count), 0.12), 2 * size, 0.2 * view.extent
    )


def blowhole(rng: np.random.Generator, view: View) -> Layer:
    """A bubble or blowhole: round, shaded inside from one side, with a thin rim and sometimes a glint."""
    squeeze, angle = rng.uniform(0.8, 1.0), rng.uniform(0, np.pi)
    radius = distances(view, squeeze, angle)
    edge = max(view.extent, 3.0) / 2
    inside = np.clip((1 - radius) * edge + 0.5, 0, 1)
    lamp = rng.uniform(0, 2 * np.pi)
    bowl = np.sqrt(np.clip(1 - radius**2, 0, 1))
    rim = np.exp(-(((radius - 0.92) * edge / max(0.12 * edge, 0.7)) ** 2))
    side = _ramp(view, lamp)
    relief = rng.uniform(0.3, 1.0) * inside * (0.4 + 0.6 * bowl) + rng.uniform(0.3, 0.9) * side * inside
    relief -= rng.uniform(-0.3, 0.9) * rim * (0.6 - 0.4 * side)
    change = np.float32(view.signed(rng, 0.75)) * relief
    if view.extent > 8 and rng.random() < 0.4:
        glint = view.canvas()
        place = view.centre + 0.22 * view.extent * np.array([np.cos(lamp), np.sin(lamp)])
        fill(glint, blobs(rng, place[None], np.full((1, 2), max(0.06 * view.extent, 0.8)), 0.0, 0.1))
        change = change + np.float32(1.2 * view.contrast) * softened(glint, 0.6)
    return Layer(np.asarray(change, dtype=np.float32), (radius <= 1).astype(np.uint8))


def scale_flakes(rng: np.random.Generator, view: View) -> Layer:
    """Rolled-in scale: flakes drawn out along the rolling direction, with crusty surface and bright border."""
    count = int(np.clip(view.extent * rng.uniform(0.06, 0.25), 1, 22))
    angle = random_angle(rng)
    length = view.extent * rng.uniform(0.06, 0.18, count) if count > 1 else np.array([0.5 * view.extent - 0.5])
    length = np.maximum(length, 1.2)
    radii = np.stack([length, np.maximum(length * rng.uniform(0.2, 0.6, count), 0.7)], axis=1)
    centres = scatter(rng, view, count, rng.uniform(0.35, 0.9), 0.8) if count > 1 else view.centre[None]
    flakes = view.canvas()
    fill(flakes, blobs(rng, centres, radii, rng.normal(angle, 0.15, count), 0.28))
    crust = 1 + np.float32(rng.uniform(0.05, 0.25)) * ragged(rng, view.shape, max(0.15 * view.extent, 3), 0.9)
    crust = np.clip(crust, 0.2, 1.8)
    body = softened(flakes, 0.6)
    around = blur(body, 1.6) * (1 - body)
    relief = crust * body - np.float32(rng.uniform(0.2, 1.3)) * around
    return Layer(np.float32(view.signed(rng, 0.8)) * relief, binary(flakes), 0.18 * view.extent)


def corrosion(rng: np.random.Generator, view: View) -> Layer:
    """Rust, verdigris or white rust: coloured, speckled, denser in the middle, with loose specks around."""
    angle, squeeze = random_angle(rng), rng.uniform(0.5, 1.0)
    density = 0.9 - distances(view, squeeze, angle) + 0.2 * ragged(rng, view.shape, view.extent / 4, 0.7)
    grain = ragged(rng, view.shape, max(view.extent * rng.uniform(0.06, 0.2), 1.5), 0.85)
    field = density + np.float32(rng.uniform(0.25, 0.55)) * grain
    cover = np.clip(3 * field - 0.3, 0, 1) * np.clip(4 * (density + 0.1), 0, 1)
    colour = np.array(_RUST[int(rng.choice(4, p=[0.55, 0.15, 0.15, 0.15]))]) * rng.uniform(0.75, 1.2, 3)
    level = view.signed(rng, 0.75)
    tone = (view.level + level) * colour / colour.mean()
    saturation = rng.uniform(0.15, 0.8)
    tone = saturation * tone + (1 - saturation) * tone.mean()
    texture = np.float32(0.35 * abs(level)) * ragged(rng, view.shape, 3, 0.8)
    change = cover[..., None] * (0.8 * (tone.astype(np.float32) - view.level) + texture[..., None])
    return Layer(np.asarray(change, dtype=np.float32), (cover > 0.4).astype(np.uint8), 0.08 * view.extent + 1.5)


def dent(rng: np.random.Generator, view: View) -> Layer:
    """A dent or a bulge, which look alike unless one knows the lamp: bright on one side, dark on the other."""
    height = view.canvas()
    edge = view.extent * log_uniform(rng, 0.04, 0.15)
    inner = replace(view, extent=view.extent - 1.2 * edge)  # the blur widens it to the extent
    fill(height, blob(rng, inner, rng.uniform(0.4, 1.0), rng.uniform(0.0, 0.08)))
    shape = softened(height, max(edge, 0.6))
    relief = blur(shading(shape, rng.uniform(0, 2 * np.pi)), 0.25 * edge)
    relief += np.float32(rng.normal(0, 0.25)) * shape
    return Layer(np.float32(abs(view.signed(rng, 0.5))) * relief, np.asarray(shape > 0.2, dtype=np.uint8))


def hole(rng: np.random.Generator, view: View) -> Layer:
    """An opening: what lies behind shows, flat and dark or bright, within a sharp, sometimes frayed border."""
    canvas = view.canvas()
    outline = blob(rng, view, rng.uniform(0.35, 1.0), rng.uniform(0.02, 0.25))
    fill(canvas, outline)
    if view.extent > 14 and rng.random() < 0.35:  # threads or fibres reach into it
        count = int(rng.integers(2, 9))
        roots = outline[0][rng.integers(0, outline.shape[1], count)]
        tips = (
            roots
            + (view.centre - roots) * rng.uniform(0.1, 0.6, (count, 1))
            + rng.normal(0, 0.12 * view.extent, (count, 2))
        )
        stroke(canvas, list(np.stack([roots, tips], axis=1)), 1, 110)
    body = softened(canvas, rng.uniform(0.35, 0.8))
    behind = np.full(3, view.level + view.signed(rng, 0.75), dtype=np.float32)
    if rng.random() < 0.25 and abs(float(view.away.mean()) - view.level) > 12:
        behind = view.away
    depth = np.float32(rng.uniform(0, 0.25)) * (behind.mean() - view.level) * _ramp(view, rng.uniform(0, 2 * np.pi))
    change = body[..., None] * (behind + depth[..., None] - view.ground)
    rim = blur(body, 1.2) * (1 - body)
    change += np.float32(rng.normal(0, 0.8) * view.contrast) * rim[..., None]
    return Layer(np.asarray(change, dtype=np.float32), binary(canvas))


def roller_mark(rng: np.random.Generator, view: View) -> Layer:
    """Marks of a damaged roller or tool: one shape stamped again and again at equal distance."""
    count = int(np.clip(rng.integers(3, 11), 3, max(view.extent / 5, 3)))
    angle, pitch = random_angle(rng), view.extent / count
    radii = pitch * np.array([log_uniform(rng, 0.1, 0.3), log_uniform(rng, 0.1, 0.6)])
    stamp = blobs(rng, np.zeros((1, 2)), np.maximum(radii[None], 0.7), rng.uniform(-0.5, 0.5), rng.choice([0.05, 0.3]))[
        0
    ]
    along = pitch * (np.arange(count) - 0.5 * (count - 1))
    canvas = view.canvas()
    for place in along:
        value = int(255 * log_uniform(rng, 0.55, 1.0))
        shift = np.array([place, 0.0]) + rng.normal(0, 0.02 * pitch, 2)
        fill(canvas, [view.centre + rotated(stamp + shift, angle)], value)
    body = softened(canvas, max(0.4, 0.05 * pitch))
    if rng.random() < 0.4:
        relief = 0.8 * shading(body, rng.uniform(0, 2 * np.pi)) + 0.4 * body
    else:
        relief = body * (1 + 0.2 * cloud(rng, view.shape, 4))
    pieces = (canvas > 90).astype(np.uint8)
    return Layer(np.float32(view.signed(rng, 0.6)) * relief, pieces, 0.55 * pitch)


_RUST = ((0.35, 0.7, 1.2), (0.9, 1.1, 0.7), (1.0, 1.0, 1.0), (0.25, 0.45, 0.8))  # blue, green, red


def _holes(rng: np.random.Generator, view: View, outlines: npt.NDArray[np.float64], size: float, reach: float) -> Layer:
    """Return small dark holes of about ``size`` pixels, lit from one side."""
    canvas = view.canvas()
    fill(canvas, outlines)
    dark = softened(canvas, float(np.clip(0.1 * size, 0.35, 1.5)))
    lamp, step = rng.uniform(0, 2 * np.pi), max(0.22 * size, 0.9)
    lip = displaced(dark, step * np.cos(lamp), step * np.sin(lamp)) * (1 - dark)
    shade = 1 + np.float32(rng.uniform(0, 0.4)) * _ramp(view, lamp) if size > 6 else np.float32(1)
    relief = dark * shade - np.float32(rng.uniform(0, 0.8)) * lip
    return Layer(np.asarray(view.signed(rng, 0.85) * relief, dtype=np.float32), binary(canvas), reach)


def _ramp(view: View, angle: float) -> FloatImage:
    """Return a slope across the view: -1 to 1 over the extent, rising in direction ``angle``."""
    height, width = view.shape
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(view.centre[0])
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(view.centre[1])
    slope = (np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y) * np.float32(2 / view.extent)
    return np.asarray(np.clip(slope, -1, 1), dtype=np.float32)


def _flatten(view: View, body: FloatImage, share: float) -> npt.NDArray[np.float32]:
    """Return the change that takes a share of the ground's fine texture away where ``body`` is 1."""
    detail = view.ground - blur(view.ground, 4.0)
    return np.asarray(-np.float32(share) * body[..., None] * detail, dtype=np.float32)
