"""Inspect a network: choose thresholds on the validation part and say what they are worth on the test part."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lidd_yolo import __version__
from lidd_yolo.data.readers.data_yaml import YoloSet, read_yolo_set
from lidd_yolo.data.splits.report import data_identity
from lidd_yolo.errors import InputError
from lidd_yolo.files import all_or_nothing, check_new
from lidd_yolo.inspection.counts import Counts, Tallies, count_at, rejected_pictures, repeat_tally
from lidd_yolo.inspection.intervals import Interval, Tally, difference_interval
from lidd_yolo.inspection.operating_file import OPERATING_FILE, OperatingFile, PromisedFigure, weights_sha256
from lidd_yolo.inspection.operating_point import (
    Criterion,
    LeastCost,
    MaxFalseAlarms,
    MinRecall,
    OperatingPoint,
    choose_thresholds,
)
from lidd_yolo.inspection.probability_of_detection import DetectionCurve, fit_detection_curve
from lidd_yolo.inspection.recall_promise import RecallPromise, promise_recall
from lidd_yolo.inspection.validated import ValidatedPart, validate_part

PAGE, FIGURES = "inspection.html", "inspection.json"
PROMISES = (0.01, 0.05, 0.1)
"""Expected shares of missed defects for which a threshold is looked for."""
KINDS = ("missed defects", "missed parts", "rejected good parts")
"""What is counted, in the order of `Tallies`."""


@dataclass(frozen=True, eq=False)
class HeldPromise:
    """A recall promise and what its threshold misses on the test part."""

    promise: RecallPromise
    test: Tally | None


@dataclass(frozen=True, eq=False)
class Rival:
    """Another network at the same criterion: its figures on test, and by how much the first one's are higher."""

    weights: Path
    point: OperatingPoint
    test: Counts
    differences: Mapping[str, Interval]


@dataclass(frozen=True, repr=False, eq=False)
class Inspection:
    """What `inspect` found and wrote.

    Args:
        folder: Where page, figures and operating point are.
        weights: The network.
        data: The data set.
        data_sha256: Hash of its split, or of its YAML where it states none.
        point: The operating point.
        val: The part that the thresholds were chosen on.
        test: The part that the figures are of.
        on_val: What the thresholds lead to on val.
        on_test: And on test.
        promises: Recall promises.
        curves: Probability of detection over size, by class.
        unit: Of the sizes: ``px`` or ``mm``.
        repeats: Parts whose shots all have the same verdict; None if not asked for.
        against: Another network; None if not asked for.
    """

    folder: Path
    weights: Path
    data: YoloSet
    data_sha256: str
    point: OperatingPoint
    val: ValidatedPart
    test: ValidatedPart
    on_val: Counts
    on_test: Counts
    promises: tuple[HeldPromise, ...]
    curves: Mapping[str, DetectionCurve]
    unit: str = "px"
    repeats: Tally | None = None
    against: Rival | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the criterion is kept on test: None if it is there, but not shown at 95 %, or if it asks for none."""
        asked = self.asked
        if any(tally.total and tally.event_count > limit * tally.total + 1e-9 for _, tally, limit in asked):
            return False
        shown = asked and all(tally.interval().high <= limit for _, tally, limit in asked)
        return True if shown else None

    @property
    def asked(self) -> list[tuple[str, Tally, float]]:
        """What the criterion asks for on test: name, counts, and the share that they may not exceed."""
        criterion = self.point.criterion
        if isinstance(criterion, MaxFalseAlarms):
            return [("rejected good parts", self.on_test.together.rejected_good, criterion.share)]
        if isinstance(criterion, MinRecall):
            tallies = {name: tallies.missed_defects for name, tallies in self.on_test.of_class.items()}
            return [(f"missed {name}", tally, 1 - criterion.share) for name, tally in tallies.items() if tally.total]
        return []

    @property
    def sentences(self) -> list[str]:
        """The verdict, then what is to be known of it."""
        together = self.on_test.together
        words = [f"misses {in_words(together.missed_defects, 'defects')}"]
        words.append(f"lets {in_words(together.missed_parts, f'{self.parts_name} with defects')} pass")
        if together.rejected_good.total:
            words.append(f"rejects {in_words(together.rejected_good, f'good {self.parts_name}')}")
        first = f"On test, {self.weights.name} {', '.join(words[:-1])} and {words[-1]}."
        return [first, self._verdict, *self.notes]

    @property
    def parts_name(self) -> str:
        """What is accepted or rejected as a whole."""
        return "pictures" if self.repeats is None else "parts"

    @property
    def _verdict(self) -> str:
        criterion = self.point.criterion
        if isinstance(criterion, LeastCost):
            misses, alarms = self.on_test.together.missed_defects, self.on_test.together.rejected_good
            cost = criterion.miss * misses.event_count + criterion.false_alarm * alarms.event_count
            count = len(self.test.inspected.group_of_part)
            return f"That costs {cost:g} for {count} {self.parts_name}, {cost / count:.3g} each."
        if isinstance(criterion, MaxFalseAlarms):
            asked = f"at most {percent(criterion.share)} of good {self.parts_name} rejected"
        else:
            asked = f"at least {percent(criterion.share)} of the defects of every class found"
        if self.kept is None:
            return f"Asked for: {asked}. Kept on these pictures, but too few to show it for others."
        if self.kept:
            return f"Asked for: {asked}. Kept, and shown at 95 %."
        over = [
            f"{name} {percent(tally.event_count / tally.total)}"
            for name, tally, limit in self.asked
            if tally.total and tally.event_count > limit * tally.total + 1e-9
        ]
        return f"Asked for: {asked}. Not kept on test: {', '.join(over)}."

    @property
    def notes(self) -> list[str]:
        """What a reader must know of the data and the choice."""
        notes = list(self.point.notes)
        if not self.test.stated:
            notes.append(
                "The data set does not say which pictures are alike (lidd data groups finds out): every picture counts "
                "as independent, so the intervals may be too narrow."
            )
        return notes

    def __repr__(self) -> str:
        thresholds = ", ".join(f"{name} {value:.3g}" for name, value in self.point.thresholds.items())
        lines = [*self.sentences, f"Thresholds, chosen on val: {thresholds}", f"wrote {self.folder / PAGE}"]
        return "\n".join(lines)


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
    against: str | Path | None = None,
    repeat: bool = False,
    mm_per_pixel: float | None = None,
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
        against: Another network, inspected by the same criterion.
        repeat: The pictures of a group are shots of one part: the parts are judged, and how far their shots agree.
        mm_per_pixel: Scale of the pictures; sizes are then in mm.
        pictures: Whether the page holds cuttings of the pictures.
        out: Folder to write; it must not exist.
        say: Called with a line before each pass.

    Raises:
        InputError: If not exactly one criterion is given, the data set or the network cannot be used, or the data set
            has not what the criterion is about.
        FileExistsError: If the folder exists.
        ImportError: If SciPy or Jinja2 is missing.
    """
    criterion = _criterion(max_false_alarms, cost, min_recall)
    if mm_per_pixel is not None and not (0 < mm_per_pixel < math.inf):
        raise InputError(f"mm per pixel: a number above 0, not {mm_per_pixel}")
    networks = [_existing(Path(file)) for file in (weights, against) if file is not None]
    out = Path(out)
    check_new(out)
    data_set = read_yolo_set(data)
    for split in ("val", "test"):
        if not data_set.pictures.get(split):
            raise InputError(
                f"{data_set.file}: no pictures in {split}: thresholds are chosen on val and judged on test "
                "(lidd data split makes both)"
            )
    from lidd_yolo.inspection.page import inspection_page  # noqa: PLC0415 - a missing Jinja2 is said before the passes

    def passes(network: Path) -> tuple[ValidatedPart, ValidatedPart]:
        parts = []
        for split in ("val", "test"):
            say(f"{network.name} on {split}, {len(data_set.pictures[split])} pictures")
            parts.append(
                validate_part(network, data_set, split, iou=iou, imgsz=imgsz, device=device, repeat=repeat)
            )
        return parts[0], parts[1]

    val, test = passes(networks[0])
    point = choose_thresholds(val.inspected, criterion)
    on_test = count_at(test.inspected, point.thresholds)
    rival = None
    if against is not None:
        rival = _rival(networks[1], *passes(networks[1]), criterion, on_test)
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
        curves=_detection_curves(test, point, mm_per_pixel or 1.0),
        unit="px" if mm_per_pixel is None else "mm",
        repeats=_repeats(test, point) if repeat else None,
        against=rival,
    )
    with all_or_nothing(out) as folder:
        _operating_file(inspection).write(folder / OPERATING_FILE)
        (folder / FIGURES).write_text(json.dumps(figures(inspection), indent=1) + "\n", encoding="utf-8")
        (folder / PAGE).write_text(inspection_page(inspection, with_pictures=pictures), encoding="utf-8")
    return inspection


def _criterion(
    max_false_alarms: float | None, cost: tuple[float, float] | None, min_recall: float | None
) -> Criterion:
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
    from lidd_yolo.files import sha256  # noqa: PLC0415

    identity = data_identity(str(data.file), data.root)
    return str(identity.get("split_sha256") or identity.get("sha256") or sha256(data.file))


def _held(share: float, val: ValidatedPart, test: ValidatedPart) -> HeldPromise:
    promise = promise_recall(val.inspected, share)
    if promise.threshold is None:
        return HeldPromise(promise, None)
    thresholds = dict.fromkeys(test.inspected.classes, promise.threshold)
    return HeldPromise(promise, count_at(test.inspected, thresholds).together.missed_defects)


def _detection_curves(test: ValidatedPart, point: OperatingPoint, scale: float) -> dict[str, DetectionCurve]:
    """Fit every class over the longer side of its boxes."""
    inspected = test.inspected
    found = inspected.truth_score > inspected.threshold_vector(point.thresholds)[inspected.truth_class]
    group = inspected.group_of_part[inspected.truth_part]
    size = inspected.truth_size.max(axis=1) * scale
    curves = {}
    for number, name in enumerate(inspected.classes):
        of_class = (inspected.truth_class == number) & (size > 0)
        if of_class.any():
            curves[name] = fit_detection_curve(size[of_class], found[of_class], group[of_class])
    return curves


def _repeats(test: ValidatedPart, point: OperatingPoint) -> Tally:
    rejected = rejected_pictures(test.inspected, point.thresholds)
    return repeat_tally(rejected, test.inspected.part, test.inspected.group_of_part)


def _rival(
    weights: Path, val: ValidatedPart, test: ValidatedPart, criterion: Criterion, first: Counts
) -> Rival:
    point = choose_thresholds(val.inspected, criterion)
    counts = count_at(test.inspected, point.thresholds)
    pairs = zip(KINDS, _tallies(first.together), _tallies(counts.together), strict=True)
    differences = {kind: difference_interval(ours, theirs) for kind, ours, theirs in pairs if ours.total}
    return Rival(weights, point, counts, differences)


def _tallies(tallies: Tallies) -> tuple[Tally, Tally, Tally]:
    return tallies.missed_defects, tallies.missed_parts, tallies.rejected_good


def _operating_file(inspection: Inspection) -> OperatingFile:
    return OperatingFile(
        weights=inspection.weights.name,
        weights_sha256=weights_sha256(inspection.weights),
        data=inspection.data.file.name,
        data_sha256=inspection.data_sha256,
        classes=inspection.val.inspected.classes,
        thresholds=inspection.point.thresholds,
        criterion=inspection.point.criterion,
        match=inspection.val.inspected.rule,
        figures=[
            PromisedFigure(kind, "test", *asdict(tally.interval()).values(), tally.event_count, tally.total, tally.groups, name)
            for name, tallies in {"": inspection.on_test.together, **inspection.on_test.of_class}.items()
            for kind, tally in zip(KINDS, _tallies(tallies), strict=True)
            if tally.total
        ],
        lidd_yolo=__version__,
    )


def figures(inspection: Inspection) -> dict[str, Any]:
    """Return all figures as plain values, in the order of the page."""
    content: dict[str, Any] = {
        "sentences": inspection.sentences,
        "kept": inspection.kept,
        **_operating_file(inspection).content(),
        "val": _plain_counts(inspection.on_val),
        "test": _plain_counts(inspection.on_test),
        "recall_promises": [
            {**asdict(held.promise), "test": None if held.test is None else _plain(held.test)}
            for held in inspection.promises
        ],
        "probability_of_detection": {
            "unit": inspection.unit,
            **{name: _plain_curve(curve) for name, curve in inspection.curves.items()},
        },
    }
    if inspection.repeats is not None:
        content["repeats"] = _plain(inspection.repeats)
    if inspection.against is not None:
        rival = inspection.against
        content["against"] = {
            "weights": rival.weights.name,
            "thresholds": rival.point.thresholds,
            "test": _plain_counts(rival.test),
            "first_minus_second": {kind: asdict(interval) for kind, interval in rival.differences.items()},
        }
    return content


def _plain(tally: Tally) -> dict[str, Any]:
    if not tally.total:
        return {"events": 0, "total": 0}
    return {"events": tally.event_count, "total": tally.total, "groups": tally.groups, **asdict(tally.interval())}


def _plain_counts(counts: Counts) -> dict[str, Any]:
    def plain(tallies: Tallies) -> dict[str, Any]:
        return {kind: _plain(tally) for kind, tally in zip(KINDS, _tallies(tallies), strict=True)}

    of_class = {name: plain(tallies) for name, tallies in counts.of_class.items()}
    return {"together": plain(counts.together), "of_class": of_class, "confusions": counts.confusions.tolist()}


def _plain_curve(curve: DetectionCurve) -> dict[str, Any]:
    names = ("hits", "misses", "warnings", "scale", "intercept", "slope", "design_effect", "a90_95")
    plain = {name: getattr(curve, name) for name in names}
    return plain | {name: asdict(size) for name in ("a50", "a90") if (size := getattr(curve, name)) is not None}


def percent(share: float) -> str:
    """Return a share as readers read it: ``2.5 %``."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %" if share >= 0.001 else f"{100 * share:.2g} %"


def in_words(tally: Tally, units: str) -> str:
    """Return a share with what it rests on: ``3 of 120 defects (2.5 %, 95 % interval 0.9 to 6.1 %)``."""
    share = tally.interval()
    if not tally.total:
        return f"0 of 0 {units}"
    ends = f"{100 * share.low:.1f} to {100 * share.high:.1f} %"
    return f"{tally.event_count} of {tally.total} {units} ({percent(share.value)}, 95 % interval {ends})"
