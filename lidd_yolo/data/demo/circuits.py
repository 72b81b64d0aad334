"""Printed circuit boards without defects: tracks, pads, vias, copper areas, solder mask and silkscreen.

Origin: our own; no paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.fields import ColourImage, add, blend, direction, fractal, log_uniform, noise, white

Layer = npt.NDArray[np.uint8]  # (size, size), 0-255
Colour = tuple[float, float, float]  # blue, green, red

_BITS = 4  # OpenCV draws at 1/16 pixel
_TEXTS = ("R", "C", "U", "L", "D", "J", "TP", "Q")


@dataclass(frozen=True)
class _Palette:
    """Colours of the board between tracks, covered copper, bare copper or solder, drilled holes and print."""

    board: Colour
    copper: Colour
    bare: Colour
    hole: Colour
    silk: Colour


_PALETTES = (
    _Palette((50, 85, 20), (70, 125, 35), (165, 205, 215), (25, 30, 25), (225, 235, 230)),  # green, tinned
    _Palette((35, 60, 15), (45, 90, 25), (95, 175, 220), (20, 25, 20), (220, 225, 225)),  # dark green, gilded
    _Palette((105, 50, 20), (145, 80, 35), (95, 180, 225), (30, 25, 20), (235, 235, 230)),  # blue
    _Palette((30, 30, 130), (50, 50, 175), (170, 200, 215), (25, 20, 35), (235, 235, 235)),  # red
    _Palette((32, 32, 34), (52, 52, 55), (95, 175, 220), (18, 18, 18), (225, 225, 225)),  # black
    _Palette((205, 210, 212), (226, 230, 232), (150, 185, 200), (60, 60, 60), (50, 50, 50)),  # white
    _Palette((75, 25, 65), (105, 40, 90), (100, 180, 225), (25, 20, 25), (230, 230, 230)),  # violet
    _Palette((90, 140, 160), (70, 120, 205), (80, 130, 215), (40, 55, 60), (220, 225, 225)),  # bare copper
    _Palette((40, 40, 40), (205, 205, 205), (215, 215, 215), (40, 40, 40), (205, 205, 205)),  # inner layer, grey
    _Palette((190, 190, 190), (60, 60, 60), (55, 55, 55), (185, 185, 185), (90, 90, 90)),  # film, grey
)


class _Board:
    """Layers drawn in the board's own directions, turned by an angle around the picture's middle."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self.rng = rng
        self.size = size
        self.scale = log_uniform(rng, 2.2, 9)  # width of a track
        angle = direction(rng)
        c, s = np.cos(angle), np.sin(angle)
        self.turn = np.array([[c, s], [-s, c]])
        self.parts: list[tuple[float, float, float]] = []  # centre and radius of the parts placed so far
        self.copper, self.bare, self.hole, self.silk = (np.zeros((size, size), dtype=np.uint8) for _ in range(4))

    def place(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
        """Turn board coordinates, centred, into OpenCV's fixed-point pixels."""
        turned = points @ self.turn + (self.size - 1) / 2
        return np.asarray(np.rint(turned * 2**_BITS), dtype=np.int32)

    def line(self, layer: Layer, points: npt.NDArray[np.float64], width: float, value: int = 255) -> None:
        """Draw a polyline of round ends."""
        cv2.polylines(layer, [self.place(points)], False, value, max(1, round(width)), cv2.LINE_AA, _BITS)

    def disc(self, layer: Layer, centre: npt.NDArray[np.float64], radius: float, value: int = 255) -> None:
        """Draw a filled circle."""
        x, y = self.place(centre)
        cv2.circle(layer, (int(x), int(y)), max(1, round(radius * 2**_BITS)), value, -1, cv2.LINE_AA, _BITS)

    def box(
        self, layer: Layer, centre: npt.NDArray[np.float64], half: npt.NDArray[np.float64], value: int = 255
    ) -> None:
        """Draw a filled rectangle."""
        corners = centre + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        cv2.fillPoly(layer, [self.place(corners)], value, cv2.LINE_AA, _BITS)

    def anywhere(self) -> npt.NDArray[np.float64]:
        """Return a random place on the grid of the tracks."""
        pitch = 2 * self.scale
        return np.asarray(np.rint(self.rng.uniform(-0.6, 0.6, 2) * self.size / pitch) * pitch, dtype=np.float64)

    def free(self, centre: npt.NDArray[np.float64], radius: float) -> bool:
        """Take a circle for a part unless another part lies there."""
        if any(np.hypot(centre[0] - x, centre[1] - y) < radius + taken for x, y, taken in self.parts):
            return False
        self.parts.append((float(centre[0]), float(centre[1]), radius))
        return True


def circuit_board(rng: np.random.Generator, size: int) -> ColourImage:
    """Draw a board of random palette, scale and direction, shape ``(size, size, 3)``."""
    board = _Board(rng, size)
    many = size / (board.scale * 25)  # boards of fine tracks carry more of everything
    for _ in range(_number(rng, 1.5 * many + 1, 14)):
        _bus(board)
    for _ in range(_number(rng, 2 * many + 1, 16)):
        _track(board, board.anywhere(), 2)
    if rng.random() < 0.5:
        _pour(board)
    for _ in range(_number(rng, many, 8)):
        _part(board)
    for _ in range(_number(rng, 2 * many * many, 40)):
        _via(board, board.anywhere())
    return _coat(rng, size, board)


def _number(rng: np.random.Generator, mean: float, most: int) -> int:
    return int(min(rng.poisson(mean), most))


def _route(board: _Board, start: npt.NDArray[np.float64], pieces: int) -> npt.NDArray[np.float64]:
    """Return the corners of a track of straight and 45 degree pieces."""
    turn = int(board.rng.integers(8)) & ~1
    points = [start]
    for _ in range(pieces):
        length = board.scale * board.rng.integers(3, 30)
        points.append(points[-1] + length * np.array([np.cos(turn * np.pi / 4), np.sin(turn * np.pi / 4)]))
        turn += int(board.rng.choice([-1, 1]))
    return np.array(points)


def _track(board: _Board, start: npt.NDArray[np.float64], most: int) -> None:
    """Single track from a via to a via."""
    points = _route(board, start, int(board.rng.integers(1, most + 3)))
    board.line(board.copper, points, board.scale * float(board.rng.choice([1, 1, 1, 1.6, 3])))
    for end in (points[0], points[-1]):
        if board.rng.random() < 0.7:
            _via(board, end)


def _bus(board: _Board) -> None:
    """Bundle of parallel tracks with common corners at 45 degrees."""
    rng, pitch = board.rng, board.scale * float(board.rng.choice([2.0, 2.0, 2.5, 3.0]))
    axis = np.eye(2)[:: int(rng.choice([-1, 1]))]
    start, first, side = board.anywhere(), board.size * rng.uniform(0.1, 0.9), float(rng.choice([-1, 1]))
    slant, last = board.size * rng.uniform(0, 0.3), board.size * rng.uniform(0.1, 0.9)
    for number in range(int(rng.integers(3, 11))):
        corner = first + 0.414 * side * number * pitch
        x = np.array([-first, corner - first, corner - first + slant, corner - first + slant + last])
        y = number * pitch - side * np.array([0.0, 0.0, slant, slant])
        board.line(board.copper, start + x[:, None] * axis[0] + y[:, None] * axis[1], board.scale)


def _via(board: _Board, centre: npt.NDArray[np.float64]) -> None:
    """Plated hole with its ring."""
    radius = max(2.2, board.scale * board.rng.uniform(0.9, 1.6))
    board.disc(board.copper, centre, radius)
    if board.rng.random() < 0.7:
        board.disc(board.bare, centre, 0.9 * radius)
    board.disc(board.hole, centre, max(1.0, radius * board.rng.uniform(0.35, 0.6)))


def _pour(board: _Board) -> None:
    """Copper area that keeps a distance from the tracks drawn before."""
    area = np.zeros_like(board.copper)
    half = board.size * board.rng.uniform(0.15, 0.6, 2)
    board.box(area, board.anywhere(), half)
    gap = 2 * round(max(2.0, board.scale * 0.8)) + 1
    around = cv2.dilate(board.copper, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap)))
    np.maximum(board.copper, np.minimum(area, 255 - around), out=board.copper)


def _part(board: _Board) -> None:
    """Footprint: a chip with two or four rows of pads, a pair of pads, or a row of drilled pads; and its print."""
    rng, unit = board.rng, board.scale
    centre, kind = board.anywhere(), rng.random()
    if not board.free(centre, (15 if kind < 0.45 else 7) * unit):
        return
    axis = np.eye(2)[:: int(rng.choice([-1, 1]))]
    if kind < 0.45:
        half = _chip(board, centre, axis)
    elif kind < 0.75:
        pad, gap = unit * rng.uniform(1.2, 2.5, 2), unit * rng.uniform(2.5, 5)
        for side in (-1, 1):
            _pad(board, centre + side * gap * axis[0], np.abs(pad @ axis))
        half = np.abs((np.array([gap, 0]) + 1.5 * pad) @ axis)
    else:
        count = int(rng.integers(2, 9))
        for number in range(count):
            spot = centre + (number - (count - 1) / 2) * 5 * unit * axis[0]
            _pad(board, spot, np.full(2, 1.9 * unit), drilled=True)
        half = np.abs(np.array([2.5 * count * unit, 2.8 * unit]) @ axis)
    if rng.random() < 0.7:
        corners = centre + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
        board.line(board.silk, corners, max(1.0, 0.5 * unit))
    if rng.random() < 0.6:
        _text(board, centre + np.array([-half[0], -half[1] - 1.5 * unit]))


def _chip(board: _Board, centre: npt.NDArray[np.float64], axis: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Draw rows of pads on two or four sides, with the tracks that leave them; return the half sides of the body."""
    rng, unit = board.rng, board.scale
    count, pitch = int(rng.integers(3, 12)), unit * float(rng.choice([2.0, 2.5, 3.0]))
    far = unit * rng.uniform(4, 9) if rng.random() < 0.6 else count * pitch / 2 + 3 * unit
    sides = [(axis[0], axis[1])] if far < count * pitch / 2 else [(axis[0], axis[1]), (axis[1], axis[0])]
    pad = np.array([unit * rng.uniform(0.55, 0.8), unit * rng.uniform(1.5, 2.6)])
    leave = rng.random()
    for row, out in sides:
        for side in (-1, 1):
            for number in range(count):
                spot = centre + (number - (count - 1) / 2) * pitch * row + side * far * out
                _pad(board, spot, np.abs(pad[0] * row + pad[1] * out))
                if rng.random() < leave:
                    end = spot + side * out * unit * rng.integers(3, 14)
                    board.line(board.copper, np.array([spot, end]), max(1.0, 0.8 * unit))
    return np.asarray(
        np.abs((count * pitch / 2) * axis[0] + max(far - pad[1] - unit, unit) * axis[1]), dtype=np.float64
    )


def _pad(board: _Board, centre: npt.NDArray[np.float64], half: npt.NDArray[np.float64], drilled: bool = False) -> None:
    """Bare pad, rectangular or round and drilled; no track stays visible under it."""
    if drilled:
        board.disc(board.copper, centre, half[0] * 1.1)
        board.disc(board.bare, centre, half[0])
        board.disc(board.hole, centre, 0.5 * half[0])
    else:
        board.box(board.copper, centre, half * 1.1)
        board.box(board.bare, centre, half)


def _text(board: _Board, corner: npt.NDArray[np.float64]) -> None:
    """Reference of a part in the print, along the picture's x axis."""
    rng = board.rng
    x, y = board.place(corner) >> _BITS
    words = f"{_TEXTS[int(rng.integers(len(_TEXTS)))]}{int(rng.integers(1, 200))}"
    height = float(np.clip(board.scale * 0.12, 0.3, 1.0))
    cv2.putText(
        board.silk, words, (int(x), int(y)), cv2.FONT_HERSHEY_SIMPLEX, height, 255, max(1, round(height)), cv2.LINE_AA
    )


def _coat(rng: np.random.Generator, size: int, board: _Board) -> ColourImage:
    """Give the layers their colours, the edges their thickness and the materials their grain."""
    palette = _PALETTES[int(rng.integers(len(_PALETTES)))]
    colours = [
        np.asarray(colour, dtype=np.float32)
        for colour in (palette.board, palette.copper, palette.bare, palette.hole, palette.silk)
    ]
    drift = (rng.uniform(0.8, 1.2, (5, 1)) * rng.uniform(0.92, 1.08, (5, 3))).astype(np.float32)
    colours = [np.clip(colour * factor, 18, 232) for colour, factor in zip(colours, drift, strict=True)]
    copper, bare, hole, silk = (
        layer.astype(np.float32) / 255 for layer in (board.copper, board.bare, board.hole, board.silk)
    )
    grain = np.float32(log_uniform(rng, 0.01, 0.07)) * noise(rng, size, rng.uniform(1.4, 5))
    picture = blend(colours[0], colours[1], copper * (1 + grain))
    edge = copper - cv2.GaussianBlur(copper, (0, 0), max(0.8, 0.3 * board.scale))
    picture = add(picture, rng.uniform(-30, 30) * edge)
    solder = fractal(rng, size, (2.0, 16.0), 0.5)
    shine = (
        1
        + np.float32(rng.uniform(0.02, 0.15)) * solder
        + np.float32(rng.uniform(0, 0.4)) * (bare - cv2.GaussianBlur(bare, (0, 0), max(1.0, 0.6 * board.scale)))
    )
    picture = blend(picture, blend(np.zeros(3, dtype=np.float32), colours[2], shine), bare)
    if rng.random() < 0.7:
        picture = blend(picture, colours[4], silk * (1 - bare) * np.float32(0.92))
    picture = blend(picture, colours[3], hole)
    picture += (log_uniform(rng, 0.5, 4) * noise(rng, size, size / 3) + log_uniform(rng, 0.7, 5) * white(rng, size))[
        :, :, None
    ]
    if rng.random() < 0.15:  # grey camera
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        return np.asarray(cv2.merge([grey, grey, grey]), dtype=np.float32)
    return picture
