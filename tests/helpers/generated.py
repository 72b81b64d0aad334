"""A small generated data set with its data YAML, for tests that train."""

from pathlib import Path

import yaml

from lidd_yolo.data.demo.defects import CLASSES
from lidd_yolo.data.demo.synthetic import generate


def generated_data(folder: Path, *, train: int = 8, val: int = 4, size: int = 96, seed: int = 0) -> Path:
    """Write pictures, labels and ``data.yaml`` under ``folder``; return the YAML."""
    generate(folder / "data", counts={"train": train, "val": val, "test": val}, size=size, seed=seed)
    config = {
        "path": str(folder / "data"),
        "train": "images/train",
        "val": "images/val",
        "test": "images/test",
        "names": dict(enumerate(CLASSES)),
    }
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump(config))
    return file
