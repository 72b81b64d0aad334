"""A second opinion on mAP: faster-coco-eval over what a validation found.

Origin: COCO's definition of mAP (Lin et al., ECCV 2014; 101 recall levels, 100 detections of a picture) in the package
``faster-coco-eval``. Figures differ from Ultralytics' by the rules: COCO takes detections by confidence and gives each
the free label it overlaps most, Ultralytics takes pairs by overlap; COCO looks at 100 detections, Ultralytics at 300;
COCO adds up precisions at recall levels, Ultralytics takes the area below a line through them. Masks are judged here
in the resolution of the network's input, each label whole; by Ultralytics in a quarter of that resolution, where labels
that overlap cover each other. Labels are drawn as Ultralytics draws them (docs/decisions/0013), not as COCO does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.optional import load_extra
from lidd_yolo.results.picture_result import PictureResult

COCO = "faster_coco_eval"


def run_lengths(masks: NDArray[np.uint8]) -> tuple[dict[str, Any], ...]:
    """Return masks ``(N, H, W)`` of 0 and 1 as COCO's compressed run lengths."""
    return tuple(load_extra(COCO).mask.encode(np.asfortranarray(masks.transpose(1, 2, 0)))) if len(masks) else ()


def mask_overlaps(picture: PictureResult) -> NDArray[np.float64]:
    """Return the intersection over union of the detected masks with the labels' outlines, shape ``(D, T)``."""
    if not picture.found_masks or not picture.truth_rings:
        return np.zeros((len(picture.confidence), len(picture.truth_class)))
    labels = [run_lengths(_drawn(ring, picture.shape)[None])[0] for ring in picture.truth_rings]
    overlaps = load_extra(COCO).mask.iou(list(picture.found_masks), labels, [0] * len(labels))
    return np.asarray(overlaps, dtype=np.float64)


def coco_figures(results: Sequence[PictureResult]) -> dict[str, float]:
    """Return ``map50`` and ``map`` by COCO's rules, and ``mask_map50`` and ``mask_map`` where there are masks."""
    with_masks = all(picture.found_masks is not None for picture in results)
    labels = (row for i, picture in enumerate(results) for row in _labels(i, picture))
    truth = {
        "images": [{"id": i, "height": p.shape[0], "width": p.shape[1]} for i, p in enumerate(results)],
        "categories": [{"id": int(c)} for c in np.unique(np.concatenate([p.truth_class for p in results]))],
        "annotations": [{"id": number, **row} for number, row in enumerate(labels, 1)],
    }
    detections = [row for i, picture in enumerate(results) for row in _detections(i, picture)]
    figures = _evaluate(truth, detections, "bbox")
    if with_masks:
        figures |= {f"mask_{key}": value for key, value in _evaluate(truth, detections, "segm").items()}
    return figures


def _evaluate(truth: dict[str, Any], detections: list[dict[str, Any]], kind: str) -> dict[str, float]:
    package = load_extra(COCO)
    labels = package.COCO(truth)
    judge = package.COCOeval_faster(labels, labels.loadRes(detections), iouType=kind, print_function=lambda *_: None)
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    return {"map50": float(judge.stats_as_dict["AP_50"]), "map": float(judge.stats_as_dict["AP_all"])}


def _labels(image: int, picture: PictureResult) -> list[dict[str, Any]]:
    rows = [
        {"image_id": image, "category_id": int(c), "iscrowd": 0, "bbox": box, "area": box[2] * box[3]}
        for c, box in zip(picture.truth_class, _ltwh(picture.truth_boxes), strict=True)
    ]
    if picture.found_masks is not None:
        for row, ring in zip(rows, picture.truth_rings, strict=True):
            row["segmentation"] = run_lengths(_drawn(ring, picture.shape)[None])[0]
    return rows


def _drawn(ring: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Fill an outline, its corners cut to whole pixels."""
    mask = np.zeros(shape, dtype=np.uint8)
    cv2.fillPoly(mask, [ring.astype(np.int32)], 1)
    return mask


def _detections(image: int, picture: PictureResult) -> list[dict[str, Any]]:
    rows = [
        {"image_id": image, "category_id": int(c), "score": float(score), "bbox": box}
        for c, score, box in zip(picture.found_class, picture.confidence, _ltwh(picture.found_boxes), strict=True)
    ]
    if picture.found_masks is not None:
        for row, mask in zip(rows, picture.found_masks, strict=True):
            row["segmentation"] = mask
    return rows


def _ltwh(boxes: NDArray[np.float64]) -> list[list[float]]:
    """Turn left, upper, right and lower edges into left, upper, width and height."""
    moved: list[list[float]] = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).tolist()
    return moved
