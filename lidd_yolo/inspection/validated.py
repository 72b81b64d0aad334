"""Inspected pictures from one pass of Ultralytics' own validator over a part of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lidd_yolo.data.groups.picture_groups import known_groups
from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.inspection.pictures import Inspected, InspectedPicture, MatchRule, gather
from lidd_yolo.results.coco_figures import mask_overlaps
from lidd_yolo.results.picture_result import PictureResult
from lidd_yolo.results.validation import validate_and_keep


@dataclass(frozen=True, eq=False)
class ValidatedPart:
    """A part of a data set after a pass of the validator.

    Args:
        split: Its name, such as ``val``.
        inspected: Its pictures together, named by their paths.
        pictures: The same, one by one.
        imgsz: Side of the network's input in pixels.
        stated: Whether the data set states which pictures are alike; each is a group of its own where it does not.
    """

    split: str
    inspected: Inspected
    pictures: Sequence[InspectedPicture]
    imgsz: int
    stated: bool


def validate_part(
    weights: Path,
    data: YoloSet,
    split: str,
    *,
    iou: float = 0.5,
    imgsz: int | None = None,
    device: str | None = None,
    repeat: bool = False,
) -> ValidatedPart:
    """Validate a network and match what it finds with the labels: by masks of a segmenter, else by boxes.

    Args:
        weights: Checkpoint or exported file of a detector or segmenter.
        data: Data set.
        split: Part of it.
        iou: Least intersection over union of a detection and the defect that it finds.
        imgsz: Side of the input in pixels; None for that of the training.
        device: What Ultralytics calls it.
        repeat: Whether the pictures of a group are shots of one part rather than parts of their own.

    Raises:
        ImportError, TimeoutError: As `validate_and_keep`.
        ValueError: If the labels have no outlines, which Ultralytics wants of them for a segmenter.
    """
    by = []

    def keep(result: PictureResult) -> InspectedPicture:
        by.append("box" if result.found_masks is None else "mask")
        return _inspected(result)

    metrics, pictures, side = validate_and_keep(weights, str(data.file), split, imgsz, device, keep=keep)
    groups = known_groups(data, [Path(picture.name) for picture in pictures])
    if groups is not None:
        pictures = [
            replace(picture, group=group, part=group if repeat else None)
            for picture, group in zip(pictures, groups, strict=True)
        ]
    classes = [metrics.names[number] for number in sorted(metrics.names)]
    rule = MatchRule(iou, by[0] if by else "box")
    return ValidatedPart(split, gather(pictures, classes, rule), pictures, side, groups is not None)


def _inspected(result: PictureResult) -> InspectedPicture:
    """Return a picture with one class for each box, its surest, as `predict` has it: the validator has all of them."""
    masks = result.found_masks is not None
    first = np.sort(np.unique(result.found_boxes, axis=0, return_index=True)[1])
    areas = [_area(ring / result.placed[:2]) for ring in result.truth_rings]
    return InspectedPicture(
        name=str(result.file),
        truth_class=result.truth_class,
        truth_boxes=result.in_picture(result.truth_boxes).astype(np.float32),
        found_class=result.found_class[first],
        confidence=result.confidence[first],
        found_boxes=result.in_picture(result.found_boxes[first]).astype(np.float32),
        truth_area=np.array(areas) if len(areas) == len(result.truth_class) and areas else None,
        overlaps=mask_overlaps(result)[first] if masks else None,
    )


def _area(ring: np.ndarray) -> float:
    """Return the area of an outline ``(K, 2)``, by the shoelace formula."""
    x, y = np.asarray(ring, dtype=np.float64).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
