"""Drawn defects that change the picture rather than add to it: displaced structure, smears, colours, chips.

Origin: our own; no paper. Every function takes the part of the picture and returns what the defect does to it.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.fields import log_uniform
from lidd_yolo.data.demo.shapes import (
    ColourImage,
    Layer,
    View,
    binary,
    blob,
    blur,
    cloud,
    fill,
    jagged,
    ragged,
    ragged_area,
    random_angle,
    rotated,
    softened,
    stroke,
)
from lidd_yolo.data.labels.outline import Mask


def misweave(rng: np.random.Generator, view: View) -> Layer:
    """Structure displaced, turned or interrupted inside a band or a spot: wrong weave, broken or shifted line.

    Ground without regular structure stays as it is: nobody would see the difference.
    """
    area, angle = _band(rng, view)
    if not _is_regular(view):
        return Layer(np.zeros(view.shape, dtype=np.float32), area)
    body = softened(255 * area, rng.uniform(0.4, 1.5))
    manner = rng.random()
    if manner < 0.4:
        step = log_uniform(rng, 1.5, max(0.25 * view.extent, 2.5)) * rng.choice([-1, 1])
        other = _shifted(view.ground, np.cos(angle) * step, np.sin(angle) * step)
    elif manner < 0.7:
        other = _pulled(rng, view, angle)
    elif manner < 0.85:
        other = np.asarray(view.ground[::-1, ::-1], dtype=np.float32)
    else:
        other = _shifted(blur(view.ground, 1.2), *rng.normal(0, 0.2 * view.extent, 2))
        other = other + np.float32(view.signed(rng, 0.6) * 0.5)
    change = float(cv2.mean(np.abs(other - view.ground).mean(axis=2), mask=area)[0])
    if change < 0.8 * view.spread or rng.random() < 0.3:
        other = other + np.float32(view.signed(rng, 0.5) * rng.uniform(0.5, 1.0))
    return Layer(np.asarray(body[..., None] * (other - view.ground), dtype=np.float32), area)


def smear(rng: np.random.Generator, view: View) -> Layer:
    """Something was wiped over the surface: structure is drawn out in one direction, with streaks of other shade."""
    area, angle = _band(rng, view)
    length = max(3, round(min(0.4 * view.extent, 41)))
    kernel = np.zeros((length, length), dtype=np.uint8)
    middle = np.array([(length - 1) / 2] * 2)
    end = 0.5 * (length - 1) * np.array([np.cos(angle), np.sin(angle)])
    stroke(kernel, [np.stack([middle - end, middle + end])], 1)
    weights = kernel.astype(np.float32) / max(int(kernel.sum()), 1)
    drawn = cv2.filter2D(view.ground, -1, weights, borderType=cv2.BORDER_REFLECT_101)
    noise = rng.standard_normal(view.shape, dtype=np.float32)
    streaks = cv2.filter2D(noise, -1, weights, borderType=cv2.BORDER_REFLECT_101) * np.float32(np.sqrt(length))
    level = np.float32(view.signed(rng, 0.5) * rng.uniform(0.5, 1.0))
    body = softened(255 * area, max(view.extent * log_uniform(rng, 0.01, 0.05), 0.8))
    change = body[..., None] * (drawn - view.ground + (level * (1 + 0.3 * streaks))[..., None])
    return Layer(np.asarray(change, dtype=np.float32), area)


def discolouration(rng: np.random.Generator, view: View) -> Layer:
    """Another hue or saturation with soft border; sometimes the bands of colours of heat."""
    if rng.random() < 0.5:
        area = ragged_area(rng, view, rng.uniform(0.05, 0.2))
    else:
        canvas = view.canvas()
        fill(canvas, blob(rng, view, rng.uniform(0.3, 1.0), 0.08))
        area = binary(canvas)
    body = softened(255 * area, max(view.extent * log_uniform(rng, 0.01, 0.06), 0.6))
    strength = float(np.clip(view.contrast / max(view.level, 20), 0.07, 0.3))
    if view.extent > 20 and rng.random() < 0.25:
        phase = (body * rng.uniform(2, 6) + 0.5 * cloud(rng, view.shape, view.extent / 3))[..., None]
        tint = np.float32(strength) * np.sin(phase + rng.uniform(0, 2 * np.pi, 3).astype(np.float32))
    else:
        tint = np.broadcast_to(_tint(rng, strength), (*view.shape, 3))
    change = body[..., None] * tint * np.maximum(view.ground, 25)
    if rng.random() < 0.3:
        grey = cv2.cvtColor(view.ground, cv2.COLOR_BGR2GRAY)[..., None]
        change = change + body[..., None] * np.float32(rng.uniform(0.3, 0.9)) * (grey - view.ground)
    return Layer(np.asarray(change, dtype=np.float32), area)


def chip(rng: np.random.Generator, view: View) -> Layer:
    """A piece broken off: angular outline, facets of different shade, bright edge; or the background shows."""
    canvas, facets = view.canvas(), view.canvas()
    corners = int(rng.integers(4, 8))
    turn = np.sort(rng.uniform(0, 2 * np.pi, corners)) + rng.uniform(0, 1)
    radius = max(0.5 * view.extent - 0.5, 0.8)
    rays = (
        radius * rng.uniform(0.6, 1.0, (corners, 1)) * np.stack([np.cos(turn), rng.uniform(0.5, 1) * np.sin(turn)], 1)
    )
    ring = view.centre + rotated(rays, random_angle(rng))
    levels = 3 if view.extent > 20 else 1
    outline = np.concatenate(
        [jagged(rng, a, b, 0.08, levels)[:-1] for a, b in zip(ring, np.roll(ring, -1, 0), strict=True)]
    )
    fill(canvas, [outline])
    ridge = view.centre + rng.normal(0, 0.12 * view.extent, 2)
    shades = np.clip(rng.normal(150, 60, corners), 20, 255)
    for a, b, value in zip(ring, np.roll(ring, -1, 0), shades, strict=True):
        fill(facets, [np.stack([ridge, ridge + 1.3 * (a - ridge), ridge + 1.3 * (b - ridge)])], int(value))
    body = softened(canvas, rng.uniform(0.35, 0.7))
    level = view.signed(rng, 0.5)
    if rng.random() < 0.4 and abs(float(view.away.mean()) - view.level) > 12:
        inside = view.away[None, None] + np.float32(0.1 * level) * cloud(rng, view.shape, 6)[..., None]
    else:
        grain = 0.2 * ragged(rng, view.shape, 4, 0.8)
        inside = (view.level + np.float32(level) * (1.5 * softened(facets, 0.8) + grain))[..., None]
    change = body[..., None] * (inside - view.ground)
    edge = blur(body, 0.9) * (1 - body) + np.float32(0.3) * body * (1 - blur(body, 0.9))
    change = change + np.float32(rng.uniform(-0.3, 1.2) * view.contrast) * edge[..., None]
    return Layer(np.asarray(change, dtype=np.float32), binary(canvas))


def _band(rng: np.random.Generator, view: View) -> tuple[Mask, float]:
    """Return an area, mostly a band with uneven borders, and the direction of its long side."""
    angle = random_angle(rng)
    canvas = view.canvas()
    if rng.random() < 0.3:
        fill(canvas, blob(rng, view, rng.uniform(0.4, 1.0), 0.1, angle))
        return binary(canvas), angle
    length, width = view.extent, max(view.extent * log_uniform(rng, 0.08, 0.5), 2.5)
    t = np.linspace(-0.5, 0.5, 14)
    sway = rng.choice([0.0, 0.06]) * width
    upper = np.stack([length * t, 0.5 * width + rng.normal(0, sway + 1e-9, t.size)], axis=1)
    lower = np.stack([length * t, -0.5 * width + rng.normal(0, sway + 1e-9, t.size)], axis=1)
    fill(canvas, [view.centre + rotated(np.concatenate([upper, lower[::-1]]), angle)])
    return binary(canvas), angle


def _is_regular(view: View) -> bool:
    """Whether the ground repeats itself or has long lines, so that a displaced part is seen: by autocorrelation."""
    side = min(*view.shape, 64)
    if side < 16:
        return False
    grey = cv2.cvtColor(np.ascontiguousarray(view.ground[:side, :side]), cv2.COLOR_BGR2GRAY)
    power = np.abs(np.fft.rfft2(grey - grey.mean())) ** 2
    similarity = np.fft.fftshift(np.fft.irfft2(power, s=(side, side)))
    middle = side // 2
    highest = float(similarity[middle, middle])
    similarity[middle - 5 : middle + 6, middle - 5 : middle + 6] = 0
    return float(similarity.max()) > 0.35 * highest


def _shifted(picture: ColourImage, right: float, down: float) -> ColourImage:
    """Move the content; mirrored content comes in."""
    matrix = np.array([[1, 0, right], [0, 1, down]], dtype=np.float64)
    size = picture.shape[1::-1]
    return np.asarray(cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REFLECT_101), dtype=np.float32)


def _pulled(rng: np.random.Generator, view: View, angle: float) -> ColourImage:
    """Bend the structure from side to side, as when a thread was pulled."""
    height, width = view.shape
    swing = log_uniform(rng, 1.5, max(0.12 * view.extent, 2.5))
    push = np.float32(swing) * cloud(rng, view.shape, max(view.extent * rng.uniform(0.1, 0.4), 4))
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(np.sin(angle)) * push
    y = np.arange(height, dtype=np.float32)[:, None] + np.float32(np.cos(angle)) * push
    return np.asarray(
        cv2.remap(view.ground, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), dtype=np.float32
    )


def _tint(rng: np.random.Generator, strength: float) -> npt.NDArray[np.float32]:
    """Return relative changes of blue, green and red, the strongest about ``strength``."""
    tint = rng.normal(0, 1, 3)
    return np.asarray(strength * 1.5 * tint / np.abs(tint).max(), dtype=np.float32)
