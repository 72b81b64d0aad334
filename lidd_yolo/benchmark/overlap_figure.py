"""Picture of overlapping crops and how they were found, on generated steel: real pictures may not be published.

Own work.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from lidd_yolo.benchmark.photographs import photograph
from lidd_yolo.data.overlap import find_overlaps
from lidd_yolo.data.pair_sheet import pair_sheet

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
