"""An ``operating.yaml`` for weights that nobody inspected."""

from pathlib import Path
from typing import Any

import lidd_yolo
from lidd_yolo.files import sha256
from lidd_yolo.inspection.operating_file import OperatingFile
from lidd_yolo.inspection.operating_point import MaxFalseAlarms
from lidd_yolo.inspection.pictures import MatchRule


def write_point(file: Path, weights: Path, thresholds: dict[str, float], **changed: Any) -> Path:
    """Write thresholds by class name for a checkpoint of 64 pixels; return the file."""
    facts = {
        "weights": weights.name,
        "weights_sha256": sha256(weights),
        "data": "tiny",
        "data_sha256": "0" * 64,
        "classes": tuple(thresholds),
        "thresholds": thresholds,
        "criterion": MaxFalseAlarms(0.01),
        "match": MatchRule(),
        "imgsz": 64,
        "figures": (),
        "lidd_yolo": lidd_yolo.__version__,
    }
    OperatingFile(**{**facts, **changed}).write(file)
    return file
