"""Random masks for property tests, and a small release in the layout of NEU-Seg."""

from pathlib import Path

import cv2
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.helpers.plates import crop, plate

Mask = NDArray[np.uint8]

PROPERTY = settings(max_examples=300, deadline=None, derandomize=True, database=None)
"""Same examples in every run."""


def masks(values: int, side: int = 12) -> st.SearchStrategy[Mask]:
    """Return masks of values up to ``values`` with up to ``side`` pixels a side, half of them of few small blobs."""
    noise = hnp.arrays(
        np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=side), elements=st.integers(0, values)
    )
    coarse = hnp.arrays(np.uint8, (side // 3, side // 3), elements=st.integers(0, values))
    return noise | coarse.map(lambda mask: mask.repeat(3, axis=0).repeat(3, axis=1))


def square(x: int, y: int, side: int, value: int, size: int = 100) -> Mask:
    """Return a mask of one square."""
    mask = np.zeros((size, size), dtype=np.uint8)
    mask[y : y + side, x : x + side] = value
    return mask


def write_mask_release(folder: Path, plates: int = 30) -> list[set[str]]:
    """Write a release of overlapping crops; return the names, in the data set, of the pictures of each plate.

    Every plate gives two crops that overlap, 00000K.jpg with K = 2 * plate and after: one of training, the second of
    every fourth plate of test under the number K - 1 of the picture before. Plate k shows class k % 3 + 1.
    """
    for kind in ("images", "annotations"):
        for side in ("training", "test"):
            (folder / kind / side).mkdir(parents=True, exist_ok=True)
    groups = []
    for number in range(plates):
        whole, names = plate(number), set()
        for k, (x, y) in enumerate([(10, 20), (50, 45)]):
            side = "test" if k and number % 4 == 0 else "training"
            stem = f"{2 * number + (k if side == 'training' else 0):06d}"
            cv2.imwrite(str(folder / "images" / side / f"{stem}.jpg"), crop(whole, x, y, quality=None))
            mask = square(10 + k, 20, 30, number % 3 + 1)
            mask[25:30, 15:20] = 0  # a hole
            mask[0, 0] = 1  # a speck
            cv2.imwrite(str(folder / "annotations" / side / f"{stem}.png"), mask)
            names.add(f"{side}_{stem}.jpg")
        groups.append(names)
    return groups
