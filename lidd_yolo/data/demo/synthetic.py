"""defects-demo: a generated data set of steel-like pictures with six classes of defects.

Origin: our own; no paper. Nothing is shipped: the pictures are drawn on first use, from the seed alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.defects import CLASSES, draw_defect
from lidd_yolo.data.demo.generated import (
    Scene,
    checked_settings,
    encode_jpeg,
    label_rows,
    make_once,
    split_number,
    write_about,
    write_pair,
)
from lidd_yolo.data.demo.textures import FINISHES, FloatImage, steel_texture
from lidd_yolo.data.labels.outline import Mask

VERSION = 1  # raise it when the same seed gives other pictures
COUNTS: Mapping[str, int] = {"train": 300, "val": 60, "test": 40}
SIZE = 256

_GENERATOR = "lidd_yolo.data.demo.synthetic"
_EMPTY_EVERY = 10
_JPEG_QUALITY = 90


def generate(target: str | Path, *, counts: Mapping[str, int] = COUNTS, size: int = SIZE, seed: int = 0) -> Path:
    """Write the data set to ``target``, whole or not at all; a data set of the same settings is left alone.

    The files depend on the arguments only: bit for bit on one machine. Other builds of numpy, OpenCV or its JPEG
    library may round a pixel differently; ``about.json`` records the versions and a SHA-256 over pictures and labels.

    Args:
        target: Folder to create and return; gets ``images/``, ``labels/`` and ``about.json``.
        counts: Pictures per split; every tenth is without defect.
        size: Side of the square pictures in pixels, at least 64.
        seed: Not negative.

    Raises:
        FileExistsError: If the folder holds something else, other settings, or lacks files.
        ValueError: If a split, a count, the size or the seed is out of range.
    """
    return make_once(Path(target), checked_settings(_GENERATOR, VERSION, counts, size, seed), _write)


def render(*, seed: int, split: str, index: int, size: int = SIZE) -> Scene:
    """Draw picture ``index`` of a split; it depends on nothing else, so pictures may be drawn in any order.

    Raises:
        ValueError: If the split is none of ``train``, ``val`` and ``test``.
    """
    rng = np.random.default_rng([seed, split_number(split), index])
    picture = steel_texture(rng, size, str(rng.choice(list(FINISHES))))
    objects: list[tuple[int, Mask]] = []
    number = 0 if index % _EMPTY_EVERY == _EMPTY_EVERY - 1 else int(rng.integers(1, 7))
    taken = np.zeros((size, size), dtype=np.uint8)
    for label in rng.integers(0, len(CLASSES), number):
        defect = draw_defect(rng, CLASSES[label], size)
        if (taken & defect.mask).any():
            continue
        picture += defect.change
        objects.append((int(label), defect.mask))
        taken[cv2.dilate(defect.mask, np.ones((7, 7), dtype=np.uint8)) > 0] = 1
    if rng.random() < 0.5:  # rolling direction upright
        picture = picture.T
        objects = [(label, np.ascontiguousarray(mask.T)) for label, mask in objects]
    return Scene(_expose(rng, picture), tuple(objects))


def _expose(rng: np.random.Generator, picture: FloatImage) -> npt.NDArray[np.uint8]:
    """Camera: a slight blur of the optics, sensor noise, rounding to 8 bit."""
    blurred = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 0.8))
    noisy = blurred + rng.uniform(1, 3) * rng.standard_normal(picture.shape, dtype=np.float32)
    return np.asarray(np.clip(np.round(noisy), 0, 255), dtype=np.uint8)


def _write(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write pictures, labels and ``about.json`` into an empty folder."""
    for split, count in settings["images"].items():
        for index in range(count):
            scene = render(seed=settings["seed"], split=split, index=index, size=settings["size"])
            write_pair(folder, split, index, encode_jpeg(scene.image, _JPEG_QUALITY), label_rows(scene))
    write_about(folder, settings, CLASSES)
