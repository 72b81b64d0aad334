"""Validate through the stock validator and keep what it found on every picture.

The validator is Ultralytics' own and its figures are untouched: a callback listens to the outcome of each
batch. Works for every release from 8.3.100 on, the oldest of which hand over tensors instead of arrays.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.results.coco_figures import run_lengths
from lidd_yolo.results.picture_result import LEVELS, MOST, PictureResult

T = TypeVar("T")


def validate(
    weights: Path, data: str, split: str, imgsz: int, device: str | None = None
) -> tuple[Any, list[PictureResult]]:
    """Validate a detection or segmentation network with Ultralytics' default arguments.

    Returns:
        Ultralytics' metrics, and the pictures in the order of their names.

    Raises:
        As `validate_and_keep`.
    """
    return validate_and_keep(weights, data, split, imgsz, device, keep=lambda picture: picture)[:2]


def validate_and_keep(
    weights: Path,
    data: str,
    split: str,
    imgsz: int | None,
    device: str | None = None,
    *,
    keep: Callable[[PictureResult], T],
) -> tuple[Any, list[T], int]:
    """Validate a network with Ultralytics' default arguments and keep what a function returns of every picture.

    Where the time limit of Ultralytics' NMS, which is for a batch, ends it too early, smaller batches follow.

    Returns:
        Ultralytics' metrics, what was kept, in the order of the pictures' names, and the longer side of the input.

    Raises:
        ImportError: If masks are to be kept and faster-coco-eval is missing.
        TimeoutError: If the machine was so busy that Ultralytics gave up NMS and left detections out.
    """
    from ultralytics import YOLO  # noqa: PLC0415 - seconds to import

    from lidd_yolo.training.nms_watch import listen_to_nms  # noqa: PLC0415 - seconds to import

    for batch in _BATCHES:
        model = YOLO(weights)
        with listen_to_nms() as gave_up, tempfile.TemporaryDirectory() as folder:  # which the validator fills in vain
            recorder = _Recorder(gave_up, keep)
            model.add_callback("on_val_batch_start", recorder.attach)
            words = {"split": split, "imgsz": imgsz, "device": device, "batch": batch}
            words = {key: value for key, value in words.items() if value is not None}
            try:
                metrics = model.val(data=data, plots=False, verbose=False, project=folder, **words)
            except TimeoutError:
                if batch == _BATCHES[-1]:
                    raise
            else:
                break
    return metrics, [kept for _, kept in sorted(recorder.results, key=lambda named: named[0])], recorder.side


_BATCHES = (16, 4, 1)
"""Pictures in a batch: Ultralytics' default first."""


class _Recorder(Generic[T]):
    """Takes from a running validator what it found, as long as NMS is complete; the validator runs in one process."""

    def __init__(self, gave_up: Callable[[], bool], keep: Callable[[PictureResult], T]) -> None:
        self.gave_up, self.keep = gave_up, keep
        self.results: list[tuple[str, T]] = []
        self.side = 0
        self._masks: list[tuple[dict[str, Any], ...]] = []
        self._attached = False

    def attach(self, validator: Any) -> None:
        """Listen to the validator's public methods, from its first batch on: by then all its parts exist."""
        if self._attached:
            return
        self._attached = True
        self.side = int(np.max(validator.args.imgsz))
        labels = {label["im_file"]: label for label in validator.dataloader.dataset.labels}
        update = validator.update_metrics

        def update_and_keep(preds: Any, batch: dict[str, Any]) -> None:
            if self.gave_up():
                raise TimeoutError(
                    "Ultralytics gave up NMS after its time limit and left detections out: free the machine"
                )
            before = len(_stats(validator)["conf"])
            update(preds, batch)
            added = {key: rows[before:] for key, rows in _stats(validator).items()}
            self._keep(preds, batch, [labels[file] for file in batch["im_file"]], added)

        validator.update_metrics = update_and_keep
        if validator.args.task == "segment":
            validator.process = self._listening(validator.process)

    def _listening(self, process: Any) -> Any:
        """Return the validator's mask function; it also keeps the masks in the resolution of the network's input."""
        from ultralytics.utils.ops import process_mask_native  # noqa: PLC0415 - seconds to import

        def process_and_keep(prototypes: Any, coefficients: Any, boxes: Any, shape: Any) -> Any:
            if len(coefficients):
                masks = process_mask_native(prototypes, coefficients[:MOST], boxes[:MOST], tuple(shape))
                self._masks.append(run_lengths(_array(masks).astype(np.uint8)))
            return process(prototypes, coefficients, boxes, shape=shape)

        return process_and_keep

    def _keep(self, preds: Any, batch: dict[str, Any], labels: list[Any], stats: dict[str, list[Any]]) -> None:
        """Keep the pictures of a batch, given their labels and the rows that the validator added for them."""
        preds = preds[0] if isinstance(preds, tuple) else preds
        all_boxes = [_array(pred["bboxes"] if isinstance(pred, dict) else pred[:, :4]) for pred in preds]
        skips = len(stats["conf"]) < len(all_boxes)  # older releases have no row for a picture with neither
        row = 0
        for index, (label, boxes) in enumerate(zip(labels, all_boxes, strict=True)):
            judged = dict.fromkeys(stats, ())
            if not skips or len(boxes) or len(label["cls"]):
                judged = {key: rows[row] for key, rows in stats.items()}
                row += 1
            masks = None
            if "tp_m" in stats:
                masks = self._masks.pop(0) if len(boxes) else ()
            result = _result(label, batch, index, boxes, judged, masks)
            self.results.append((result.name, self.keep(result)))


def _result(
    label: dict[str, Any],
    batch: dict[str, Any],
    index: int,
    boxes: NDArray[Any],
    judged: dict[str, Any],
    masks: tuple[dict[str, Any], ...] | None,
) -> PictureResult:
    """Put together one picture; detections come from the suppression in falling confidence."""
    (gain_h, gain_w), pad = batch["ratio_pad"][index]
    height, width = batch["ori_shape"][index]
    scale = np.array([width * gain_w, height * gain_h])
    xywh = np.asarray(label["bboxes"], dtype=np.float64).reshape(-1, 4)
    corners = [(xywh[:, :2] + sign * xywh[:, 2:] / 2) * scale + pad for sign in (-1, 1)]
    rings = [(np.asarray(ring, dtype=np.float64) * scale + pad) for ring in label["segments"]]
    return PictureResult(
        file=Path(label["im_file"]),
        shape=tuple(batch["img"].shape[2:]),
        placed=(*scale / (width, height), *pad),
        truth_class=np.asarray(label["cls"]).reshape(-1).astype(np.int64),
        truth_boxes=np.concatenate(corners, axis=1),
        truth_rings=tuple(rings),
        found_class=_array(judged["pred_cls"])[:MOST].astype(np.int64),
        confidence=_array(judged["conf"])[:MOST].astype(np.float32),
        found_boxes=boxes[:MOST].astype(np.float64),
        correct=_flags(judged["tp"]),
        mask_correct=None if masks is None else _flags(judged["tp_m"]),
        found_masks=masks,
    )


def _stats(validator: Any) -> dict[str, list[Any]]:
    """Return the rows that a validator collects, one for each picture: part of its metrics since 8.3.1xx."""
    stats: dict[str, list[Any]] = getattr(validator.metrics, "stats", None) or validator.stats
    return stats


def _flags(judged: Any) -> NDArray[np.bool_]:
    return _array(judged)[:MOST].astype(bool).reshape(-1, LEVELS)


def _array(values: Any) -> NDArray[Any]:
    """Return a tensor on any device, an array or a sequence as an array."""
    return np.asarray(values.cpu() if hasattr(values, "cpu") else values)
