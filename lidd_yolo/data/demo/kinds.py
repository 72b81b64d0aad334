"""25 kinds of surface defects drawn into a picture: sizes, contrasts, places, masks.

Origin: our own; no paper. A defect of several pieces is one object: its mask encloses all pieces and what lies between
them (``outline.enclose``). Contrast follows the ground: no less than its local roughness asks for, no more than its
grey levels leave room for. Only the part of the picture around a defect is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo import line_faults, spot_faults, structure_faults
from lidd_yolo.data.demo.fields import log_uniform
from lidd_yolo.data.demo.shapes import ColourImage, Layer, Points, View, blur
from lidd_yolo.data.demo.textures import FloatImage
from lidd_yolo.data.labels.outline import Mask, enclose

MIN_EXTENT = 3.0  # pixels

_MIN_PIXELS = 4  # less of a defect inside the picture does not count
_MIN_CHANGE = 4.0  # grey levels; a fainter defect has to stand out from the roughness by `_MIN_SHARE`
_MIN_SHARE = 0.35  # of the local standard deviation
_LEAST_CHANGE = (2.0, 0.2)  # grey levels; share: fainter ones drown in the noise of a camera or in the texture
_MIN_SIGNAL = 14.0  # times the finest structure of the ground: small defects have to be stronger than large ones
_MAX_BOOST = 3.0
_OVERLAP = 0.3  # share of either mask that another defect may cover
_TRIES = 6


@dataclass(frozen=True)
class Drawn:
    """A picture with one more defect, and its mask: 0 and 1, ``(size, size)``, one component without holes."""

    picture: ColourImage
    mask: Mask


@dataclass(frozen=True)
class FaultKind:
    """How one class is drawn.

    Attributes:
        draw: Returns what the defect does to a part of the picture.
        extents: Smallest and largest extent as shares of the picture's side; `MIN_EXTENT` pixels at least.
        contrasts: Smallest and largest contrast in grey levels on a smooth ground.
        detail: Size of its parts (width of a line, drop, flake) as a share of the extent; fine ones need more contrast.
        tint: Standard deviation of the contrast's colours as a share of it.
        at_edges: Share that is placed on strong edges of the picture or on its border.
    """

    draw: Callable[[np.random.Generator, View], Layer]
    extents: tuple[float, float]
    contrasts: tuple[float, float]
    detail: float = 1.0
    tint: float = 0.04
    at_edges: float = 0.0


KINDS: dict[str, FaultKind] = {
    "scratch": FaultKind(line_faults.scratch, (0.05, 1.0), (14, 90), detail=0.02),
    "scratches": FaultKind(line_faults.scratches, (0.12, 1.1), (14, 80), detail=0.01),
    "scuff": FaultKind(line_faults.scuff, (0.08, 1.0), (10, 55), detail=0.03),
    "gouge": FaultKind(line_faults.gouge, (0.05, 0.6), (18, 90), detail=0.1),
    "crack": FaultKind(line_faults.crack, (0.06, 1.0), (18, 90), detail=0.02),
    "crazing": FaultKind(line_faults.crazing, (0.12, 1.2), (16, 75), detail=0.02),
    "inclusion": FaultKind(spot_faults.inclusion, (0.012, 0.6), (16, 85), detail=0.1),
    "stain": FaultKind(spot_faults.stain, (0.02, 0.4), (9, 65), tint=0.12),
    "spatter": FaultKind(spot_faults.spatter, (0.012, 0.5), (16, 90), detail=0.12, tint=0.1),
    "water_mark": FaultKind(spot_faults.water_mark, (0.05, 0.6), (9, 45), detail=0.06, tint=0.06),
    "patch": FaultKind(spot_faults.patch, (0.1, 1.3), (8, 50), tint=0.08),
    "pit": FaultKind(spot_faults.pit, (0.012, 0.12), (20, 95)),
    "pits": FaultKind(spot_faults.pits, (0.06, 0.9), (18, 90), detail=0.05),
    "blowhole": FaultKind(spot_faults.blowhole, (0.015, 0.25), (18, 85)),
    "scale": FaultKind(spot_faults.scale_flakes, (0.05, 0.9), (16, 75), detail=0.15),
    "corrosion": FaultKind(spot_faults.corrosion, (0.03, 0.8), (14, 75), detail=0.2),
    "dent": FaultKind(spot_faults.dent, (0.03, 0.6), (14, 75), detail=0.3),
    "lap": FaultKind(line_faults.lap, (0.06, 0.9), (16, 75), detail=0.05),
    "chip": FaultKind(structure_faults.chip, (0.03, 0.45), (18, 85), at_edges=0.6),
    "hole": FaultKind(spot_faults.hole, (0.015, 0.3), (30, 150)),
    "misweave": FaultKind(structure_faults.misweave, (0.06, 0.9), (10, 50)),
    "smear": FaultKind(structure_faults.smear, (0.06, 0.8), (8, 45)),
    "hair": FaultKind(line_faults.hair, (0.06, 0.9), (18, 100), detail=0.02, tint=0.12),
    "discolouration": FaultKind(structure_faults.discolouration, (0.05, 0.9), (9, 50)),
    "roller_mark": FaultKind(spot_faults.roller_mark, (0.12, 1.1), (14, 75), detail=0.1),
}

CLASSES: tuple[str, ...] = tuple(KINDS)


def draw_kind(rng: np.random.Generator, name: str, picture: ColourImage, extent: float) -> Drawn | None:
    """Draw one defect at a random place; the border of the picture may cut it off.

    Args:
        rng: The only source of chance.
        name: One of `CLASSES`.
        picture: Square; it stays as it is.
        extent: Longest side of the defect in pixels, about.

    Returns:
        None if too little of the defect lies inside the picture or it would not be visible.
    """
    kind = KINDS[name]
    extent = max(extent, MIN_EXTENT)
    return _draw_at(rng, kind, picture, extent, _place(rng, kind, picture, extent))


def random_extent(rng: np.random.Generator, name: str, size: int, largest: float = np.inf) -> float:
    """Return an extent in pixels in the range of a kind, for pictures of ``size`` pixels each way.

    Every other one is uniform, which favours large defects, the rest log-uniform, which favours small ones. ``largest``
    cuts the range off, as a share of the side.
    """
    low, high = KINDS[name].extents
    low = max(low * size, MIN_EXTENT)
    high = max(min(high, largest) * size, low)
    return float(rng.uniform(low, high)) if rng.random() < 0.5 else log_uniform(rng, low, high)


def draw_defects(
    rng: np.random.Generator, picture: ColourImage, number: int
) -> tuple[ColourImage, list[tuple[int, Mask]]]:
    """Draw defects of random kinds; sometimes several of one kind, near each other or not.

    Defects may overlap a little: no more than 30 % of either mask.

    Returns:
        The new picture, and class index and mask of each defect: fewer than ``number`` where no more found room.
    """
    size = picture.shape[0]
    objects: list[tuple[int, Mask]] = []
    largest = 1.3 if number < 2 else 1.6 / np.sqrt(number)
    repeat, near = float(rng.choice([0.1, 0.8])), rng.random() < 0.5
    label, extent = -1, 0.0
    for _ in range(number):
        again = label >= 0 and rng.random() < repeat
        for _ in range(_TRIES):
            if again:
                extent = float(np.clip(extent * np.exp(rng.normal(0, 0.3)), MIN_EXTENT, largest * size))
            else:
                label = int(rng.integers(len(CLASSES)))
                extent = random_extent(rng, CLASSES[label], size, largest)
            kind = KINDS[CLASSES[label]]
            place = _place(rng, kind, picture, extent)
            if again and near and objects:
                place = _near(rng, objects[-1][1], extent)
            drawn = _draw_at(rng, kind, picture, extent, place)
            if drawn is not None and _has_room(drawn.mask, objects):
                picture = drawn.picture
                objects.append((label, drawn.mask))
                break
    return picture, objects


def _draw_at(
    rng: np.random.Generator, kind: FaultKind, picture: ColourImage, extent: float, centre: Points
) -> Drawn | None:
    size = picture.shape[0]
    half = 0.5 * extent + 4 + 0.12 * extent
    low = np.clip(np.floor(centre - half), 0, size - 1).astype(int)
    high = np.clip(np.ceil(centre + half) + 1, low + 1, size).astype(int)
    if np.any(high - low < 3):
        return None
    part = (slice(low[1], high[1]), slice(low[0], high[0]))
    view = _view(rng, kind, picture, part, centre - low, extent)
    layer = kind.draw(rng, view)
    change = layer.change
    needed = _MIN_SIGNAL * _grain(view.ground)
    if change.ndim == 2:
        boost = needed * rng.uniform(1.05, 2.0) / max(_signal(change, layer.pieces), 1e-3)
        change = change * np.float32(np.clip(boost, 1, _MAX_BOOST))
        tint = np.clip(1 + kind.tint * rng.standard_normal(3), 0.2, 1.8)
        change = change[..., None] * (tint / tint.mean()).astype(np.float32)
    if not _is_visible(change, layer.pieces, view.spread) or _signal(change, layer.pieces) < needed:
        return None
    mask = np.zeros((size, size), dtype=np.uint8)
    mask[part] = enclose(layer.pieces, layer.reach)
    changed = picture.copy()
    changed[part] += change
    return Drawn(changed, mask)


def _view(
    rng: np.random.Generator,
    kind: FaultKind,
    picture: ColourImage,
    part: tuple[slice, slice],
    centre: Points,
    extent: float,
) -> View:
    """Return the part of a picture to draw on, with a contrast that suits it."""
    ground = picture[part]
    mean, deviation = cv2.meanStdDev(_grey(ground))
    level, spread = float(mean[0, 0]), float(deviation[0, 0])
    low = max(kind.contrasts[0], (0.7 + 1.5 / max(kind.detail * extent, 1.5)) * spread)
    contrast = log_uniform(rng, low, max(kind.contrasts[1], 2 * low))
    y, x = rng.integers(0, picture.shape[0] - 2, 2)
    away = picture[y : y + 3, x : x + 3].mean(axis=(0, 1))
    return View(ground, centre, extent, level, spread, contrast, away)


def _signal(change: npt.NDArray[np.float32], pieces: Mask) -> float:
    """Return the root of the sum of squared changes: what a matched filter would see of the defect."""
    if change.ndim == 2:
        return float(cv2.norm(change, cv2.NORM_L2, pieces))
    channels = [cv2.norm(np.ascontiguousarray(change[..., channel]), cv2.NORM_L2, pieces) for channel in range(3)]
    return float(np.mean(channels))


def _grain(ground: ColourImage) -> float:
    """Return the standard deviation of the ground's finest structure in grey levels, edges left out; 1.5 at least."""
    (height, width), side = ground.shape[:2], 64
    top, left = max(height - side, 0) // 2, max(width - side, 0) // 2
    grey = _grey(ground[top : top + side, left : left + side])
    return max(1.5 * float(np.median(np.abs(grey - blur(grey, 2.0)))), 1.5)


def _grey(picture: ColourImage) -> FloatImage:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2GRAY), dtype=np.float32)


def _is_visible(change: npt.NDArray[np.float32], pieces: Mask, spread: float) -> bool:
    """Whether enough of a defect lies in the picture and stands out, on average over its pieces."""
    if cv2.countNonZero(pieces) < _MIN_PIXELS:
        return False
    mean = float(np.mean(cv2.mean(np.abs(change), mask=pieces)[:3]))
    return mean >= max(_LEAST_CHANGE[0], _LEAST_CHANGE[1] * spread) and (
        mean >= _MIN_CHANGE or mean >= _MIN_SHARE * spread
    )


def _place(rng: np.random.Generator, kind: FaultKind, picture: ColourImage, extent: float) -> Points:
    """Return the middle of a defect: mostly so that it lies inside if it fits, else anywhere in the picture."""
    size, half = picture.shape[0], 0.5 * extent
    if rng.random() < kind.at_edges:
        return _edge_place(rng, picture)
    if rng.random() < 0.25:
        return np.asarray(rng.uniform(0, size, 2))
    margin = min(half + 1, 0.35 * size)
    return np.asarray(rng.uniform(margin, size - margin, 2))


def _edge_place(rng: np.random.Generator, picture: ColourImage) -> Points:
    """Return a place on a strong edge, or on the border of the picture."""
    size = picture.shape[0]
    if rng.random() < 0.4:
        place = rng.uniform(0, size, 2)
        place[int(rng.integers(2))] = 0 if rng.random() < 0.5 else size - 1
        return np.asarray(place)
    side = 32
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).mean(axis=2)
    strength = np.abs(cv2.Sobel(small, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(small, cv2.CV_32F, 0, 1))
    strongest = np.argsort(strength, axis=None, kind="stable")[-30:]
    y, x = np.divmod(int(rng.choice(strongest)), side)
    return np.asarray((np.array([x, y]) + rng.uniform(0, 1, 2)) * (size / side))


def _near(rng: np.random.Generator, mask: Mask, extent: float) -> Points:
    """Return a place beside a mask, the extent or a little more away from its box."""
    x, y, width, height = cv2.boundingRect(mask)
    angle = rng.uniform(0, 2 * np.pi)
    away = (0.5 * np.array([width, height]) + extent * rng.uniform(0.3, 1.5)) * np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([x, y]) + 0.5 * np.array([width, height])
    return np.asarray(np.clip(middle + away, 0, mask.shape[0] - 1))


def _has_room(mask: Mask, objects: list[tuple[int, Mask]]) -> bool:
    """Whether no more than a small share of a mask and of any other lies in both."""
    area = cv2.countNonZero(mask)
    for _, other in objects:
        both = cv2.countNonZero(mask & other)
        if both > _OVERLAP * min(area, cv2.countNonZero(other)):
            return False
    return True
