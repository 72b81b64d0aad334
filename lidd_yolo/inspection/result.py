"""What an inspection found: figures, the sentences that say what they mean, and all of it as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lidd_yolo import __version__
from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.data.tiles import Tiling
from lidd_yolo.inspection.counts import Counts, Tallies
from lidd_yolo.inspection.intervals import Interval, Tally
from lidd_yolo.inspection.operating_file import OperatingFile, PromisedFigure, weights_sha256
from lidd_yolo.inspection.operating_point import LeastCost, MaxFalseAlarms, MinRecall, OperatingPoint
from lidd_yolo.inspection.probability_of_detection import DetectionCurve
from lidd_yolo.inspection.recall_promise import RecallPromise
from lidd_yolo.inspection.validated import ValidatedPart

PAGE = "inspection.html"
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
        without_scale: Pictures of test with defects whose scale is not known.
        tiling: Tiles in which the networks saw the pictures; None for whole pictures.
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
    without_scale: int = 0
    tiling: Tiling | None = None
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
            return [(f"rejected good {self.parts_name}", self.on_test.together.rejected_good, criterion.share)]
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
        if not any(tally.total for _, tally, _ in self.asked):
            return f"Asked for: {asked}. Test has none of them, so nothing shows whether that is kept."
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
        if self.without_scale:
            notes.append(
                f"For {self.without_scale} pictures of test with defects no millimetres are stated: these defects are "
                "counted, but not in the probability of detection over size."
            )
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


def each_tally(tallies: Tallies) -> tuple[Tally, Tally, Tally]:
    """Return what is counted, in the order of `KINDS`."""
    return tallies.missed_defects, tallies.missed_parts, tallies.rejected_good


def operating_file(inspection: Inspection) -> OperatingFile:
    """Return the operating point as the file that travels with the weights."""
    return OperatingFile(
        weights=inspection.weights.name,
        weights_sha256=weights_sha256(inspection.weights),
        data=inspection.data.file.name,
        data_sha256=inspection.data_sha256,
        classes=inspection.val.inspected.classes,
        thresholds=inspection.point.thresholds,
        criterion=inspection.point.criterion,
        match=inspection.val.inspected.rule,
        imgsz=inspection.val.imgsz,
        tile=str(inspection.tiling or ""),
        figures=[
            PromisedFigure(
                name=kind,
                split="test",
                **asdict(tally.interval()),
                events=tally.event_count,
                total=tally.total,
                groups=tally.groups,
                class_name=class_name,
            )
            for class_name, tallies in {"": inspection.on_test.together, **inspection.on_test.of_class}.items()
            for kind, tally in zip(KINDS, each_tally(tallies), strict=True)
            if tally.total
        ],
        lidd_yolo=__version__,
    )


def figures(inspection: Inspection) -> dict[str, Any]:
    """Return all figures as plain values, in the order of the page."""
    content: dict[str, Any] = {
        "sentences": inspection.sentences,
        "kept": inspection.kept,
        **operating_file(inspection).content(),
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
        return {kind: _plain(tally) for kind, tally in zip(KINDS, each_tally(tallies), strict=True)}

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
