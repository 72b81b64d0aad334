"""Inspect a network: choose thresholds on the validation part and say what they are worth on the test part."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lidd_yolo.data.readers.data_yaml import YoloSet, read_yolo_set
from lidd_yolo.data.splits.report import data_identity
from lidd_yolo.errors import InputError
from lidd_yolo.files import all_or_nothing, check_new, sha256
from lidd_yolo.inspection.counts import Counts, count_at, rejected_pictures, repeat_tally
from lidd_yolo.inspection.intervals import Tally, difference_interval
from lidd_yolo.inspection.measures import MillimetreScale, read_scale
from lidd_yolo.inspection.operating_file import OPERATING_FILE
from lidd_yolo.inspection.operating_point import (
    Criterion,
    LeastCost,
    MaxFalseAlarms,
    MinRecall,
    OperatingPoint,
    choose_thresholds,
)
from lidd_yolo.inspection.page import inspection_page
from lidd_yolo.inspection.probability_of_detection import DetectionCurve, fit_detection_curve
from lidd_yolo.inspection.recall_promise import promise_recall
from lidd_yolo.inspection.result import KINDS, PAGE, HeldPromise, Inspection, Rival, each_tally, figures, operating_file
from lidd_yolo.inspection.tiles import read_joinable
from lidd_yolo.inspection.validated import ValidatedPart, validate_part
from lidd_yolo.optional import load_extra

FIGURES = "inspection.json"
PROMISES = (0.01, 0.05, 0.1)
"""Expected shares of missed defects for which a threshold is looked for."""


def inspect(  # noqa: PLR0913 - a criterion, and what `yolo val` takes
    weights: str | Path,
    data: str,
    *,
    max_false_alarms: float | None = None,
    cost: tuple[float, float] | None = None,
    min_recall: float | None = None,
    iou: float = 0.5,
    imgsz: int | None = None,
    device: str | None = None,
    tile: str | int | None = None,
    against: str | Path | None = None,
    repeat: bool = False,
    mm_per_pixel: float | str | Path | None = None,
    pictures: bool = True,
    out: str | Path = "inspection",
    say: Callable[[str], None] = lambda _: None,
) -> Inspection:
    """Choose a threshold for each class on val and report on test what they lead to; write page and files.

    Args:
        weights: Checkpoint or exported file of any detector or segmenter of Ultralytics.
        data: Data YAML with ``val`` and ``test``.
        max_false_alarms: Criterion: at most this share of the good parts is rejected.
        cost: Criterion: the least sum of what a missed defect and a rejected good part cost.
        min_recall: Criterion: at least this share of the defects of every class is found.
        iou: Least intersection over union of a detection and the defect that it finds.
        imgsz: Side of the input in pixels; None for that of the training.
        device: What Ultralytics calls it.
        tile: The network sees the pictures in tiles, as `predict` cuts and joins them: ``SIDE`` or ``SIDE:OVERLAP`` in
            pixels. Labels and figures are of the whole pictures.
        against: Another network, inspected by the same criterion.
        repeat: The pictures of a group are shots of one part: the parts are judged, and how far their shots agree.
        mm_per_pixel: Number, CSV file, or two points and a length, see `read_scale`; sizes are then in mm.
        pictures: Whether the page holds cuttings of the pictures.
        out: Folder to write; it must not exist.
        say: Called with a line before each pass.

    Raises:
        InputError: If not exactly one criterion is given, an argument, the data set or the network cannot be used, or
            the data set has not what the criterion is about.
        FileExistsError: If the folder exists.
        ImportError: If SciPy or Jinja2 is missing, or tiles are asked for and sahi is.
    """
    criterion = _criterion(max_false_alarms, cost, min_recall)
    tiling = None if tile is None else read_joinable(tile)
    scale = MillimetreScale(1.0) if mm_per_pixel is None else read_scale(mm_per_pixel)
    out = Path(out)
    check_new(out)
    data_set = read_yolo_set(data)
    for split in ("val", "test"):
        if not data_set.pictures.get(split):
            raise InputError(
                f"{data_set.file}: no pictures in {split}: thresholds are chosen on val and judged on test "
                "(lidd data split makes both)"
            )
    if all(scale.at(str(picture)) is None for picture in data_set.pictures["test"]):
        raise InputError(f"{mm_per_pixel}: no picture of test in {data_set.file} is in it")
    networks = [_existing(Path(file)) for file in (weights, against) if file is not None]
    for module in ("jinja2", "scipy.special"):
        load_extra(module, "inspect")  # what is missing is said before the passes

    def validated(network: Path, split: str) -> ValidatedPart:
        say(f"{network.name} on {split}, {len(data_set.pictures[split])} pictures")
        return validate_part(
            network, data_set, split, iou=iou, imgsz=imgsz, device=device, repeat=repeat, tiling=tiling
        )

    val = validated(networks[0], "val")
    point = choose_thresholds(val.inspected, criterion)  # refused, if it is, before the pass over test
    test = validated(networks[0], "test")
    on_test = count_at(test.inspected, point.thresholds)
    rival = None
    if against is not None:
        rival = _rival(networks[1], validated(networks[1], "val"), validated(networks[1], "test"), criterion, on_test)
    inspection = Inspection(
        folder=out,
        weights=networks[0],
        data=data_set,
        data_sha256=_data_hash(data_set),
        point=point,
        val=val,
        test=test,
        on_val=count_at(val.inspected, point.thresholds),
        on_test=on_test,
        promises=tuple(_held(share, val, test) for share in PROMISES),
        curves=_detection_curves(test, point, scale),
        unit="px" if mm_per_pixel is None else "mm",
        without_scale=sum(scale.at(picture.name) is None for picture in test.pictures if len(picture.truth_class)),
        tiling=tiling,
        repeats=_repeats(test, point) if repeat else None,
        against=rival,
    )
    with all_or_nothing(out) as folder:
        operating_file(inspection).write(folder / OPERATING_FILE)
        (folder / FIGURES).write_text(json.dumps(figures(inspection), indent=1) + "\n", encoding="utf-8")
        (folder / PAGE).write_text(inspection_page(inspection, with_pictures=pictures), encoding="utf-8")
    return inspection


def _criterion(max_false_alarms: float | None, cost: tuple[float, float] | None, min_recall: float | None) -> Criterion:
    given: list[Criterion] = []
    if max_false_alarms is not None:
        given.append(MaxFalseAlarms(max_false_alarms))
    if cost is not None:
        given.append(LeastCost(*cost))
    if min_recall is not None:
        given.append(MinRecall(min_recall))
    if len(given) != 1:
        raise InputError(
            "ask for one of: --max-false-alarms 1%, --cost miss=50,false-alarm=1, --min-recall 99%"
            + (f" ({len(given)} are given)" if given else "")
        )
    return given[0]


def _existing(weights: Path) -> Path:
    """Return the file of weights, of those that come with the package by their name too."""
    if weights.exists():
        return weights
    from lidd_yolo.models import pretrained  # noqa: PLC0415 - loads torch

    if found := pretrained.find(weights):
        return found
    raise InputError(f"no weights {weights}")


def _data_hash(data: YoloSet) -> str:
    identity = data_identity(str(data.file), data.root)
    return str(identity.get("split_sha256") or sha256(data.file))


def _held(share: float, val: ValidatedPart, test: ValidatedPart) -> HeldPromise:
    promise = promise_recall(val.inspected, share)
    if promise.threshold is None:
        return HeldPromise(promise, None)
    thresholds = dict.fromkeys(test.inspected.classes, promise.threshold)
    return HeldPromise(promise, count_at(test.inspected, thresholds).together.missed_defects)


def _detection_curves(test: ValidatedPart, point: OperatingPoint, scale: MillimetreScale) -> dict[str, DetectionCurve]:
    """Fit every class over the longer side of its boxes, in the pictures whose scale is known."""
    inspected = test.inspected
    found = inspected.truth_score > inspected.threshold_vector(point.thresholds)[inspected.truth_class]
    group = inspected.group_of_part[inspected.truth_part]
    scales = np.array([scale.at(picture) or 0 for picture in inspected.pictures])
    size = inspected.truth_size.max(axis=1) * scales[inspected.truth_picture]
    curves = {}
    for number, name in enumerate(inspected.classes):
        of_class = (inspected.truth_class == number) & (size > 0)
        if of_class.any():
            curves[name] = fit_detection_curve(size[of_class], found[of_class], group[of_class])
    return curves


def _repeats(test: ValidatedPart, point: OperatingPoint) -> Tally:
    rejected = rejected_pictures(test.inspected, point.thresholds)
    return repeat_tally(rejected, test.inspected.part, test.inspected.group_of_part)


def _rival(weights: Path, val: ValidatedPart, test: ValidatedPart, criterion: Criterion, first: Counts) -> Rival:
    point = choose_thresholds(val.inspected, criterion)
    counts = count_at(test.inspected, point.thresholds)
    pairs = zip(KINDS, each_tally(first.together), each_tally(counts.together), strict=True)
    differences = {kind: difference_interval(ours, theirs) for kind, ours, theirs in pairs if ours.total}
    return Rival(weights, point, counts, differences)
