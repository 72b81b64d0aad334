"""Things in pictures of parts that are no defects: edges, holes, screws, seams, writing, reflections, shadows.

Origin: our own; no paper. A detector that has never seen them calls each of them a defect.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from lidd_yolo.data.demo import writing
from lidd_yolo.data.demo.fields import log_uniform
from lidd_yolo.data.demo.painting import (
    Colour,
    ColourImage,
    Points,
    add_grey,
    as_share,
    axes,
    blank,
    blur_cover,
    dim,
    disc,
    emboss,
    fill_cover,
    grey_paint,
    paint,
    placed,
    shifted,
    some_angle,
    stroke_cover,
    vivid,
)
from lidd_yolo.data.demo.textures import FloatImage, smooth_noise
from lidd_yolo.data.labels.outline import Mask

_TEMPER = np.array([[-34, -14, 0], [8, -12, -26], [-22, -24, -26]], dtype=np.float32)
"""What heat takes from blue, green and red: straw, blue, soot."""

_NUMBERS = (0.45, 0.30, 0.16, 0.09)
"""Probability of no, one, two and three things in a picture."""


def add_distractors(rng: np.random.Generator, picture: ColourImage) -> ColourImage:
    """Return the picture with things that are no defects: none in 45 of 100 pictures, else one to three.

    Args:
        rng: Decides how many, which, where and how.
        picture: Surface without defects, BGR, shape ``(size, size, 3)``; not changed.
    """
    changed: ColourImage = picture.copy()
    number = int(rng.choice(len(_NUMBERS), p=_NUMBERS))
    for index in sorted(rng.choice(len(_THINGS), number, replace=False, p=_WEIGHTS)):
        list(_THINGS)[index](rng, changed)
    return changed


def _part_edge(rng: np.random.Generator, picture: ColourImage) -> None:
    """The part ends on one side, straight or round; behind it a dark, bright or blurred background."""
    size = picture.shape[0]
    angle = some_angle(rng, 0.75)
    left = size * rng.uniform(0.3, 0.47)  # from the middle to the edge: at most a fifth of the side is background
    along, across = axes(size, angle, [size / 2, size / 2])
    beyond = along - np.float32(left)
    if rng.random() < 0.3:
        radius = np.float32(size * log_uniform(rng, 0.9, 4))
        beyond = np.hypot(along - np.float32(left) + radius, across) - radius
    inner = np.float32(log_uniform(rng, 1.0, 6.0))
    rim = np.clip(1 - np.abs(beyond + inner) / inner, 0, 1)
    add_grey(picture, rim * np.float32(rng.uniform(-50, 60)))
    cover = (255 * np.clip(beyond / np.float32(rng.uniform(0.7, 2.0)) + 0.5, 0, 1)).astype(np.uint8)
    background = _background(rng, size)
    if rng.random() < 0.5:
        reach = np.float32(size * rng.uniform(0.02, 0.12))
        background = (
            background * (1 - np.float32(rng.uniform(0.3, 0.8)) * np.exp(-np.maximum(beyond, 0) / reach))[..., None]
        )
    share = as_share(cover)[..., None]
    picture += share * (background - picture)


def _fixture(rng: np.random.Generator, picture: ColourImage) -> None:
    """A clamp, finger or rail that enters from the border, with a shadow and sometimes a screw."""
    size = picture.shape[0]
    angle = some_angle(rng, 0.7)
    reach, width = size * rng.uniform(0.06, 0.26), size * log_uniform(rng, 0.06, 0.3)
    tip = placed([[size * 0.5 - reach, size * rng.uniform(-0.4, 0.4)]], angle, [size / 2, size / 2])[0]
    taper = width * rng.uniform(0.4, 1.0)
    shape = [[0, -taper / 2], [size, -width / 2], [size, width / 2], [0, taper / 2]]
    cover = blank(picture)
    fill_cover(cover, placed(shape, angle, tip))
    if rng.random() < 0.5:
        disc(cover, tip, taper / 2)
    away = rng.uniform(-0.03, 0.03, 2) * size
    dim(picture, blur_cover(shifted(cover, *away), rng.uniform(1.5, 5)), rng.uniform(0.35, 0.75))
    _, across = axes(size, angle, tip)
    paint(picture, cover, _material(rng))
    lit = np.float32(rng.uniform(-50, 50)) * across / np.float32(width)
    lit += np.float32(rng.uniform(1, 5)) * rng.standard_normal((size, size), dtype=np.float32)
    add_grey(picture, lit, cover)
    inside = placed([[max(0.35 * reach, 4), 0]], angle, tip)[0]
    if rng.random() < 0.4 and taper > 14:
        _draw_screw(rng, picture, inside, 0.3 * taper)


def _holes(rng: np.random.Generator, picture: ColourImage) -> None:
    """One drilled hole with a chamfer, or several equal ones in a row, in a grid or on a circle."""
    size = picture.shape[0]
    radius = size * log_uniform(rng, 0.018, 0.13)
    deep = grey_paint(rng.uniform(0, 45) if rng.random() < 0.75 else rng.uniform(200, 255))
    chamfer, light = radius * rng.uniform(0.05, 0.45), rng.uniform(0, 2 * np.pi)
    strength = log_uniform(rng, 25, 110)
    for centre in _places(rng, size, radius):
        cover = blank(picture)
        disc(cover, centre, radius + chamfer)
        slope = as_share(cover, 0.4 * chamfer + 0.4) * np.float32(chamfer + 1)
        emboss(picture, slope, light, strength / (1 + 0.3 * chamfer))
        hole = blank(picture)
        disc(hole, centre, radius)
        paint(picture, hole, deep, 0.97)
        wall = np.minimum(hole, 255 - shifted(hole, *(0.25 * radius * np.array([np.cos(light), np.sin(light)]))))
        paint(picture, wall, grey_paint(rng.uniform(60, 170)), rng.uniform(0.1, 0.6))


def _screws(rng: np.random.Generator, picture: ColourImage) -> None:
    """One screw or rivet, or several equal ones."""
    size = picture.shape[0]
    radius = size * log_uniform(rng, 0.025, 0.1)
    state = rng.integers(2**31)
    for centre in _places(rng, size, 1.4 * radius)[:6]:
        _draw_screw(np.random.default_rng(state), picture, centre, radius)


def _slots(rng: np.random.Generator, picture: ColourImage) -> None:
    """Long holes with round ends, alone or side by side."""
    size = picture.shape[0]
    width, angle = size * log_uniform(rng, 0.025, 0.09), some_angle(rng, 0.8)
    length, light = width * rng.uniform(2, 7), rng.uniform(0, 2 * np.pi)
    centre, deep = rng.uniform(0.1, 0.9, 2) * size, grey_paint(rng.uniform(0, 60))
    number = int(rng.choice([1, 1, 2, 3, 5]))
    cover, rim = blank(picture), blank(picture)
    for step in range(number):
        ends = placed([[-length / 2, 2.5 * width * step], [length / 2, 2.5 * width * step]], angle, centre)
        stroke_cover(rim, ends, width + 4)
        stroke_cover(cover, ends, width)
    emboss(picture, as_share(rim, 1.2), light, -log_uniform(rng, 40, 200))
    paint(picture, cover, deep, 0.95)


def _weld_bead(rng: np.random.Generator, picture: ColourImage) -> None:
    """A straight, even seam with its ripples, from border to border."""
    size = picture.shape[0]
    angle = some_angle(rng, 0.7)
    half = np.float32(size * log_uniform(rng, 0.025, 0.1))
    along, across = axes(size, angle, rng.uniform(0.2, 0.8, 2) * size)
    across = across + np.float32(0.06) * half * smooth_noise(rng, size, 10)
    u = across / half
    inside = np.clip(1.05 - np.abs(u), 0, 0.1) * 10
    pitch = half * np.float32(rng.uniform(0.25, 0.7))
    ripple = np.cos((along + np.float32(rng.choice([-1, 1])) * 0.8 * half * u * u) * np.float32(2 * np.pi) / pitch)
    height = np.sqrt(np.clip(1 - u * u, 0, 1)) + np.float32(rng.uniform(0.02, 0.12)) * ripple
    light = angle + rng.uniform(0.15, 0.85) * np.pi  # never along the seam
    picture *= (1 + np.float32(rng.uniform(-0.35, 0.2)) * inside)[..., None]
    emboss(picture, height * inside * half, light, log_uniform(rng, 10, 40))
    if rng.random() < 0.5:  # heat tint beside it
        heat = np.exp(-((u / np.float32(rng.uniform(1.5, 3))) ** 2)) * (1 - inside)
        picture += heat[..., None] * rng.choice(_TEMPER) * np.float32(rng.uniform(0.4, 1.2))


def _grooves(rng: np.random.Generator, picture: ColourImage) -> None:
    """Regular grooves, straight or as turned, over the whole picture or a band of it."""
    size = picture.shape[0]
    along, across = axes(size, some_angle(rng, 0.7), rng.uniform(0.1, 0.9, 2) * size)
    place = np.hypot(along, across) if rng.random() < 0.3 else across
    pitch = np.float32(size * log_uniform(rng, 0.02, 0.2))
    phase = place / pitch - np.floor(place / pitch) - np.float32(0.5)
    width = np.float32(max(rng.uniform(0.06, 0.3), 1.2 / pitch))
    profile = np.clip(1 - np.abs(phase) / width, 0, 1)
    if rng.random() < 0.5:
        profile = profile * (np.abs(along) < size * rng.uniform(0.1, 0.5))
    lip = np.clip(1 - np.abs(phase - width) / width, 0, 1) * np.float32(rng.uniform(0, 0.7))
    add_grey(picture, (lip * (profile <= 0) - profile) * np.float32(log_uniform(rng, 8, 60)))


def _highlight(rng: np.random.Generator, picture: ColourImage) -> None:
    """Reflections of lamps: bright spots, bands or a grid of light-emitting diodes, saturated in the middle."""
    size = picture.shape[0]
    angle, centre = some_angle(rng), rng.uniform(0.05, 0.95, 2) * size
    short = size * log_uniform(rng, 0.02, 0.12)
    long = short * log_uniform(rng, 1, 8)
    number = int(rng.choice([1, 1, 1, 2, 4]))
    cover = blank(picture)
    for step in range(number):
        across = 3.2 * short * step
        stroke_cover(cover, placed([[-0.4 * long, across], [0.4 * long, across]], angle, centre), short)
    glow = as_share(_wide_blur(cover, short * rng.uniform(0.3, 0.9)))
    tint = 1 + rng.normal(0, 0.04, 3).astype(np.float32)
    picture += (glow * np.float32(log_uniform(rng, 60, 190)))[..., None] * tint


def _shadow(rng: np.random.Generator, picture: ColourImage) -> None:
    """A soft shadow: of something straight or round beside the part, or of a bar across it."""
    size = picture.shape[0]
    angle, place = some_angle(rng, 0.3), rng.uniform(0.1, 0.9, 2) * size
    cover = blank(picture)
    kind = int(rng.integers(3))
    if kind == 0:
        fill_cover(
            cover, placed([[0, -2 * size], [2 * size, -2 * size], [2 * size, 2 * size], [0, 2 * size]], angle, place)
        )
    elif kind == 1:
        half = size * rng.uniform(0.05, 0.2)
        corners = [[-2 * size, -half], [2 * size, -half], [2 * size, half], [-2 * size, half]]
        fill_cover(cover, placed(corners, angle, place))
    else:
        beside = placed([[size * rng.uniform(0.45, 0.7), 0]], rng.uniform(0, 2 * np.pi), [size / 2, size / 2])[0]
        disc(cover, beside, size * rng.uniform(0.2, 0.45))
    dim(picture, _wide_blur(cover, size * log_uniform(rng, 0.03, 0.12)), rng.uniform(0.5, 0.87))


def _wide_blur(cover: Mask, sigma: float) -> Mask:
    """Blur a cover by many pixels: the wider, the smaller it is for that."""
    size = cover.shape[0]
    less = max(8, round(size * min(1.0, 2.5 / sigma)))
    small = cv2.resize(cover, (less, less), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(sigma * less / size, 0.3))
    return np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _background(rng: np.random.Generator, size: int) -> ColourImage:
    """Return what is seen beside the part: nothing, a lit screen, cloth or a belt out of focus."""
    kind = rng.random()
    if kind < 0.4:
        level, change, tint = rng.uniform(2, 50), rng.uniform(0, 4), 3.0
    elif kind < 0.6:
        level, change, tint = rng.uniform(195, 255), rng.uniform(0, 6), 3.0
    else:
        level, change, tint = rng.uniform(40, 190), rng.uniform(4, 22), 18.0
    field = np.float32(change) * smooth_noise(rng, size, int(rng.integers(3, 20)), int(rng.integers(2, 9)))
    field += np.float32(rng.uniform(0.3, 3)) * rng.standard_normal((size, size), dtype=np.float32)
    colour = grey_paint(level) + rng.normal(0, tint, 3).astype(np.float32)
    return np.asarray(colour + field[..., None], dtype=np.float32)


def _material(rng: np.random.Generator) -> Colour:
    """Return the colour of a fixture: steel, black rubber or plastic, paint."""
    kind = rng.random()
    if kind < 0.45:
        return grey_paint(rng.uniform(110, 215)) + rng.normal(0, 5, 3).astype(np.float32)
    if kind < 0.75:
        return grey_paint(rng.uniform(10, 60)) + rng.normal(0, 4, 3).astype(np.float32)
    return 0.5 * vivid(rng) + grey_paint(rng.uniform(10, 90))


def _places(rng: np.random.Generator, size: int, radius: float) -> list[Points]:
    """Return centres of equal round things: one, a row, a grid or a circle of them, all at least partly inside."""
    start, pitch = rng.uniform(0.05, 0.95, 2) * size, radius * rng.uniform(2.8, 5)
    angle, kind = some_angle(rng, 0.8), rng.random()
    if kind < 0.55:
        return [start]
    if kind < 0.75:
        offsets = [[pitch * step, 0.0] for step in range(int(rng.integers(2, 6)))]
    elif kind < 0.9:
        offsets = [[pitch * column, pitch * row] for row in range(2) for column in range(int(rng.integers(2, 4)))]
    else:
        number = int(rng.integers(3, 9))
        turn = 2 * np.pi * np.arange(number) / number
        offsets = (pitch * max(1.0, number / 5) * np.stack([np.cos(turn), np.sin(turn)], axis=1)).tolist()
    return [
        centre
        for centre in placed(offsets, angle, start)
        if (-radius < centre).all() and (centre < size + radius).all()
    ]


def _draw_screw(rng: np.random.Generator, picture: ColourImage, centre: Points, radius: float) -> None:
    """Draw a screw's or a rivet's head."""
    cover = blank(picture)
    disc(cover, centre, radius)
    dim(picture, blur_cover(shifted(cover, 0.15 * radius, 0.2 * radius), 0.2 * radius + 0.5), 0.5)
    paint(picture, cover, _material(rng))
    dome = as_share(cover, rng.uniform(0.1, 0.4) * radius) * np.float32(radius)
    light = rng.uniform(0, 2 * np.pi)
    add_grey(picture, _slope(dome, light) * np.float32(log_uniform(rng, 25, 80)), cover)
    rim = blank(picture)
    disc(rim, centre, radius, thickness=max(1.0, 0.1 * radius))
    paint(picture, rim, grey_paint(rng.uniform(10, 60)), rng.uniform(0.3, 0.8))
    drive = blank(picture)
    kind, angle, r = int(rng.integers(5)), rng.uniform(0, np.pi), 0.55 * radius
    if kind == 0:
        return  # a rivet
    if kind == 1:
        stroke_cover(drive, placed([[-1.5 * r, 0], [1.5 * r, 0]], angle, centre), 0.25 * radius)
    elif kind == 2:
        for turn in (0, np.pi / 2):
            stroke_cover(drive, placed([[-r, 0], [r, 0]], angle + turn, centre), 0.3 * radius)
    else:
        number = 6 if kind == 3 else 12
        around = 2 * np.pi * np.arange(number) / number
        reach = r * (1 if kind == 3 else 1 - 0.25 * (np.arange(number) % 2))
        fill_cover(drive, placed(np.stack([reach * np.cos(around), reach * np.sin(around)], axis=1), angle, centre))
    paint(picture, drive, grey_paint(rng.uniform(5, 60)), rng.uniform(0.7, 0.95))


def _slope(height: FloatImage, light: float) -> FloatImage:
    """Return the slope of a relief towards a light."""
    right = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125)
    return np.asarray(np.float32(np.cos(light)) * right + np.float32(np.sin(light)) * down, dtype=np.float32)


_THINGS: dict[Callable[[np.random.Generator, ColourImage], None], float] = {
    _grooves: 1.5,
    _weld_bead: 0.8,
    _holes: 2.5,
    _slots: 0.8,
    writing.add_stamped_number: 1.0,
    writing.add_text: 2.2,
    writing.add_sign: 1.0,
    writing.add_register_mark: 0.7,
    writing.add_matrix_code: 0.8,
    writing.add_bar_code: 0.6,
    writing.add_label: 0.8,
    writing.add_marker_strokes: 1.4,
    _screws: 1.2,
    _part_edge: 3.0,
    _fixture: 1.5,
    writing.add_ruler: 0.6,
    _shadow: 1.8,
    _highlight: 1.5,
    writing.add_time_stamp: 0.6,
}
"""Function -> how often it is taken, as a share of the sum; drawn in this order, what lies below first."""

_WEIGHTS = np.array(list(_THINGS.values())) / sum(_THINGS.values())
