"""Photographs of generated steel whose shared areas are known: crops, turned, exposed anew and compressed."""

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.demo.defects import CLASSES, draw_defect
from lidd_yolo.data.demo.textures import FINISHES, steel_texture

Gray = NDArray[np.uint8]
Areas = dict[tuple[int, int], float]

_PLATE = 450  # pixels


def turned_by_hand(image: Gray, number: int) -> Gray:
    """Return the picture rotated by 0-3 right angles, for numbers above 3 mirrored after that."""
    rotated = np.rot90(image, number % 4)
    return np.ascontiguousarray(np.fliplr(rotated) if number > 3 else rotated)


def shots(seed: int, plates: int, crops: int, *, side: int = 200, noise: float = 2.0) -> tuple[list[Gray], Areas]:
    """Return pictures of plates and the shared area of each pair, as a fraction of a picture.

    Args:
        seed: Seed of everything.
        plates: Number of plates, in turn of each finish.
        crops: Pictures of each plate.
        side: Pixels.
        noise: Standard deviation of the camera's noise in grey levels.

    Returns:
        Pictures under a gain of 0.9-1.1, in any of eight orientations, saved as JPEG of quality 60; and the areas of
        all pairs of one plate, 0 where two crops lie apart.
    """
    rng = np.random.default_rng(seed)
    images, places = [], []
    for number in range(plates):
        steel = steel_texture(rng, _PLATE, list(FINISHES)[number % len(FINISHES)])
        for label in rng.integers(0, len(CLASSES), 6):
            steel += draw_defect(rng, CLASSES[label], _PLATE).change
        for _ in range(crops):
            x, y = rng.integers(0, _PLATE - side + 1, 2).tolist()
            images.append(_photograph(rng, steel[y : y + side, x : x + side], noise))
            places.append((number, x, y))
    areas = {}
    for (i, a), (j, b) in itertools.combinations(enumerate(places), 2):
        if a[0] == b[0]:
            areas[i, j] = max(0, side - abs(a[1] - b[1])) * max(0, side - abs(a[2] - b[2])) / side**2
    return images, areas


def _photograph(rng: np.random.Generator, steel: NDArray[np.float32], noise: float) -> Gray:
    values = steel * rng.uniform(0.9, 1.1) + rng.normal(0, noise, steel.shape)
    image = turned_by_hand(np.clip(np.round(values), 0, 255).astype(np.uint8), int(rng.integers(8)))
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE).astype(np.uint8)
