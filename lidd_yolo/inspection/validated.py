"""Inspected pictures of a part of a data set: from one pass of Ultralytics' own validator, or in tiles.

In tiles, the network sees a picture and what borders cut is joined as `lidd predict` does it. Labels are those of the
whole pictures in both cases, as Ultralytics reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.picture_groups import known_groups
from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.data.tiles import Tiling
from lidd_yolo.errors import InputError
from lidd_yolo.inspection.detections import outline_region, region_overlaps
from lidd_yolo.inspection.network import Judged, Network
from lidd_yolo.inspection.operating_point import LEAST
from lidd_yolo.inspection.pictures import Floats, Inspected, InspectedPicture, MatchRule, gather
from lidd_yolo.progress import progress
from lidd_yolo.results.coco_figures import mask_overlaps
from lidd_yolo.results.picture_result import PictureResult
from lidd_yolo.results.validation import validate_and_keep


@dataclass(frozen=True, eq=False)
class ValidatedPart:
    """A part of a data set after a pass over it.

    Args:
        split: Its name, such as ``val``.
        inspected: Its pictures together, named by their paths.
        pictures: The same, one by one, without overlaps.
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
    tiling: Tiling | None = None,
) -> ValidatedPart:
    """Run a network and match what it finds with the labels: by masks of a segmenter, else by boxes.

    Args:
        weights: Checkpoint or exported file of a detector or segmenter.
        data: Data set.
        split: Part of it.
        iou: Least intersection over union of a detection and the defect that it finds.
        imgsz: Side of the input in pixels; None for that of the training.
        device: What Ultralytics calls it.
        repeat: Whether the pictures of a group are shots of one part rather than parts of their own.
        tiling: Tiles in which the network sees the pictures; None for whole pictures.

    Raises:
        ImportError, TimeoutError: As `validate_and_keep`.
        ValueError: If the labels have no outlines, which Ultralytics wants of them for a segmenter.
        InputError: If, in tiles, a picture cannot be judged.
    """
    seen = (
        _whole(weights, data, split, imgsz, device)
        if tiling is None
        else _in_tiles(Network(weights, imgsz, device), data, split, tiling)
    )
    groups = known_groups(data, seen.files)
    kept: list[InspectedPicture] = []

    def grouped() -> Iterator[InspectedPicture]:
        for number, picture in enumerate(seen.pictures):
            group = None if groups is None else groups[number]
            kept.append(replace(picture, group=group, part=group if repeat else None, overlaps=None))
            yield replace(kept[-1], overlaps=picture.overlaps)

    inspected = gather(grouped(), seen.classes, MatchRule(iou, seen.by))
    return ValidatedPart(split, inspected, kept, seen.imgsz, groups is not None)


class _Seen(NamedTuple):
    """What the network is, and the pictures with what it finds, which may be found only when they are asked for."""

    classes: Sequence[str]
    by: str
    imgsz: int
    files: Sequence[Path]
    pictures: Iterable[InspectedPicture]


def _whole(weights: Path, data: YoloSet, split: str, imgsz: int | None, device: str | None) -> _Seen:
    by = []

    def keep(result: PictureResult) -> InspectedPicture:
        by.append("box" if result.found_masks is None else "mask")
        return _inspected(result)

    metrics, pictures, side = validate_and_keep(weights, str(data.file), split, imgsz, device, keep=keep)
    classes = [metrics.names[number] for number in sorted(metrics.names)]
    return _Seen(classes, by[0] if by else "box", side, [Path(picture.name) for picture in pictures], pictures)


def _inspected(result: PictureResult) -> InspectedPicture:
    """Return a picture with one class for each box, its surest, as `predict` has it: the validator has all of them."""
    masks = result.found_masks is not None
    first = np.sort(np.unique(result.found_boxes, axis=0, return_index=True)[1])
    return InspectedPicture(
        name=str(result.file),
        truth_class=result.truth_class,
        truth_boxes=result.in_picture(result.truth_boxes).astype(np.float32),
        found_class=result.found_class[first],
        confidence=result.confidence[first],
        found_boxes=result.in_picture(result.found_boxes[first]).astype(np.float32),
        truth_area=_areas([ring / result.placed[:2] for ring in result.truth_rings], len(result.truth_class)),
        overlaps=mask_overlaps(result)[first] if masks else None,
    )


def _in_tiles(network: Network, data: YoloSet, split: str, tiling: Tiling) -> _Seen:
    """Let the network see each picture as `lidd predict` does; detections above `LEAST`."""
    labels = _labels(network, data, split)
    least = np.full(len(network.names), LEAST)

    def pictures() -> Iterator[InspectedPicture]:
        for label in progress(labels, len(labels), f"{split} in tiles of {tiling}"):
            (judged,) = network.judge(label["im_file"], least, tiling)
            if judged.problem:
                raise InputError(f"{judged.picture}: {judged.problem}")
            yield _matched_whole(label, judged, masks=network.task == "segment")

    by = "mask" if network.task == "segment" else "box"
    return _Seen(network.names, by, network.imgsz, [Path(label["im_file"]) for label in labels], pictures())


def _labels(network: Network, data: YoloSet, split: str) -> list[dict[str, Any]]:
    """Return the labels of a part as the stock validator reads them."""
    from ultralytics.data.dataset import YOLODataset  # noqa: PLC0415 - seconds to import
    from ultralytics.data.utils import check_det_dataset  # noqa: PLC0415 - as above

    checked = check_det_dataset(str(data.file), autodownload=False)
    single = bool(network.yolo.overrides.get("single_cls"))
    words = {"data": checked, "task": network.task, "augment": False, "single_cls": single}
    return list(YOLODataset(checked[split], **words).labels)


def _matched_whole(label: Mapping[str, Any], judged: Judged, *, masks: bool) -> InspectedPicture:
    """Return a picture with its labels and, in falling confidence, what was found; all in its own pixels."""
    assert judged.found is not None
    assert judged.image is not None
    found, (height, width) = judged.found, judged.image.shape[:2]
    xywh = np.asarray(label["bboxes"], dtype=np.float64).reshape(-1, 4) * (width, height, width, height)
    rings = [np.asarray(ring, dtype=np.float64) * (width, height) for ring in label["segments"]]
    overlaps = None
    if masks:
        overlaps = region_overlaps(found.regions or (), [outline_region(ring, width, height) for ring in rings])
    return InspectedPicture(
        name=str(label["im_file"]),
        truth_class=np.asarray(label["cls"]).reshape(-1).astype(np.int64),
        truth_boxes=np.concatenate([xywh[:, :2] + sign * xywh[:, 2:] / 2 for sign in (-1, 1)], 1).astype(np.float32),
        found_class=found.numbers,
        confidence=found.confidence,
        found_boxes=found.boxes.astype(np.float32),
        truth_area=_areas(rings, len(xywh)),
        overlaps=overlaps,
    )


def _areas(rings: Sequence[Floats], labels: int) -> Floats | None:
    """Return the areas of the outlines of so many labels; None where the labels are boxes."""
    return np.array([_area(ring) for ring in rings]) if rings and len(rings) == labels else None


def _area(ring: NDArray[np.floating]) -> float:
    """Return the area of an outline ``(K, 2)``, by the shoelace formula."""
    x, y = np.asarray(ring, dtype=np.float64).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
