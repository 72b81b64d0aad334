"""Drawn defects made of lines: scratches, scuffs, gouges, cracks, laps, hairs.

Origin: our own; no paper. Every function takes the part of the picture and returns what the defect does to it.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.fields import log_uniform
from lidd_yolo.data.demo.shapes import (
    Layer,
    Points,
    View,
    bent,
    binary,
    blur,
    branching,
    cloud,
    displaced,
    distances,
    ragged,
    random_angle,
    ribbon,
    rotated,
    scatter,
    shading,
    softened,
    stroke,
    winding,
)
from lidd_yolo.data.demo.shapes import fill as fill_outlines
from lidd_yolo.data.demo.textures import FloatImage
from lidd_yolo.data.labels.outline import Mask


def scratch(rng: np.random.Generator, view: View) -> Layer:
    """One thin, nearly straight groove of varying depth, often with metal thrown up beside it."""
    angle = random_angle(rng)
    line = view.centre + rotated(bent(rng, view.extent, rng.choice([0.01, 0.03, 0.1])), angle)
    width = log_uniform(rng, 0.8, min(1.2 + 0.04 * view.extent, 5))
    core, pieces = _tapered(view, line, width)
    depth = np.clip(1 + rng.uniform(0.1, 0.6) * cloud(rng, view.shape, max(view.extent / 8, 4)), 0.3, 1.5)
    relief = _groove(rng, softened(core, rng.uniform(0.4, 0.9)), angle, width)
    return Layer(np.float32(view.signed(rng, 0.5)) * depth * relief, pieces)


def scratches(rng: np.random.Generator, view: View) -> Layer:
    """A bundle of parallel scratches, as of a brush or grit."""
    count = int(np.clip(rng.integers(3, 14), 3, max(view.extent / 5, 3)))
    angle, spread = random_angle(rng), view.extent * log_uniform(rng, 0.08, 0.5)
    offsets = np.sort(rng.uniform(-0.5, 0.5, count)) * spread
    shape = bent(rng, 1.0, rng.choice([0.01, 0.05]))
    core, pieces = view.canvas(), view.canvas()
    for offset in offsets:
        length = view.extent * rng.uniform(0.35, 1.0)
        place = np.array([rng.uniform(-0.5, 0.5) * (view.extent - length), offset])
        line = view.centre + rotated(length * shape + place, angle + rng.normal(0, 0.015))
        value = int(255 * log_uniform(rng, 0.5, 1.0))
        stroke(core, [line[1:-1]], 1 if rng.random() < 0.7 else 2, value)
        stroke(pieces, [line], 2)
    relief = _groove(rng, softened(core, rng.uniform(0.4, 0.7)), angle, 1.0)
    depth = np.clip(1 + 0.3 * cloud(rng, view.shape, max(view.extent / 8, 4)), 0.3, 1.5)
    change = np.float32(1.2 * view.signed(rng, 0.5)) * depth * relief
    return Layer(change, binary(pieces), 0.7 * spread / count + 2)


def scuff(rng: np.random.Generator, view: View) -> Layer:
    """An area rubbed by something rough: many fine short strokes of about one direction over a faint haze."""
    count = int(np.clip(view.extent * rng.uniform(0.5, 1.6), 8, 140))
    places = scatter(rng, view, count, rng.uniform(0.3, 0.9), shrink=0.85)
    angle, length = random_angle(rng), view.extent * rng.uniform(0.06, 0.25)
    lengths = length * rng.uniform(0.4, 1.3, (count, 1, 1))
    shape = lengths * bent(rng, 1.0, 0.12, 5)
    lines = places[:, None] + rotated(shape, rng.normal(angle, rng.uniform(0.05, 0.35), (count, 1)))
    strokes = view.canvas()
    for value, part in zip((120, 180, 255), np.array_split(lines, 3), strict=True):
        stroke(strokes, list(part), 1, value)
    haze = softened(strokes, max(0.04 * view.extent, 1.5))
    haze /= max(float(haze.max()), 1e-6)
    relief = 1.3 * softened(strokes, 0.5) + np.float32(rng.uniform(0.1, 0.6)) * haze
    return Layer(np.float32(view.signed(rng, 0.35)) * relief, (strokes > 60).astype(np.uint8), 0.1 * view.extent + 2)


def gouge(rng: np.random.Generator, view: View) -> Layer:
    """A deep, wide groove: one flank in the light, the other in the shade, dark bottom, tapered ends."""
    angle = random_angle(rng)
    line = view.centre + rotated(bent(rng, view.extent, 0.05), angle)
    t = np.linspace(-1, 1, len(line))
    width = max(view.extent * log_uniform(rng, 0.05, 0.22), 1.8)
    profile = (1 - np.abs(t - rng.uniform(-0.4, 0.4)) ** rng.uniform(1.5, 4) / 2.2).clip(0.15) * (1 - t**4).clip(0.1)
    body = view.canvas()
    fill_outlines(body, [ribbon(line, width * profile * rng.uniform(0.85, 1.15, t.size))])
    height = softened(body, max(rng.uniform(0.1, 0.24) * width, 0.5))
    lamp = angle + np.pi / 2 * rng.choice([-1, 1]) + rng.normal(0, 0.3)
    rough = 1 + 0.35 * cloud(rng, view.shape, 2.5)
    change = shading(height, lamp) - np.float32(rng.uniform(0, 0.8)) * height * rough
    return Layer(np.float32(abs(view.signed(rng, 1.0))) * change, np.asarray(height > 0.2, dtype=np.uint8), 2)


def crack(rng: np.random.Generator, view: View) -> Layer:
    """A jagged dark line that thins out, sometimes with branches."""
    curves = branching(rng, view, int(rng.choice([0, 0, 1, 2, 4])) if view.extent > 16 else 0)
    core, pieces = view.canvas(), view.canvas()
    width = log_uniform(rng, 1.0, min(1.2 + 0.02 * view.extent, 4))
    for number, curve in enumerate(curves):
        widths = (
            np.linspace(1, 0.25, len(curve))
            if number
            else np.interp(np.linspace(0, 3, len(curve)), range(4), rng.uniform(0.4, 1.2, 4))
        )
        if width > 1.4:
            fill_outlines(core, [ribbon(curve, width * widths)])
        stroke(core, [curve], 1, 255 if number == 0 else 190)
        stroke(pieces, [curve], max(2, round(width)))
    dark = softened(core, rng.uniform(0.35, 0.7))
    depth = np.clip(1.2 + 0.35 * cloud(rng, view.shape, max(view.extent / 10, 4)), 0.4, 1.6)
    halo = np.float32(rng.uniform(-0.3, 0.3)) * blur(dark, 1.8) if rng.random() < 0.5 else np.float32(0)
    return Layer(np.float32(view.signed(rng, 0.85)) * (depth * dark + halo), binary(pieces))


def crazing(rng: np.random.Generator, view: View) -> Layer:
    """A network of fine cracks: borders between warped cells, some of them missing, fading out at a ragged edge."""
    squeeze, angle = rng.uniform(0.4, 1.0), random_angle(rng)
    cells = int(np.clip(view.extent / rng.uniform(6, 18), 3, 14))
    labels = _cells(rng, view, cells, rng.uniform(0.35, 1.0))
    borders = np.zeros(view.shape, dtype=np.float32)
    present = np.clip(rng.uniform(-0.3, 1.3, 4096), 0, 1).astype(np.float32)  # strength of each border
    for here, there, part in (
        (labels[:, 1:], labels[:, :-1], borders[:, 1:]),
        (labels[1:], labels[:-1], borders[1:]),
    ):
        border = np.nonzero(here != there)
        one, two = here[border], there[border]
        part[border] = np.maximum(part[border], present[(37 * (one + two) + one * two) % present.size])
    distance = distances(view, squeeze, angle)
    fade = 1 - distance + 0.25 * cloud(rng, view.shape, view.extent / 5) - 6 * np.maximum(distance - 1, 0)
    borders *= np.clip(4 * fade, 0, 1)
    if view.extent > 60 and rng.random() < 0.4:
        borders = np.asarray(cv2.dilate(borders, np.ones((2, 2), dtype=np.uint8)), dtype=np.float32)
    relief = blur(borders, rng.uniform(0.4, 0.9))
    relief *= np.float32(1 / max(float(relief.max()), 1e-6))
    cell = view.extent / cells
    return Layer(np.float32(view.signed(rng, 0.8)) * relief, (borders > 0.3).astype(np.uint8), 0.7 * cell + 1)


def lap(rng: np.random.Generator, view: View) -> Layer:
    """A lip of metal folded over, a burr or a crease: bright ridge, dark line along one side, shade that fades."""
    if rng.random() < 0.4:
        line = view.centre + rotated(bent(rng, view.extent, 0.03), random_angle(rng))
    else:
        line = winding(rng, view, rng.uniform(0.4, 1.0))
    width = max(view.extent * log_uniform(rng, 0.015, 0.06), 1.2)
    canvas, pieces = view.canvas(), view.canvas()
    t = np.linspace(-1, 1, len(line))
    fill_outlines(canvas, [ribbon(line, width * (1.02 - t**2) * rng.uniform(0.7, 1.3, t.size))])
    stroke(canvas, [line], 1)
    stroke(pieces, [line], max(round(1.8 * width), 3))
    lip = softened(canvas, 0.25 * width + 0.3)
    side = line[-1] - line[0]
    normal = np.array([-side[1], side[0]]) / max(float(np.hypot(*side)), 1e-6) * width * rng.choice([-1, 1])
    shadow = displaced(lip, *(1.1 * normal))
    wide = displaced(blur(lip, 1.8 * width), *(2.0 * normal))
    relief = lip - np.float32(rng.uniform(0.5, 1.1)) * shadow - np.float32(rng.uniform(0, 0.5)) * wide
    return Layer(np.float32(abs(view.signed(rng, 0.2))) * relief, binary(pieces))


def hair(rng: np.random.Generator, view: View) -> Layer:
    """A long thin thing that lies on the surface or is woven in: hair, fibre, thread; sometimes with its shadow."""
    line = winding(rng, view, rng.uniform(0.3, 1.1))
    width = 1 if rng.random() < 0.5 else int(rng.integers(1, 2 + int(min(view.extent / 40, 3))))
    core, pieces = view.canvas(), view.canvas()
    stroke(core, [line], width)
    stroke(pieces, [line], width + 1)
    body = softened(core, rng.uniform(0.4, 0.8))
    relief = body * (1 + np.float32(0.15) * cloud(rng, view.shape, 5))
    change = np.float32(1.3 * view.signed(rng, 0.65)) * relief
    if rng.random() < 0.35:
        shadow = displaced(blur(body, 1.0), *rng.normal(0, 1.8, 2))
        change -= np.float32(0.4 * view.contrast) * shadow * (1 - body)
    return Layer(change, binary(pieces))


def _tapered(view: View, line: Points, width: float) -> tuple[Mask, Mask]:
    """Draw a stroke with thin ends; return its coverage and what belongs to it."""
    core, pieces = view.canvas(), view.canvas()
    if width > 1.3:
        t = np.linspace(-1, 1, len(line))
        fill_outlines(core, [ribbon(line, (width - 0.5) * (1 - np.abs(t) ** 3))])
    stroke(core, [line], 1)
    stroke(pieces, [line], max(2, round(width) + 1))
    return core, binary(pieces)


def _groove(rng: np.random.Generator, groove: FloatImage, angle: float, width: float) -> FloatImage:
    """Return a groove, with a ridge of the other sign beside it in half of the cases."""
    groove = np.asarray(groove / max(float(groove.max()), 0.4), dtype=np.float32)
    if rng.random() < 0.5:
        return groove
    step = (0.5 * width + 1) * rng.choice([-1, 1])
    ridge = displaced(groove, -np.sin(angle) * step, np.cos(angle) * step)
    return np.asarray(groove - np.float32(rng.uniform(0.2, 0.7)) * ridge, dtype=np.float32)


def _cells(rng: np.random.Generator, view: View, cells: int, stretch: float) -> npt.NDArray[np.int32]:
    """Return the number of the cell of every pixel: nearest of jittered seeds, in a warped and stretched plane."""
    height, width = view.shape
    side = 8 * cells * 2  # seeds stand about 8 pixels apart in a plane of their own, twice the extent
    grid = np.stack(np.meshgrid(np.arange(2 * cells), np.arange(2 * cells)), axis=-1).reshape(-1, 2)
    seeds = (8 * (grid + rng.uniform(0.05, 0.95, grid.shape))).astype(np.intp)
    plane = np.ones((side, side), dtype=np.uint8)
    plane[seeds[:, 1], seeds[:, 0]] = 0
    _, labels = cv2.distanceTransformWithLabels(plane, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    scale = 8 * cells / view.extent
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(view.centre[0])
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(view.centre[1])
    angle = random_angle(rng)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    spacing = max(view.extent / cells, 3)
    along = np.float32(scale * stretch) * (c * x + s * y) + 1.6 * ragged(rng, view.shape, spacing) + side / 2
    across = np.float32(scale) * (c * y - s * x) + 1.6 * ragged(rng, view.shape, spacing) + side / 2
    return cv2.remap(
        labels.astype(np.float32),
        along.astype(np.float32),
        across.astype(np.float32),
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.int32)
