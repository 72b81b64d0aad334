"""How large a defect is, in pixels and millimetres: its box, and its outline's area, length and width.

The rules for outlines. The area is that of its pixels. Length and width are the sides of the smallest rectangle around
it, at any angle. A thin defect that is bent, branched or a ring fills little of that rectangle: where the rectangle is
more than `BENT` times as wide as the defect is thick, length and width are those of the straight strip that has the
same area and the same edge, which is the length along the middle with all branches. How thick it is says, for this
question, four times the mean distance of its pixels to its edge. The edge is measured by how often lines in four
directions cross it (Cauchy and Crofton), which is right to -5 to +3 % at any angle.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.picture_groups import stated_name
from lidd_yolo.errors import InputError
from lidd_yolo.inspection.detections import Region
from lidd_yolo.inspection.pictures import Floats

BENT = 3.0
"""Width of the smallest rectangle, in thicknesses, above which a defect counts as a bent line."""
_COLUMNS = ["picture", "mm_per_pixel"]
_HOW = "give a number, a CSV file with the columns picture,mm_per_pixel, or x1,y1,x2,y2=LENGTH in millimetres"


@dataclass(frozen=True)
class Measures:
    """Sizes of one defect in one unit; those of the outline are None where only a box is known."""

    width: float
    height: float
    diagonal: float
    outline_area: float | None = None
    outline_length: float | None = None
    outline_width: float | None = None

    def scaled(self, factor: float) -> Measures:
        """Return the sizes in another unit, of which one of this is ``factor``."""
        powers = {"outline_area": 2}
        sizes = {key: value for key, value in asdict(self).items() if value is not None}
        return Measures(**{key: value * factor ** powers.get(key, 1) for key, value in sizes.items()})


def measure(box: Floats, region: Region | None = None) -> Measures:
    """Return the sizes in pixels of a box, left, upper, right and lower edge, and of an outline's pixels."""
    width, height = float(box[2] - box[0]), float(box[3] - box[1])
    outline = () if region is None else measure_outline(region.pixels)
    return Measures(width, height, math.hypot(width, height), *outline)


def measure_outline(pixels: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return area, length and width in pixels of the set pixels, shape ``(H, W)``; 0 for none."""
    area = float(np.count_nonzero(pixels))
    if not area:
        return 0.0, 0.0, 0.0
    wide = np.pad(pixels.astype(np.uint8), 1)
    distance = np.asarray(cv2.distanceTransform(wide, cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
    # distances run to the middle of the next pixel outside, the edge lies half a pixel nearer
    thickness = 4 * (float(distance[wide > 0].mean()) - 0.5)
    middles = np.asarray(cv2.findNonZero(wide), dtype=np.float32)
    short, long = sorted(cv2.minAreaRect(middles)[1])
    if short <= BENT * thickness:
        return area, long + 1, short + 1  # from the middles of the pixels to their outer edges
    half = _edge(wide) / 2
    root = math.sqrt(max(half**2 - 4 * area, 0))  # length + width = half, length * width = area
    return area, (half + root) / 2, (half - root) / 2


def _edge(wide: NDArray[np.uint8]) -> float:
    """Return the length of the edge of 0/1 pixels with zeros all round, shape ``(H, W)``."""
    straight = np.count_nonzero(wide[1:] != wide[:-1]) + np.count_nonzero(wide[:, 1:] != wide[:, :-1])
    oblique = np.count_nonzero(wide[1:, 1:] != wide[:-1, :-1]) + np.count_nonzero(wide[1:, :-1] != wide[:-1, 1:])
    return math.pi / 8 * (float(straight) + float(oblique) / math.sqrt(2))


@dataclass(frozen=True)
class MillimetreScale:
    """Millimetres per pixel, of all pictures or of each.

    Args:
        everywhere: That of all pictures; None if it is stated for each.
        of_picture: That of each, by an end of its path.
    """

    everywhere: float | None = None
    of_picture: Mapping[str, float] = field(default_factory=dict)

    def at(self, picture: str) -> float | None:
        """Return the millimetres per pixel of a picture by its path; None if they are not stated."""
        if self.everywhere is not None:
            return self.everywhere
        name = stated_name(Path(picture), self.of_picture)
        return None if name is None else self.of_picture[name]


def read_scale(stated: float | str | Path) -> MillimetreScale:
    """Return the scale that a number, a CSV file or two points of a length state.

    Raises:
        InputError: If it is none of these, is not above 0, or a line of the file is not so; names file and line.
    """
    text = str(stated).strip()
    if points := re.fullmatch(r"(.+),(.+),(.+),(.+)=(.+)", text):
        try:
            x1, y1, x2, y2, length = map(float, points.groups())
        except ValueError as error:
            raise InputError(f"mm per pixel: {text!r} is not x1,y1,x2,y2=LENGTH in numbers") from error
        pixels = math.hypot(x2 - x1, y2 - y1)
        if not pixels:
            raise InputError(f"mm per pixel: the two points of {text!r} are the same")
        return MillimetreScale(_positive(length / pixels, f"mm per pixel: {text!r}"))
    if text.lower().endswith(".csv"):
        return MillimetreScale(of_picture=_read_csv(Path(text)))
    try:
        value = float(text)
    except ValueError as error:
        raise InputError(f"mm per pixel: {text!r} is not known: {_HOW}") from error
    return MillimetreScale(_positive(value, "mm per pixel"))


def _read_csv(file: Path) -> dict[str, float]:
    try:
        rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: it cannot be read as a CSV file in UTF-8 ({error})") from error
    if not rows or [name.strip() for name in rows[0]] != _COLUMNS:
        raise InputError(f"{file}, line 1: the first line has to be {','.join(_COLUMNS)}")
    scales: dict[str, float] = {}
    for number, row in enumerate(rows[1:], start=2):
        where = f"{file}, line {number}"
        if not any(row):
            continue
        if len(row) != len(_COLUMNS):
            raise InputError(f"{where}: {len(row)} fields where picture and mm_per_pixel are two")
        if row[0].strip() in scales:
            raise InputError(f"{where}: {row[0].strip()} is there twice")
        try:
            scales[row[0].strip()] = _positive(float(row[1]), where)
        except ValueError as error:
            raise error if isinstance(error, InputError) else InputError(f"{where}: {row[1]!r} is no number") from error
    return scales


def _positive(value: float, where: str) -> float:
    if not 0 < value < math.inf:
        raise InputError(f"{where}: millimetres per pixel are above 0, not {value:g}")
    return value
