"""Small annotated pictures in folders, for tests of readers and writers of whole data sets."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import yaml


def picture(file: Path, width: int = 20, height: int = 10, value: int = 100) -> Path:
    """Write a grey picture and return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(file), np.full((height, width), value, dtype=np.uint8))
    return file


def text(file: Path, content: str) -> Path:
    """Write a text file and return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    return file


def tree(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder by its place."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def yolo_set(folder: Path, labels: Mapping[str, str], names: tuple[str, ...] = ("a", "b"), size: int = 40) -> Path:
    """Write a YOLO data set of random pictures; return its data YAML.

    Args:
        folder: Folder to make.
        labels: Text of the label file by ``side/name``, without ending.
        names: Classes.
        size: Width and height of the pictures in pixels.
    """
    for number, (place, label) in enumerate(labels.items()):
        image = np.random.default_rng(number).integers(0, 256, (size, size), dtype=np.uint8)
        file = folder / "images" / f"{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(file), image)
        text(folder / "labels" / f"{place}.txt", label)
    sides = {side: f"images/{side}" for side in dict.fromkeys(place.partition("/")[0] for place in labels)}
    return text(folder / "data.yaml", yaml.safe_dump({"path": str(folder), **sides, "names": list(names)}))
