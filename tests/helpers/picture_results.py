"""Results of a validation on single pictures, made by hand."""

from pathlib import Path

import numpy as np

from lidd_yolo.results.picture_result import LEVELS, PictureResult


def picture(name="a.png", truth=(), found=(), **parts):
    """Return a picture of 100 x 100 pixels.

    Args:
        name: File name.
        truth: Class and ltrb box of each label.
        found: Class, confidence and ltrb box of each detection.
        parts: What else `PictureResult` takes, in place of what follows from the labels and detections.
    """
    boxes = np.array([box for _, box in truth], dtype=float).reshape(-1, 4)
    rings = tuple(np.array([[l, t], [r, t], [r, b], [l, b]]) for l, t, r, b in boxes)  # noqa: E741
    made = {
        "truth_class": np.array([c for c, _ in truth], dtype=np.int64),
        "truth_boxes": boxes,
        "truth_rings": rings,
        "found_class": np.array([c for c, _, _ in found], dtype=np.int64),
        "confidence": np.array([score for _, score, _ in found], dtype=np.float32),
        "found_boxes": np.array([box for _, _, box in found], dtype=float).reshape(-1, 4),
        "correct": np.zeros((len(found), LEVELS), dtype=bool),
    }
    return PictureResult(file=Path(name), shape=(100, 100), placed=(1.0, 1.0, 0.0, 0.0), **{**made, **parts})
