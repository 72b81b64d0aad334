"""Building blocks of generated surfaces: random fields, coordinates, cells, relief and colour.

Origin: our own; no paper. Lengths are in pixels, angles in radians (x to the right, y down).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]  # (size, size)
ColourImage = npt.NDArray[np.float32]  # (size, size, 3), BGR, nominally 0-255, not clipped
AnyImage = npt.NDArray[Any]  # of floats, as OpenCV and numpy return them
Labels = npt.NDArray[np.int32]

_KNOTS = 1.6  # knots of the random grid per correlation length
_COARSE = 6  # pixels of the picture per pixel of very smooth fields
_SMOOTH = 0.9  # blur of the grid in knots: without it the strength would drop half-way between the knots


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a random number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def direction(rng: np.random.Generator) -> float:
    """Return the direction of a structure: mostly along a side of the picture, or nearly so, else any."""
    kind = rng.random()
    side = float(rng.integers(2)) * np.pi / 2
    if kind < 0.35:
        return side
    return float(side + rng.normal(0, 0.04)) if kind < 0.65 else float(rng.uniform(0, np.pi))


def white(rng: np.random.Generator, size: int) -> FloatImage:
    """Return white noise of unit strength."""
    even = rng.random((size, size), dtype=np.float32)
    return np.asarray((even - np.float32(0.5)) * np.float32(np.sqrt(12)), dtype=np.float32)


def noise(
    rng: np.random.Generator, size: int, along: float, across: float | None = None, angle: float = 0.0
) -> FloatImage:
    """Return noise of unit strength and zero mean whose detail is ``along`` by ``across`` pixels, turned by angle."""
    steps = (max(along, 1.3) / _KNOTS, max(along if across is None else across, 1.3) / _KNOTS)
    reach = size if angle == 0 else 1.42 * size
    columns, rows = int(reach / steps[0]) + 6, int(reach / steps[1]) + 6
    grid = _grid(rng, rows, columns)
    c, s, middle = np.cos(angle), np.sin(angle), (size - 1) / 2
    turn = np.array([[c / steps[0], s / steps[0]], [-s / steps[1], c / steps[1]]])
    start = np.array([(columns - 1) / 2, (rows - 1) / 2]) - turn @ [middle, middle]
    if min(steps) > 2 * _COARSE:  # smooth: coarse pixels do, and hide that warpAffine rounds places to 1/32 knot
        small = -(-size // _COARSE)
        turn, start = turn * _COARSE, start + turn.sum(axis=1) * (_COARSE - 1) / 2
        coarse = _warped(grid, np.column_stack([turn, start]), small)
        field = cv2.resize(coarse, (small * _COARSE, small * _COARSE), interpolation=cv2.INTER_CUBIC)[:size, :size]
        return np.asarray(field, dtype=np.float32)
    if angle == 0 and min(steps) > 2 and max(steps) < 2 * _COARSE:
        width, height = round(columns * steps[0]), round(rows * steps[1])
        wide = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        left, top = (width - size) // 2, (height - size) // 2
        return np.asarray(wide[top : top + size, left : left + size], dtype=np.float32)
    return _warped(grid, np.column_stack([turn, start]), size, max(steps) > 2)


def _warped(grid: FloatImage, matrix: npt.NDArray[np.float64], size: int, cubic: bool = True) -> FloatImage:
    """Sample a grid at the places ``matrix @ (x, y, 1)``."""
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR)
    field = cv2.warpAffine(grid, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(field, dtype=np.float32)


def _grid(rng: np.random.Generator, rows: int, columns: int) -> FloatImage:
    """Return smoothed noise of unit strength and zero mean, shape ``(rows, columns)``."""
    grid = rng.random((rows, columns), dtype=np.float32)
    cv2.GaussianBlur(grid, (5, 5), _SMOOTH, dst=grid)
    mean, strength = cv2.meanStdDev(grid)
    return np.asarray((grid - np.float32(mean[0, 0])) / np.float32(strength[0, 0] + 1e-6), dtype=np.float32)


def fractal(
    rng: np.random.Generator,
    size: int,
    lengths: tuple[float, float],
    roughness: float,
    stretch: float = 1.0,
    angle: float = 0.0,
) -> FloatImage:
    """Return a sum of noises of unit strength whose detail halves from the coarsest length to the finest.

    The strength goes with length to the power of ``roughness``: 0 is as strong in fine as in coarse detail, 1 is
    smooth. ``stretch`` lengthens all detail along ``angle``.
    """
    finest, length = lengths
    total, power = np.zeros((size, size), dtype=np.float32), 0.0
    while length >= finest:
        weight = (length / lengths[1]) ** roughness
        total += np.float32(weight) * noise(rng, size, length * stretch, length, angle if stretch != 1 else 0.0)
        power += weight**2
        length /= 2
    return np.asarray(total / np.float32(np.sqrt(max(power, 1e-6))), dtype=np.float32)


def coordinates(size: int, angle: float, centre: tuple[float, float] | None = None) -> tuple[FloatImage, FloatImage]:
    """Return the places along and across a direction, from ``centre`` (x, y; None: the middle of the picture)."""
    x0, y0 = centre or ((size - 1) / 2, (size - 1) / 2)
    x = (np.arange(size, dtype=np.float32) - np.float32(x0))[None, :]
    y = (np.arange(size, dtype=np.float32) - np.float32(y0))[:, None]
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return c * x + s * y, c * y - s * x


def polar_noise(
    rng: np.random.Generator, radius: FloatImage, turn: FloatImage, width: float, length: float
) -> FloatImage:
    """Return noise along circles: ``width`` pixels fine along the radius, about ``length`` along the circle.

    ``radius`` in pixels and ``turn`` from 0 to 2 pi are those of every pixel.
    """
    low, high = float(radius.min()), float(radius.max())
    step = max(width, 1.3) / _KNOTS
    columns = int((high - low) / step) + 6
    rows = int(np.clip(_KNOTS * np.pi * (low + high) / length, 3, 400))
    grid = _grid(rng, rows + 4, columns)[2 : rows + 2]
    x = (radius - np.float32(low)) / np.float32(step) + np.float32(2)
    y = turn * np.float32(rows / (2 * np.pi))
    return np.asarray(cv2.remap(grid, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), dtype=np.float32)


def profile(values: npt.NDArray[np.float32], place: FloatImage, step: float) -> FloatImage:
    """Look up a curve with a value every ``step`` pixels at each place; the middle of the curve lies at place 0."""
    x = place / np.float32(step) + np.float32((values.size - 1) / 2)
    return np.asarray(
        cv2.remap(values[None, :], x, np.zeros_like(x), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
        dtype=np.float32,
    )


def cells(
    rng: np.random.Generator, size: int, spacing: float, stretch: float = 1.0, angle: float = 0.0, warp: float = 0.15
) -> tuple[Labels, FloatImage]:
    """Divide the picture into random cells (a Voronoi diagram).

    Args:
        rng: The source of chance.
        size: Side of the picture.
        spacing: Mean distance between the cells' middles.
        stretch: How much longer the cells are along ``angle``.
        angle: Direction of the stretch.
        warp: Waviness of the borders as a share of the spacing.

    Returns:
        The number of each pixel's cell, counted from 0, and the distance to the cell's border in pixels.
    """
    side = int(1.42 * size + 2 * spacing) if angle else int(size + 2 * spacing)
    count = max(2, round(side / spacing))
    grid = np.stack(np.meshgrid(np.arange(count), np.arange(count)), axis=-1).reshape(-1, 2)
    seeds = ((grid + rng.random(grid.shape)) * side / count).astype(np.int64).clip(0, side - 1)
    canvas = np.full((side, side), 255, dtype=np.uint8)
    canvas[seeds[:, 1], seeds[:, 0]] = 0
    _, numbers = cv2.distanceTransformWithLabels(canvas, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    along, across = coordinates(size, angle)
    detail = max(spacing * 0.6, 3.0)
    bend = np.float32(warp * spacing)
    x = along / np.float32(stretch) + bend * noise(rng, size, detail) + np.float32(side / 2)
    y = across + bend * noise(rng, size, detail) + np.float32(side / 2)
    places = (np.clip(np.rint(y), 0, side - 1) * side + np.clip(np.rint(x), 0, side - 1)).astype(np.int32)
    labels = np.asarray(np.take(numbers.ravel(), places), dtype=np.int32) - 1
    inside = np.ones((size, size), dtype=np.uint8)
    inside[:, 1:] &= labels[:, 1:] == labels[:, :-1]
    inside[1:] &= labels[1:] == labels[:-1]
    return labels, np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 3), dtype=np.float32)


def lit(height: FloatImage, angle: float) -> FloatImage:
    """Return the slope of a relief towards a lamp that stands low in the direction ``angle``."""
    slope = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=1, scale=0.5 * np.cos(angle))
    return np.asarray(slope + cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=1, scale=0.5 * np.sin(angle)), dtype=np.float32)


def unit(field: FloatImage) -> FloatImage:
    """Scale a field to zero mean and unit strength."""
    mean, strength = cv2.meanStdDev(field)
    return np.asarray((field - np.float32(mean[0, 0])) / np.float32(strength[0, 0] + 1e-6), dtype=np.float32)


def soft(field: FloatImage, sigma: float) -> FloatImage:
    """Blur."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), dtype=np.float32)


def step(field: FloatImage, softness: float) -> FloatImage:
    """Return a soft threshold at 0: rises from 0 to 1 over a width of ``softness``."""
    return np.asarray(np.clip(field / np.float32(softness) + np.float32(0.5), 0, 1), dtype=np.float32)


def pigment(rng: np.random.Generator, saturation: float, hue: float | None = None) -> npt.NDArray[np.float32]:
    """Return factors of blue, green and red around 1; hue 0 is red, 1/3 green, 2/3 blue, None any."""
    turn = rng.random() if hue is None else hue
    shift = np.array([2 / 3, 1 / 3, 0])
    return np.asarray(1 + saturation * np.cos(2 * np.pi * (turn - shift)), dtype=np.float32)


def coloured(
    rng: np.random.Generator, grey: AnyImage, saturation: float, hue: tuple[float, float] | None = None
) -> ColourImage:
    """Return the picture in a random colour of at most this saturation, or (four of ten) left grey."""
    grey = np.asarray(grey, dtype=np.float32)
    if rng.random() < 0.4:
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), dtype=np.float32)
    factors = pigment(rng, saturation * rng.random() ** 1.4, None if hue is None else rng.uniform(*hue))
    return np.asarray(cv2.merge([grey * factor for factor in factors]), dtype=np.float32)


def blend(first: AnyImage, second: AnyImage, share: AnyImage) -> ColourImage:
    """Mix two colours ``(3,)`` or coloured pictures; ``share``, ``(size, size)``, is that of the second."""
    channels = [first[..., k] + (second[..., k] - first[..., k]) * share for k in range(3)]
    return np.asarray(cv2.merge([np.asarray(channel, dtype=np.float32) for channel in channels]), dtype=np.float32)


def add(picture: ColourImage, grey: AnyImage) -> ColourImage:
    """Add a grey field to all three channels."""
    layer = np.asarray(grey, dtype=np.float32)
    return np.asarray(cv2.add(picture, cv2.merge([layer, layer, layer])), dtype=np.float32)


def power(base: FloatImage, exponent: float) -> FloatImage:
    """Return ``|base| ** exponent``."""
    return np.asarray(cv2.pow(np.abs(base), exponent), dtype=np.float32)
