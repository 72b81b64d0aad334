"""Picture of overlapping crops and how they were found, on generated steel: real pictures may not be published.

Own work.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from lidd_yolo.data.defects import CLASSES, draw_defect
from lidd_yolo.data.grouping.orientation import COUNT, turned
from lidd_yolo.data.grouping.texture import Gray
from lidd_yolo.data.overlap import find_overlaps
from lidd_yolo.data.pair_sheet import pair_sheet
from lidd_yolo.data.textures import FINISHES, FloatImage, steel_texture

_PLATE, _CROP = 360, 200  # pixels
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
    rng = np.random.default_rng(seed)
    pictures: list[Gray] = []
    for number in range(_PAIRS):
        steel = steel_texture(rng, _PLATE, list(FINISHES)[number % len(FINISHES)])
        for label in rng.permutation(len(CLASSES))[:3]:
            steel += draw_defect(rng, CLASSES[label], _PLATE).change
        pictures += [_photograph(rng, steel) for _ in range(2)]
    overlaps = find_overlaps(pictures)
    names = [f"plate {index // 2}, crop {index % 2}" for index in range(len(pictures))]
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), pair_sheet(pictures, overlaps, names=names, columns=3))
    return len(overlaps)


def _photograph(rng: np.random.Generator, steel: FloatImage) -> Gray:
    """Return a crop in any orientation under other light, as it comes out of a JPEG file."""
    x, y = rng.integers(0, _PLATE - _CROP + 1, 2).tolist()
    part = steel[y : y + _CROP, x : x + _CROP] * rng.uniform(0.9, 1.1) + rng.normal(0, 2, (_CROP, _CROP))
    shot = turned(np.clip(np.round(part), 0, 255).astype(np.uint8), int(rng.integers(COUNT)))
    coded = cv2.imencode(".jpg", np.ascontiguousarray(shot), [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
