"""How many objects of each class a picture's label file holds: what a split has to balance.

Lines that are no objects count nothing; ``lidd data check`` is there to find them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.readers.data_yaml import label_file
from lidd_yolo.progress import progress

_BOX_FIELDS = 5  # class, centre, width and height; an outline has three corners or more


@dataclass(frozen=True)
class LabelCounts:
    """The labels of some pictures.

    Args:
        counts: Objects of each class in each picture, shape ``(N, C)``.
        segments: Whether some label is an outline.
        unlabelled: Number of pictures without a label file.
    """

    counts: NDArray[np.int64]
    segments: bool
    unlabelled: int


def count_labels(pictures: Sequence[Path], classes: int) -> LabelCounts:
    """Count the objects of each class in the label files of some pictures.

    Args:
        pictures: The pictures' files; a picture without a label file has no objects, as for Ultralytics.
        classes: Number of classes; lines of others count nothing.
    """
    counts = np.zeros((len(pictures), classes), dtype=np.int64)
    segments, unlabelled = False, 0
    for row, picture in enumerate(progress(pictures, len(pictures), "reading labels")):
        try:
            lines = label_file(picture).read_text(encoding="utf-8-sig", errors="replace").splitlines()
        except OSError:
            unlabelled += 1
            continue
        for fields in (line.split() for line in lines):
            if len(fields) >= _BOX_FIELDS and fields[0].isdecimal() and int(fields[0]) < classes:
                counts[row, int(fields[0])] += 1
                segments |= len(fields) > _BOX_FIELDS + 1
    return LabelCounts(counts, segments, unlabelled)


def balance_columns(labels: LabelCounts) -> NDArray[np.int64]:
    """Return what a split has to balance, shape ``(N, K)``.

    Objects of each class and, for outlines, one column for each combination of classes that a picture holds: pictures
    of several classes are then on all sides.
    """
    if not labels.segments:
        return labels.counts
    _, kinds = np.unique(labels.counts > 0, axis=0, return_inverse=True)
    return np.hstack([labels.counts, np.eye(kinds.max() + 1, dtype=np.int64)[kinds.reshape(-1)]])
