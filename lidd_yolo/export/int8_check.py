"""One format in int8: export it in float32, quantise, and judge by the recall of each class and by mAP50-95.

Single outputs of an int8 file differ by percents, so limits on them would say nothing; what must stay is what
the file finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lidd_yolo.export.calibration import Calibration, CalibrationBatches
from lidd_yolo.export.certificate import FormatEntry
from lidd_yolo.export.comparison import Checked, Comparer
from lidd_yolo.export.formats import Variant, int8_key, limits_of
from lidd_yolo.export.int8_layers import Sensitivity, find_sensitive, layer_groups
from lidd_yolo.export.int8_quantise import quantise_onnx, quantise_openvino
from lidd_yolo.export.making import ExportError, make_export, quietly
from lidd_yolo.export.runtimes import open_runtime
from lidd_yolo.export.validation import Recall, Validation

RECALL_LIMIT = 0.01
"""Largest loss of a class's recall at the confidence that detections are used with."""

MAP_LIMIT = 0.02
"""Largest difference of mAP50-95: recall at an IoU of 0.5 does not see boxes that grew inexact, or new false ones."""

_ROUNDING = 1e-9
_SEARCHED_WITH = 16  # calibration pictures of each quantisation in the search for layers
_QUANTISERS: dict[str, Callable[..., None]] = {"onnx": quantise_onnx, "openvino": quantise_openvino}
_NAMES = {"onnx": "{}_int8.onnx", "openvino": "{}_int8_openvino_model"}  # as Ultralytics names them

ClassRecall = dict[str, tuple[float, float]]
"""Class name -> recall of the trained network, of the exported file."""


def paired_recall(trained: Mapping[int, float], exported: Mapping[int, float], names: Sequence[str]) -> ClassRecall:
    """Return the recall of both for each class number; a class that one of both lacks was not found by it at all."""
    numbers = sorted({*trained, *exported})
    return {names[c]: (trained.get(c, 0.0), exported.get(c, 0.0)) for c in numbers}


def recall_failures(recall: ClassRecall, how: str = "") -> Iterator[str]:
    """Yield each class that loses too much; ``how`` ends the word recall, for example `` by masks``."""
    for name, (trained, exported) in recall.items():
        if not trained - exported <= RECALL_LIMIT + _ROUNDING:
            yield f"recall of {name}{how} falls from {trained:.3f} to {exported:.3f}, limit {RECALL_LIMIT}"


@dataclass
class Int8Checked(Checked):
    """What was found out about one format in int8, see `Checked`; ``calibration`` is what the certificate says."""

    calibration: Mapping[str, Any] = field(default_factory=dict)
    keep_float: tuple[str, ...] = ()
    recall: ClassRecall = field(default_factory=dict)
    mask_recall: ClassRecall = field(default_factory=dict)
    sensitivity: Sensitivity | None = None

    @property
    def key(self) -> str:
        """What the certificate calls it: a file in float32 may lie beside it."""
        return int8_key(self.name)

    @property
    def precision(self) -> str:
        """What its numbers are."""
        return "int8"

    def judged_by(self) -> FormatEntry:
        """Return the limits, the calibration, recall, and where the error comes from."""
        masks: FormatEntry = {"mask_recall": _as_lists(self.mask_recall)} if self.mask_recall else {}
        return {
            "limits": {"recall": RECALL_LIMIT, "map": self.limits.map},
            "calibration": dict(self.calibration),
            "keep_float": list(self.keep_float),
            "recall": _as_lists(self.recall),
            **masks,
            "sensitivity": asdict(self.sensitivity) if self.sensitivity else None,
            "map50_95": self.map,
            "worst": {},
        }


def _as_lists(recall: ClassRecall) -> dict[str, list[float]]:
    return {name: list(pair) for name, pair in recall.items()}


@dataclass(frozen=True)
class Int8Check:
    """How formats in int8 are checked.

    A file that failed is made again ``retries`` times, with the layers in float that the search for them named. The
    recall of the trained network is that at the comparer's confidence.
    """

    comparer: Comparer
    delivered: Variant
    stage: Path
    arguments: Mapping[str, Any]
    calibration: Calibration
    keep_float: Sequence[str]
    retries: int
    validation: Validation
    trained_map: Mapping[str, float]
    trained_recall: Recall
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def run(self, name: str) -> Int8Checked:
        """Make one format in int8 and judge it; if it fails, look for the layers that make it fail."""
        result, reference = self._begun(name, tuple(self.keep_float)), self.comparer.reference
        folder = self.stage / "float32" / name
        try:
            words, metadata = self.arguments, self.metadata
            exact = make_export(
                reference.weights, folder, name, self.delivered, half=False, arguments=words, metadata=metadata
            )
        except ExportError as error:
            result.failures.append(f"Ultralytics could not export it in float32: {error}")
            return result
        for attempt in range(1 + self.retries):
            self._judge(result, exact, self.stage / f"int8-{attempt}")
            search = result.sensitivity
            if search is None or attempt == self.retries or not set(search.keep) - set(result.keep_float):
                break
            before = ", ".join(result.keep_float) or "no row named"
            notes = *result.notes, f"with {before} in float: {'; '.join(result.failures)}"
            result = self._begun(name, search.keep, notes)
        if result.sensitivity:
            result.failures.append(result.sensitivity.advice())
        return result

    def _begun(self, name: str, keep: tuple[str, ...], notes: Iterable[str] = ()) -> Int8Checked:
        limits = replace(limits_of(name, half=False), map=MAP_LIMIT)
        used = self.calibration.as_dict()
        return Int8Checked(name, self.delivered, limits, notes=list(notes), calibration=used, keep_float=keep)

    def _judge(self, result: Int8Checked, exact: Path, folder: Path) -> None:
        try:
            self._check_exact(result, exact)
            if result.failures:
                return
            result.written = self._quantised(exact, result.keep_float, self.calibration.files, folder)
            self._measure(result, result.written)
        except Exception as error:
            result.failures.append(f"{type(error).__name__}: {error}")
            return
        if result.failures:
            self._search(result, exact)

    def _check_exact(self, result: Int8Checked, exact: Path) -> None:
        """Compare the float32 file first: what is wrong there is no matter of int8."""
        runtime = open_runtime(result.name, exact)
        apart = self.comparer.exported(runtime, self.delivered.made_for, str(self.delivered)).to_folded
        if difference := apart.beyond(result.limits.raw):
            result.failures.append(f"the float32 file that it is made from departs already: {difference}")

    def _quantised(self, exact: Path, keep: Sequence[str], files: Sequence[Path], folder: Path) -> Path:
        reference = self.comparer.reference
        name = "onnx" if exact.is_file() else "openvino"
        target = folder / _NAMES[name].format(reference.weights.stem)
        folder.mkdir(parents=True, exist_ok=True)
        batches = CalibrationBatches(files, self.delivered.made_for, reference.channels)
        with quietly():
            _QUANTISERS[name](exact, target, reference.folded, [f"model.{word}" for word in keep], batches)
        return target

    def _measure(self, result: Int8Checked, file: Path) -> None:
        reference, batch = self.comparer.reference, self.delivered.made_for.batch
        recall = self.validation.recall_of_exported(file, reference.task, batch, self.comparer.conf)
        result.recall = paired_recall(self.trained_recall["box"], recall["box"], reference.names)
        if "mask" in self.trained_recall:
            result.mask_recall = paired_recall(self.trained_recall["mask"], recall["mask"], reference.names)
        measured = self.validation.of_exported(file, reference.task, batch)
        if not any(trained > 0 for trained, _ in result.recall.values()):
            nothing = f"the trained network finds nothing of the split above {self.comparer.conf}"
            result.failures.append(f"{nothing}, so no recall can be compared: give a smaller --conf")
        result.failures += recall_failures(result.recall)
        result.failures += recall_failures(result.mask_recall, " by masks")
        result.judge_map(measured, self.trained_map)

    def _search(self, result: Int8Checked, exact: Path) -> None:
        reference, shape = self.comparer.reference, self.delivered.made_for
        groups = layer_groups(reference.folded, self.comparer.inputs(shape)[:1])
        files, count = self.calibration.files[:_SEARCHED_WITH], 0
        folder = self.stage / f"search-{len(result.notes)}"

        def error_with(keep: Sequence[str]) -> float:
            nonlocal count
            count += 1
            file = self._quantised(exact, keep, files, folder / str(count))
            return self.comparer.error(open_runtime(result.name, file), shape)

        try:
            result.sensitivity = find_sensitive(groups, error_with, result.keep_float)
        except Exception as error:
            result.notes.append(f"the search for layers to keep in float failed: {type(error).__name__}: {error}")
