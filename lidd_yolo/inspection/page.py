"""The page of an inspection: verdict, missed against rejected, every class, detection over size, and what was seen."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo import __version__
from lidd_yolo.inspection.intervals import Interval
from lidd_yolo.inspection.operating_point import MinRecall, choose_thresholds, frontier
from lidd_yolo.inspection.pictures import Inspected, InspectedPicture
from lidd_yolo.inspection.probability_of_detection import DetectionCurve
from lidd_yolo.inspection.result import KINDS, Inspection, each_tally, in_words, percent
from lidd_yolo.inspection.validated import ValidatedPart
from lidd_yolo.report.charts import Chart, Curve, Mark, across, linear_ticks, log_ticks, points, ticks_of, up
from lidd_yolo.report.page import rendered

_POINTS = 60
"""Operating points of a curve."""
_CUTTINGS = 12
_SIDE = 200  # pixels of a cutting
_AROUND = 1.6  # side of a cutting over the longer side of what it shows
_LEAST = 64  # pixels of the picture in a cutting
_LABEL, _DETECTION = (115, 158, 0), (0, 94, 213)  # blue, green, red; told apart by the colour-blind


@dataclass(frozen=True)
class Cutting:
    """A piece of a picture, as a JPEG address, and words."""

    address: str
    title: str
    text: str


@dataclass(frozen=True)
class ClassLine:
    """A row of the table of classes: name, threshold, and figures with their intervals."""

    name: str
    threshold: str
    cells: tuple[tuple[str, str], ...]


def inspection_page(inspection: Inspection, *, with_pictures: bool = True) -> str:
    """Return the page; ``with_pictures=False`` leaves out the cuttings, so that no picture leaves the house."""
    return rendered(
        "inspection.html.j2",
        inspection=inspection,
        headings=[kind.replace("parts", inspection.parts_name) for kind in KINDS],
        lines=_class_lines(inspection),
        trade_off=trade_off(inspection),
        confusions=inspection.on_test.confusions.tolist(),
        promises=_promise_lines(inspection),
        detection=[
            _detection_chart(name, curve, inspection.unit)
            for name, curve in inspection.curves.items()
            if curve.sizes is not None
        ],
        sizes=[(name, *_size_words(curve, inspection.unit)) for name, curve in inspection.curves.items()],
        misses=_misses(inspection) if with_pictures else [],
        alarms=_alarms(inspection) if with_pictures else [],
        with_pictures=with_pictures,
        repeats="" if inspection.repeats is None else in_words(inspection.repeats, "parts"),
        facts=_facts(inspection),
        percent=percent,
        version=__version__,
    )


def trade_off(inspection: Inspection) -> Chart:
    """Return missed defects against rejected good parts, over operating points chosen on val, and the chosen one.

    Where there are no good parts, against detections that lie on no defect, per part.
    """
    val, test = inspection.val.inspected, inspection.test.inspected
    with_good = bool(val.good.any() and test.good.any())
    limits = _operating_points(val, with_good)
    chosen = val.threshold_vector(inspection.point.thresholds)
    curves = [[_shares(part, vector, with_good) for vector in limits] for part in (val, test)]
    marks = [_shares(part, chosen, with_good) for part in (val, test)]
    x_values = linear_ticks(0, max(x for curve in [*curves, marks] for x, _ in curve) or 0.01)
    ends = inspection.on_test.together.missed_defects.interval()
    y_values = linear_ticks(0, max(ends.high, *(y for curve in [*curves, marks] for _, y in curve)))
    x_axis, y_axis = across(x_values), up(y_values)

    def place(pair: tuple[float, float]) -> tuple[float, float]:
        return x_axis.place(pair[0]), y_axis.place(pair[1])

    drawn_marks = []
    for series, (name, pair) in enumerate(zip(("val", "test"), marks, strict=True)):
        x, y = place(pair)
        interval = (x, y_axis.place(ends.low), x, y_axis.place(ends.high))
        text = f"chosen point on {name}: misses {percent(pair[1])} of the defects"
        drawn_marks.append(Mark(series, x, y, text, interval if series else None))
    name = (
        f"good {inspection.parts_name} rejected"
        if with_good
        else f"detections on no defect, per {inspection.parts_name[:-1]}"
    )
    return Chart(
        "missed defects over false alarms",
        f"share of {name}" if with_good else name,
        ticks_of(x_axis, x_values),
        ticks_of(y_axis, y_values),
        marks=tuple(drawn_marks),
        curves=tuple(
            Curve(series, points(sorted(place(pair) for pair in curve)), dashed=not series)
            for series, curve in enumerate(curves)
        ),
        note="Vertical: share of missed defects. Every point is a set of thresholds chosen on val.",
    )


def _operating_points(val: Inspected, with_good: bool) -> list[NDArray[np.float64]]:
    if with_good:
        vectors = frontier(val).thresholds
        chosen = np.unique(np.linspace(0, len(vectors) - 1, _POINTS).round().astype(int))
        return [vectors[number] for number in chosen]
    shares = np.linspace(0.4, 1, _POINTS)
    return [val.threshold_vector(choose_thresholds(val, MinRecall(float(share))).thresholds) for share in shares]


def _shares(inspected: Inspected, limits: NDArray[np.float64], with_good: bool) -> tuple[float, float]:
    """Return false alarms and missed defects at a threshold for each class, as shares."""
    lost = inspected.truth_score <= limits[inspected.truth_class]
    missed = float(lost.mean()) if len(lost) else 0.0
    if with_good:
        rejected = inspected.good & (inspected.part_score > limits).any(axis=1)
        return float(rejected.sum() / inspected.good.sum()), missed
    return float(_on_no_defect(inspected, limits).sum() / len(inspected.group_of_part)), missed


def _on_no_defect(inspected: Inspected, limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which detections count though they lie on no defect, shape ``(D,)``."""
    counts = inspected.confidence > limits[inspected.found_class]
    alone: NDArray[np.bool_] = counts & (inspected.found_truth < 0) & (inspected.found_on < 0)
    return alone


def _class_lines(inspection: Inspection) -> list[ClassLine]:
    rows = {"all classes": inspection.on_test.together, **inspection.on_test.of_class}
    lines = []
    for name, tallies in rows.items():
        threshold = inspection.point.thresholds.get(name)
        cells = []
        for tally in each_tally(tallies):
            share = tally.interval()
            ends = f"{percent(share.value)} ({100 * share.low:.1f} to {100 * share.high:.1f})"
            cells.append((f"{tally.event_count} of {tally.total}", ends) if tally.total else ("–", ""))
        lines.append(ClassLine(name, "" if threshold is None else f"{threshold:.3g}", tuple(cells)))
    return lines


def _promise_lines(inspection: Inspection) -> list[tuple[str, str, str]]:
    lines = []
    for held in inspection.promises:
        promise = held.promise
        threshold = promise.reason if promise.threshold is None else f"{promise.threshold:.3g}"
        seen = "" if held.test is None else f"{percent(held.test.mean_of_groups)} of a group's defects on average"
        lines.append((percent(promise.share), threshold, seen))
    return lines


def _detection_chart(name: str, curve: DetectionCurve, unit: str) -> Chart:
    sizes, pod, least, most = curve.sizes, curve.pod, curve.low, curve.high
    assert sizes is not None
    assert pod is not None
    assert least is not None
    assert most is not None
    log = sizes[-1] / sizes[0] > 8
    low, high = float(sizes[0]), float(sizes[-1])
    x_values, y_values = (log_ticks if log else linear_ticks)(low, high), [0, 0.2, 0.4, 0.6, 0.8, 1]
    x_axis, y_axis = across(x_values, log=log), up(y_values)

    def line(values: NDArray[np.float64]) -> list[tuple[float, float]]:
        return [(x_axis.place(size), y_axis.place(value)) for size, value in zip(sizes, values, strict=True)]

    marks = tuple(
        Mark(1, x_axis.place(size.value), y_axis.place(share), f"{label}: {size.value:.3g} {unit}")
        for label, size, share in (("a50", curve.a50, 0.5), ("a90", curve.a90, 0.9))
        if size is not None
    )
    if curve.a90_95 is not None:
        marks += (Mark(2, x_axis.place(curve.a90_95), y_axis.place(0.9), f"a90/95: {curve.a90_95:.3g} {unit}"),)
    return Chart(
        f"{name}: {curve.hits} found, {curve.misses} missed",
        f"longer side of the box, {unit}{' (log scale)' if log else ''}",
        ticks_of(x_axis, x_values),
        ticks_of(y_axis, y_values),
        marks=marks,
        curves=(Curve(0, points(line(pod)), points(line(least) + line(most)[::-1])),),
    )


def _size_words(curve: DetectionCurve, unit: str) -> tuple[str, str, str, str]:
    def words(size: Interval | None) -> str:
        return f"{size.value:.3g} {unit} ({size.low:.3g} to {size.high:.3g})" if size else "–"

    bound = f"{curve.a90_95:.3g} {unit}" if curve.a90_95 else "–"
    return words(curve.a50), words(curve.a90), bound, " ".join(curve.warnings)


def _misses(inspection: Inspection) -> list[Cutting]:
    """Return the missed defects that are largest beside those of their class."""
    inspected = inspection.test.inspected
    limits = inspected.threshold_vector(inspection.point.thresholds)
    missed = np.flatnonzero(inspected.truth_score <= limits[inspected.truth_class])
    size = np.sqrt(inspected.truth_size.prod(axis=1))
    usual = np.ones(len(inspected.classes))
    for number in np.unique(inspected.truth_class):
        usual[number] = max(np.median(size[inspected.truth_class == number]), 1.0)
    order = missed[np.argsort(-size[missed] / usual[inspected.truth_class[missed]], kind="stable")]
    first = np.unique(inspected.truth_picture, return_index=True)[1]
    start = dict(zip(inspected.truth_picture[first].tolist(), first.tolist(), strict=True))
    cuttings = []
    for number in order[:_CUTTINGS].tolist():
        place = int(inspected.truth_picture[number])
        picture = inspection.test.pictures[place]
        box = picture.truth_boxes[number - start[place]]
        name = inspected.classes[inspected.truth_class[number]]
        best, limit = inspected.truth_score[number], limits[inspected.truth_class[number]]
        seen = f"best score {best:.2f}, threshold {limit:.2f}" if best else "found at no score"
        cuttings += _cutting(picture, box, _LABEL, f"{name}, {max(box[2:] - box[:2]):.0f} px", seen)
    return cuttings


def _alarms(inspection: Inspection) -> list[Cutting]:
    """Return the detections that count though they lie on no defect: on good parts first, the surest first."""
    inspected = inspection.test.inspected
    number = np.flatnonzero(_on_no_defect(inspected, inspected.threshold_vector(inspection.point.thresholds)))
    good = inspected.good[inspected.part[inspected.found_picture[number]]]
    order = number[np.lexsort((-inspected.confidence[number], ~good))]
    start = np.searchsorted(inspected.found_picture, np.arange(len(inspected.pictures)))
    cuttings = []
    for row in order[:_CUTTINGS].tolist():
        place = int(inspected.found_picture[row])
        picture = inspection.test.pictures[place]
        box = picture.found_boxes[row - int(start[place])]
        name = inspected.classes[inspected.found_class[row]]
        where = f"good {inspection.parts_name[:-1]}" if inspected.good[inspected.part[place]] else "beside a defect"
        cuttings += _cutting(picture, box, _DETECTION, f"{name} {inspected.confidence[row]:.2f}", where)
    return cuttings


def _cutting(
    picture: InspectedPicture, box: NDArray[np.floating], colour: tuple[int, int, int], title: str, text: str
) -> list[Cutting]:
    """Return the surroundings of a box with all labels, thin, and the box itself, or nothing of an unreadable file."""
    image = cv2.imdecode(np.frombuffer(Path(picture.name).read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return []
    side = min(max(_AROUND * float(max(box[2:] - box[:2])), _LEAST), max(image.shape[:2]))
    corner = [
        int(np.clip((box[axis] + box[axis + 2] - side) / 2, 0, max(image.shape[1 - axis] - side, 0))) for axis in (0, 1)
    ]
    piece = image[corner[1] : corner[1] + int(side), corner[0] : corner[0] + int(side)]
    gain = _SIDE / max(piece.shape[:2])
    piece = cv2.resize(piece, None, fx=gain, fy=gain, interpolation=cv2.INTER_CUBIC if gain > 1 else cv2.INTER_AREA)
    for edges, edge_colour, width in (*((label, _LABEL, 1) for label in picture.truth_boxes), (box, colour, 3)):
        left, top, right, bottom = np.rint((edges - np.tile(corner, 2)) * gain).astype(int).tolist()
        cv2.rectangle(piece, (left, top), (right, bottom), edge_colour, width, cv2.LINE_AA)
    encoded = cv2.imencode(".jpg", piece, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    address = f"data:image/jpeg;base64,{base64.b64encode(encoded).decode('ascii')}"
    return [Cutting(address, title, f"{Path(picture.name).name}: {text}")]


def _facts(inspection: Inspection) -> list[tuple[str, str]]:
    def described(part: ValidatedPart) -> str:
        inspected = part.inspected
        groups = len(np.unique(inspected.group_of_part))
        return (
            f"{len(inspected.pictures)} pictures in {groups} groups, {len(inspected.truth_class)} defects, "
            f"{int(inspected.good.sum())} good {inspection.parts_name}"
        )

    rule = inspection.test.inspected.rule
    what = "masks" if rule.by == "mask" else "boxes"
    tiles = f", pictures in tiles of {inspection.tiling} px" if inspection.tiling else ""
    return [
        ("weights", f"{inspection.weights.name}, input of {inspection.val.imgsz} px{tiles}"),
        ("data set", f"{inspection.data.file.name} ({inspection.data_sha256[:12]})"),
        ("thresholds chosen on", f"val: {described(inspection.val)}"),
        ("figures of", f"test: {described(inspection.test)}"),
        ("a defect is found", f"by a detection of its class whose {what} overlap it by {rule.iou:g} or more (IoU)"),
        (f"a missed {inspection.parts_name[:-1]}", "has defects, none of which is found"),
        ("intervals", "95 %, over groups: pictures of one group count as alike"),
        ("written", f"{datetime.now(timezone.utc).date().isoformat()} by lidd-yolo {__version__}"),
    ]
