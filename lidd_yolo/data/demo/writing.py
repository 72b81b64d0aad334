"""What people and machines write on parts: text, stamps, codes, rulers, arrows, labels, marker strokes.

Origin: our own; no paper. None of it is a defect. Every function changes the picture in place. The codes look like
codes and hold nothing.
"""

from __future__ import annotations

import cv2
import numpy as np

from lidd_yolo.data.demo.fields import log_uniform
from lidd_yolo.data.demo.painting import (
    Colour,
    ColourImage,
    Points,
    as_share,
    blank,
    blur_cover,
    dim,
    disc,
    emboss,
    fill_cover,
    grey_paint,
    ink,
    paint,
    placed,
    shifted,
    some_angle,
    stroke_cover,
    vivid,
)
from lidd_yolo.data.demo.textures import smooth_noise
from lidd_yolo.data.labels.outline import Mask

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)
_WORDS = (
    "LOT",
    "OK",
    "QC",
    "PASS",
    "REV",
    "TYPE",
    "TOP",
    "MADE IN",
    "SN",
    "NO",
    "EN",
    "IN",
    "OUT",
    "KG",
    "MM",
    "R",
    "IC",
)
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def add_text(rng: np.random.Generator, picture: ColourImage) -> None:
    """Printed, engraved or embossed text of one to three lines, in any direction and several sizes."""
    size = picture.shape[0]
    angle = some_angle(rng, 0.7)
    cover = blank(picture)
    place = rng.uniform(0.05, 0.95, 2) * size
    height = log_uniform(rng, 0.03, 0.14) * size
    font, bold = int(rng.choice(_FONTS)), bool(rng.random() < 0.3)
    for line in range(int(rng.choice([1, 1, 1, 2, 3]))):
        where = placed([[0, 1.7 * height * line]], angle, place)[0]
        _write(cover, _some_text(rng), where, angle, height, font, bold=bold)
    _apply(rng, picture, cover)


def add_stamped_number(rng: np.random.Generator, picture: ColourImage) -> None:
    """A row of digits punched one by one, each a little out of line."""
    size = picture.shape[0]
    angle, height = some_angle(rng, 0.6), log_uniform(rng, 0.05, 0.16) * size
    cover, place = blank(picture), rng.uniform(0.15, 0.85, 2) * size
    number = int(rng.integers(2, 8))
    for step, digit in enumerate(rng.choice(list("0123456789" + _LETTERS[:6]), number)):
        offset = [(step - number / 2) * 0.95 * height + rng.normal(0, 0.03 * height), rng.normal(0, 0.06 * height)]
        where = placed([offset], angle, place)[0]
        _write(cover, str(digit), where, angle + rng.normal(0, 0.05), height, cv2.FONT_HERSHEY_SIMPLEX, bold=True)
    emboss(picture, as_share(cover, rng.uniform(0.6, 1.1)), rng.uniform(0, 2 * np.pi), log_uniform(rng, 40, 160))
    dim(picture, cover, rng.uniform(0.7, 1.0))


def add_sign(rng: np.random.Generator, picture: ColourImage) -> None:
    """An arrow, a cross, a tick, a triangle or a circle, printed or engraved."""
    size = picture.shape[0]
    radius, angle = log_uniform(rng, 0.04, 0.16) * size, some_angle(rng)
    centre = rng.uniform(0.08, 0.92, 2) * size
    thick = max(1.5, radius * rng.uniform(0.1, 0.3))
    cover = blank(picture)
    shapes: tuple[list[list[float]], ...] = (
        [[-1, 0], [1, 0], [0.4, 0.45], [1, 0], [0.4, -0.45]],
        [[-1, -1], [1, 1], [0, 0], [1, -1], [-1, 1]],
        [[-1, 0], [1, 0], [0, 0], [0, 1], [0, -1]],
        [[-0.9, 0.1], [-0.3, 0.7], [0.9, -0.8]],
        [[-0.9, 0.7], [0.9, 0.7], [0, -0.85], [-0.9, 0.7]],
    )
    kind = int(rng.integers(len(shapes) + 2))
    if kind < len(shapes):
        stroke_cover(cover, placed(radius * np.array(shapes[kind]), angle, centre), thick)
    else:
        disc(cover, centre, radius, thickness=thick)
        if kind > len(shapes):
            _write(cover, str(rng.choice(list(_LETTERS))), centre - 0.5 * radius, 0.0, radius, 0, bold=False)
    _apply(rng, picture, cover)


def add_matrix_code(rng: np.random.Generator, picture: ColourImage) -> None:
    """A square code: of the kind with two solid sides, or of the kind with three eyes."""
    cells = _code_cells(rng)
    number = cells.shape[0]
    side = picture.shape[0] * log_uniform(rng, 0.09, 0.26)
    angle, place = some_angle(rng, 0.8), rng.uniform(0.1, 0.9, 2) * picture.shape[0]
    module = max(side / number, 1.4)
    quiet = number + 2
    field = np.zeros((quiet, quiet), dtype=np.uint8)
    field[1:-1, 1:-1] = 255 * cells
    corner = placed([[-quiet * module / 2, -quiet * module / 2]], angle, place)[0]
    c, s = module * np.cos(angle), module * np.sin(angle)
    # pixel centres lie at whole numbers in OpenCV, hence half a module
    matrix = np.array([[c, -s, corner[0] + (c - s) / 2], [s, c, corner[1] + (c + s) / 2]])
    shape = picture.shape[:2]
    if rng.random() < 0.5:  # on a printed patch
        paint(
            picture,
            _warp(np.full_like(field, 255), matrix, shape),
            grey_paint(rng.uniform(190, 250)),
            rng.uniform(0.7, 1),
        )
        paint(picture, _warp(field, matrix, shape), grey_paint(rng.uniform(5, 50)), rng.uniform(0.8, 1))
        return
    cover = _warp(field, matrix, shape)
    paint(picture, cover, ink(rng, float(picture.mean())), rng.uniform(0.35, 0.9))


def add_bar_code(rng: np.random.Generator, picture: ColourImage) -> None:
    """Bars of one to four units, mostly on a white field, sometimes with digits below."""
    size = picture.shape[0]
    angle, place = some_angle(rng, 0.8), rng.uniform(0.12, 0.88, 2) * size
    unit, height = rng.uniform(0.8, 2.2), size * log_uniform(rng, 0.06, 0.18)
    widths = unit * rng.choice([1, 1, 2, 3, 4], int(rng.integers(24, 56)))
    edges = np.concatenate([[0.0], np.cumsum(widths)])
    edges -= edges[-1] / 2
    if rng.random() < 0.75:
        cover, margin = blank(picture), 4 * unit
        half, low = edges[-1] + margin, height / 2 + margin
        fill_cover(cover, placed([[-half, -low], [half, -low], [half, low], [-half, low]], angle, place))
        paint(picture, cover, grey_paint(rng.uniform(200, 252)))
    bars = blank(picture)
    for left, right in zip(edges[0::2], edges[1::2], strict=False):
        corners = [[left, -height / 2], [right, -height / 2], [right, height / 2], [left, height / 2]]
        fill_cover(bars, placed(corners, angle, place))
    paint(picture, bars, grey_paint(rng.uniform(5, 60)), rng.uniform(0.75, 1))


def add_ruler(rng: np.random.Generator, picture: ColourImage) -> None:
    """A scale with ticks and numbers along a line near a border, on the part or on a bar of its own."""
    size = picture.shape[0]
    angle = float(rng.integers(4) * np.pi / 2 + rng.normal(0, 0.02))
    place = placed([[0, size * rng.uniform(0.25, 0.44)]], angle, [size / 2, size / 2])[0]
    step, length = size * log_uniform(rng, 0.018, 0.06), size * rng.uniform(0.025, 0.06)
    colour = ink(rng, float(picture.mean()))
    if rng.random() < 0.5:
        bar = blank(picture)
        corners = [[-size, -1.5 * length], [size, -1.5 * length], [size, 2.6 * length], [-size, 2.6 * length]]
        fill_cover(bar, placed(corners, angle, place))
        level = rng.uniform(180, 245)
        paint(picture, bar, grey_paint(level))
        colour = grey_paint(rng.uniform(5, 50))
    cover = blank(picture)
    count = int(0.75 * size / step)
    for tick in range(-count, count + 1):
        long = 1.6 if tick % 10 == 0 else 1.2 if tick % 5 == 0 else 0.8
        stroke_cover(cover, placed([[tick * step, 0], [tick * step, -long * length * 0.8]], angle, place), 1)
        if tick % 10 == 0:
            where = placed([[tick * step - 0.4 * length, 0.5 * length]], angle, place)[0]
            _write(cover, str(abs(tick)), where, angle, length, 0, bold=False)
    paint(picture, cover, colour, rng.uniform(0.7, 1))


def add_marker_strokes(rng: np.random.Generator, picture: ColourImage) -> None:
    """Marker, paint or chalk: broad drawn curves of saturated colour, as workers circle and tick things."""
    size = picture.shape[0]
    cover = blank(picture)
    thick = log_uniform(rng, 0.018, 0.05) * size
    centre, radius = rng.uniform(0.15, 0.85, 2) * size, size * log_uniform(rng, 0.1, 0.4)
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        stroke_cover(cover, _drawn_curve(rng, centre + rng.normal(0, 0.3 * radius, 2), radius), max(3.0, thick))
    colour = vivid(rng) if rng.random() < 0.9 else grey_paint(240)
    chalk = None
    if rng.random() < 0.4:
        chalk = np.clip(0.75 + 0.6 * smooth_noise(rng, size, size // 2), 0, 1).astype(np.float32)
    paint(picture, cover, colour, rng.uniform(0.55, 0.97), chalk)


def add_label(rng: np.random.Generator, picture: ColourImage) -> None:
    """A sticker: a light or coloured rectangle with a slight shadow and lines of text."""
    size = picture.shape[0]
    angle, place = some_angle(rng, 0.7), rng.uniform(0.05, 0.95, 2) * size
    width = size * log_uniform(rng, 0.14, 0.4)
    height = width * rng.uniform(0.35, 0.9)
    cover = blank(picture)
    half = np.array([width / 2, height / 2])
    fill_cover(cover, placed(half * [[-1, -1], [1, -1], [1, 1], [-1, 1]], angle, place))
    dim(picture, blur_cover(shifted(cover, *rng.uniform(-3, 3, 2)), 1.5), 0.6)
    ground = grey_paint(rng.uniform(205, 252)) if rng.random() < 0.6 else vivid(rng)
    paint(picture, cover, ground)
    text, lines = blank(picture), int(rng.integers(1, 4))
    letter = height / (1.9 * lines + 0.6)
    for line in range(lines):
        where = placed([[-0.45 * width, -0.5 * height + letter * (0.5 + 1.9 * line)]], angle, place)[0]
        _write(text, _some_text(rng)[: max(2, int(width / letter))], where, angle, letter, 0, bold=rng.random() < 0.4)
    paint(picture, np.minimum(text, cover), ink(rng, float(ground.mean())), 0.95)


def add_time_stamp(rng: np.random.Generator, picture: ColourImage) -> None:
    """Date, time and number in a corner, as cameras of inspection lines write them into the picture."""
    size = picture.shape[0]
    year, month, day, hour, minute, second = (int(rng.integers(*r)) for r in _CLOCK)
    text = f"{year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
    text = str(rng.choice([text, text[11:], text[:10], f"CAM{day:02d} {text[11:]}", f"#{minute * 977 + second:06d}"]))
    height = size * rng.uniform(0.028, 0.045)
    cover = blank(picture)
    wide = 0.95 * height * len(text)
    left = rng.choice([0.02 * size, max(0.02 * size, 0.98 * size - wide)])
    top = rng.choice([0.02 * size, 0.97 * size - height])
    _write(cover, text, np.array([left, top]), 0.0, height, 0, bold=False)
    style = rng.random()
    if style < 0.35:
        rim = cv2.dilate(cover, np.ones((3, 3), dtype=np.uint8))
        paint(picture, np.asarray(rim, dtype=np.uint8), grey_paint(0))
    elif style < 0.6:
        x, y, w, h = cv2.boundingRect(cover)
        picture[max(y - 2, 0) : y + h + 2, max(x - 2, 0) : x + w + 2] = 8
    colour: Colour = grey_paint(250) if rng.random() < 0.7 else vivid(rng)
    paint(picture, cover, colour)


def add_register_mark(rng: np.random.Generator, picture: ColourImage) -> None:
    """Marks for cutting and printing in register: cross in a circle, corners, a row of colour patches."""
    size = picture.shape[0]
    radius, colour = size * log_uniform(rng, 0.025, 0.07), ink(rng, float(picture.mean()))
    cover = blank(picture)
    kind = int(rng.integers(3))
    if kind == 0:
        centre = rng.uniform(0.06, 0.94, 2) * size
        disc(cover, centre, 0.6 * radius, thickness=1)
        for end in ([[-1, 0], [1, 0]], [[0, -1], [0, 1]]):
            stroke_cover(cover, centre + radius * np.array(end), 1)
    elif kind == 1:
        inset = size * rng.uniform(0.04, 0.16)
        for x, y in ((inset, inset), (size - inset, inset), (inset, size - inset), (size - inset, size - inset)):
            inward = np.sign(size / 2 - np.array([x, y])) * radius
            stroke_cover(cover, np.array([[x + inward[0], y], [x, y], [x, y + inward[1]]]), float(rng.integers(1, 3)))
    else:
        side, place = 0.8 * radius, rng.uniform(0.05, 0.5, 2) * size
        for step in range(int(rng.integers(3, 7))):
            patch, a = blank(picture), 1.1 * step
            fill_cover(patch, place + side * np.array([[a, 0], [a + 1, 0], [a + 1, 1], [a, 1]]))
            paint(picture, patch, vivid(rng), rng.uniform(0.7, 1))
        return
    paint(picture, cover, colour, rng.uniform(0.6, 1))


_CLOCK = ((2009, 2031), (1, 13), (1, 29), (0, 24), (0, 60), (0, 60))


def _some_text(rng: np.random.Generator) -> str:
    """Return a word, a type number, a date or a measure."""
    number = int(rng.integers(1, 10 ** int(rng.integers(1, 7))))
    first, second = rng.choice(list(_LETTERS), 2)
    kind = int(rng.integers(5))
    if kind == 0:
        return f"{rng.choice(_WORDS)} {number}"
    if kind == 1:
        return f"{first}{second}-{number}"
    if kind == 2:
        return f"{number % 28 + 1:02d}.{number % 12 + 1:02d}.{2010 + number % 20}"
    if kind == 3:
        return f"{number / 100:.2f}"
    return str(rng.choice(_WORDS))


def _write(cover: Mask, text: str, place: Points, angle: float, height: float, font: int, *, bold: bool) -> None:
    """Write text into a cover; ``place`` is its upper left corner, ``height`` that of its letters in pixels."""
    drawn = 24  # letters are drawn at this height and turned into place
    scale = drawn / 21 * (2.1 if font == cv2.FONT_HERSHEY_PLAIN else 1)
    thick = max(2, round(drawn / max(height, 1) * (2 if bold else 1.1)))
    thick = min(thick, 5)
    (width, _), _ = cv2.getTextSize(text, font, scale, thick)
    sheet = np.zeros((drawn + 24, width + 16), dtype=np.uint8)
    cv2.putText(sheet, text, (8, drawn + 8), font, scale, 255, thick, cv2.LINE_AA)
    factor = height / drawn
    if factor < 0.6:  # else thin strokes would fall between the pixels
        sheet = np.asarray(cv2.blur(sheet, (2, 2) if factor > 0.4 else (3, 3)), dtype=np.uint8)
    c, s = factor * np.cos(angle), factor * np.sin(angle)
    matrix = np.array([[c, -s, place[0] - 8 * c + 8 * s], [s, c, place[1] - 8 * s - 8 * c]])
    np.maximum(cover, _warp(sheet, matrix, cover.shape), out=cover)


def _warp(sheet: Mask, matrix: Points, shape: tuple[int, ...]) -> Mask:
    return np.asarray(cv2.warpAffine(sheet, matrix, (shape[1], shape[0]), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _apply(rng: np.random.Generator, picture: ColourImage, cover: Mask) -> None:
    """Print, engrave or burn a cover into the picture."""
    way = rng.random()
    if way < 0.55:
        paint(picture, cover, ink(rng, float(picture.mean())), rng.uniform(0.4, 1))
    elif way < 0.85:
        depth = log_uniform(rng, 30, 130) * rng.choice([-1, 1])
        emboss(picture, as_share(cover, rng.uniform(0.5, 1.0)), rng.uniform(0, 2 * np.pi), depth)
        dim(picture, cover, rng.uniform(0.75, 1.1))
    else:
        dots = rng.random(cover.shape, dtype=np.float32) * np.float32(0.8) + np.float32(0.2)
        paint(picture, cover, ink(rng, float(picture.mean())), rng.uniform(0.5, 0.9), dots)


def _code_cells(rng: np.random.Generator) -> Mask:
    """Return the modules of a code, 1 for dark."""
    if rng.random() < 0.55:
        number = 2 * int(rng.integers(5, 10))
        cells = rng.integers(0, 2, (number, number)).astype(np.uint8)
        cells[:, 0], cells[-1, :] = 1, 1
        cells[0, :], cells[:, -1] = np.arange(number) % 2 == 0, np.arange(number) % 2 == 1
        return cells
    number = int(rng.choice([21, 25]))
    cells = rng.integers(0, 2, (number, number)).astype(np.uint8)
    eye = np.zeros((8, 8), dtype=np.uint8)
    eye[:7, :7] = 1
    eye[1:6, 1:6] = 0
    eye[2:5, 2:5] = 1
    cells[:8, :8], cells[:8, -8:], cells[-8:, :8] = eye, eye[:, ::-1], eye[::-1]
    return cells


def _drawn_curve(rng: np.random.Generator, centre: Points, radius: float) -> Points:
    """Return a curve as a hand draws it: a loop, an arc or a wave, shape ``(40, 2)``."""
    turn = np.linspace(0, 1, 40)
    kind = int(rng.integers(3))
    if kind == 0:
        angle = 2 * np.pi * turn * rng.uniform(0.8, 1.15) + rng.uniform(0, 6.3)
        reach = radius * (1 + 0.12 * np.sin(angle * 2 + rng.uniform(0, 6.3)) + 0.1 * turn)
        points = reach[:, None] * np.stack([np.cos(angle), rng.uniform(0.5, 1) * np.sin(angle)], axis=1)
    elif kind == 1:
        bend = rng.normal(0, 0.5)
        points = radius * np.stack([2 * turn - 1, bend * (turn - turn**2) * 2], axis=1)
    else:
        wave = rng.uniform(0.1, 0.35) * np.sin(2 * np.pi * turn * rng.uniform(1, 3.5))
        points = radius * np.stack([2 * turn - 1, wave], axis=1)
    return placed(points, rng.uniform(0, 2 * np.pi), centre)
