"""A data set of a dozen small pictures, for runs that only have to go through."""

from pathlib import Path

import cv2
import numpy as np
import yaml

CLASSES = ("dark", "bright")


def write_tiny_data(folder: Path, *, size: int = 96, train: int = 8, val: int = 4, seed: int = 0) -> Path:
    """Write grey noise with one dark and one bright box in each picture; return the data YAML's path."""
    generator = np.random.default_rng(seed)
    for side, count in (("train", train), ("val", val)):
        images, labels = folder / "images" / side, folder / "labels" / side
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for index in range(count):
            picture, boxes = _picture(generator, size)
            cv2.imwrite(str(images / f"{index}.png"), picture)
            text = [" ".join(map(str, (c, *(round(v, 6) for v in box)))) for c, box in enumerate(boxes)]
            (labels / f"{index}.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    config = {"path": str(folder), "train": "images/train", "val": "images/val", "names": dict(enumerate(CLASSES))}
    file = folder / "tiny.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


def _picture(generator: np.random.Generator, size: int) -> tuple[np.ndarray, list[tuple[float, float, float, float]]]:
    """Return a picture and its boxes as xywh, 0-1: the dark one in the left half, the bright one in the right."""
    picture = generator.integers(100, 150, (size, size, 3), dtype=np.uint8)
    boxes, half = [], size // 2
    for left, grey in ((0, 20), (half, 235)):
        w, h = generator.integers(size // 6, half - 4, 2)
        x, y = left + generator.integers(0, half - w), generator.integers(0, size - h)
        picture[y : y + h, x : x + w] = grey
        boxes.append(((x + w / 2) / size, (y + h / 2) / size, w / size, h / size))
    return picture, [tuple(map(float, box)) for box in boxes]
