"""Photographs of generated steel whose shared parts are known: crops in any orientation, under other light, compressed.

Real pictures may not be published, and nobody knows all of their overlaps.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lidd_yolo.data.demo.defects import CLASSES, draw_defect
from lidd_yolo.data.demo.textures import FINISHES, steel_texture
from lidd_yolo.data.groups.fingerprints import Gray
from lidd_yolo.data.groups.overlap import find_overlaps
from lidd_yolo.data.groups.pair_sheet import pair_sheet
from lidd_yolo.data.groups.placement import ORIENTATIONS, turned

SIDE = 200
"""Pixels of a photograph, as in NEU-DET."""
_DEFECTS = 3  # of each plate
_NOISE = 2.0  # grey levels
_QUALITY = 60  # of the JPEG file


@dataclass(frozen=True)
class Photograph:
    """A crop of a plate.

    Attributes:
        image: Grey picture of 200x200.
        plate: Number of its plate.
        x: Column of the plate in which it begins.
        y: Row of the plate in which it begins.
    """

    image: Gray
    plate: int
    x: int
    y: int

    def shares(self, other: Photograph) -> float:
        """Return the area that both show as a fraction of either."""
        if self.plate != other.plate:
            return 0.0
        return max(0, SIDE - abs(self.x - other.x)) * max(0, SIDE - abs(self.y - other.y)) / SIDE**2


def photograph(rng: np.random.Generator, plates: int, crops: int, *, plate_side: int) -> list[Photograph]:
    """Return ``crops`` photographs of each plate, plate by plate; exposures differ by up to 10 %.

    Args:
        rng: Source of plates, crops, turns and exposures.
        plates: Number of plates, in turn of each finish.
        crops: Photographs of each.
        plate_side: Pixels of a plate, more than 200.
    """
    taken = []
    for number in range(plates):
        steel = steel_texture(rng, plate_side, list(FINISHES)[number % len(FINISHES)])
        for label in rng.permutation(len(CLASSES))[:_DEFECTS]:
            steel += draw_defect(rng, CLASSES[label], plate_side).change
        for _ in range(crops):
            x, y = rng.integers(0, plate_side - SIDE + 1, 2).tolist()
            part = steel[y : y + SIDE, x : x + SIDE] * rng.uniform(0.9, 1.1) + rng.normal(0, _NOISE, (SIDE, SIDE))
            shot = turned(np.clip(np.round(part), 0, 255).astype(np.uint8), int(rng.integers(ORIENTATIONS)))
            coded = cv2.imencode(".jpg", np.ascontiguousarray(shot), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
            image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
            taken.append(Photograph(image, number, x, y))
    return taken


def shared_areas(taken: list[Photograph]) -> dict[tuple[int, int], float]:
    """Return the area of each pair of indices that share one, as a fraction of a photograph."""
    plates = itertools.groupby(range(len(taken)), key=lambda index: taken[index].plate)
    pairs = (pair for _, members in plates for pair in itertools.combinations(list(members), 2))
    areas = {(i, j): taken[i].shares(taken[j]) for i, j in pairs}
    return {pair: area for pair, area in areas.items() if area > 0}


_PLATE = 360  # pixels
_PAIRS = 9


def draw_overlaps(target: Path, *, seed: int = 0) -> int:
    """Draw pairs of crops of generated plates as ``lidd data groups`` finds them; return how many.

    Args:
        target: Picture to write.
        seed: Seed of plates, crops, turns and exposures.

    Raises:
        ValueError: If the file is neither .jpg nor .png.
    """
    if target.suffix not in {".jpg", ".png"}:
        raise ValueError(f"{target} must end in .jpg or .png")
    taken = photograph(np.random.default_rng(seed), _PAIRS, 2, plate_side=_PLATE)
    pictures = [shot.image for shot in taken]
    overlaps = find_overlaps(pictures)
    names = [f"plate {shot.plate}, crop {index % 2}" for index, shot in enumerate(taken)]
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), pair_sheet(pictures, overlaps, names=names, columns=3))
    return len(overlaps)
