"""One format: export it, compare it at every shape that it can have, and say what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lidd_yolo.export.comparison import Checked, Compared, Comparer
from lidd_yolo.export.first_layer import first_onnx_difference
from lidd_yolo.export.formats import FORMATS, InputShape, Limits, Variant, limits_of, probes
from lidd_yolo.export.making import ExportError, make_export
from lidd_yolo.export.runtimes import default_openvino_precision, open_openvino_as_is, open_runtime
from lidd_yolo.export.validation import Validation, largest_difference


@dataclass(frozen=True)
class FormatCheck:
    """How formats are checked.

    Args:
        comparer: The checkpoint, and the pictures.
        delivered: Shapes of the file that the user gets.
        stage: Folder for exports.
        arguments: Further arguments of Ultralytics' export.
        half: Whether files are to hold float16 numbers.
        validation: What mAP is measured on; None to leave it out.
        trained_map: mAP50-95 of the network as it was trained.
    """

    comparer: Comparer
    delivered: Variant
    stage: Path
    arguments: Mapping[str, Any]
    half: bool = False
    validation: Validation | None = None
    trained_map: Mapping[str, float] = field(default_factory=dict)

    def run(self, name: str) -> Checked:
        """Export one format, compare it and judge it."""
        half = self.half and name != "torchscript"
        result = Checked(name, self.delivered, limits_of(name, half=half), half)
        if half != self.half:
            result.notes.append("float32: Ultralytics makes float16 TorchScript files on a GPU only")
        others, result.left_out = probes(self.delivered, FORMATS[name], self.comparer.reference.stride)
        try:
            result.written = self._make(result, self.delivered)
        except ExportError as error:
            result.failures.append(f"Ultralytics could not export it: {error}")
            return result
        self._compare(result, self.delivered, result.written)
        for variant in others:
            self._probe(result, variant)
        if name == "openvino":
            self._note_openvino(result)
        if self.validation and not result.failures:
            self._measure_map(result, self.validation)
        return result

    def _probe(self, result: Checked, variant: Variant) -> None:
        """Export and compare what is not delivered; a variant that Ultralytics cannot export is left out."""
        try:
            file = self._make(result, variant)
        except ExportError as error:
            result.left_out.append(f"{variant}: Ultralytics could not export it: {error}")
        else:
            self._compare(result, variant, file)

    def _make(self, result: Checked, variant: Variant) -> Path:
        shape = variant.made_for
        place = (
            self.stage / result.name / f"{'dynamic' if variant.dynamic else 'static'}-{'x'.join(map(str, shape.side))}"
        )
        folder = place.with_name(f"{place.name}-{shape.batch}")
        weights = self.comparer.reference.weights
        return make_export(weights, folder, result.name, variant, half=result.half, arguments=self.arguments)

    def _compare(self, result: Checked, variant: Variant, file: Path) -> None:
        """Compare one file at all its shapes; what the runtime refuses is a failure too."""
        shape = variant.made_for
        try:
            runtime = open_runtime(result.name, file)
            for shape in variant.cases(self.comparer.reference.stride):
                case = f"dynamic {shape}" if variant.dynamic else str(variant)
                compared = self.comparer.exported(runtime, shape, case)
                result.compared.append(compared)
                wrong = list(self._wrong(compared, result.limits))
                if wrong and result.name == "onnx" and not result.first_layer:
                    result.first_layer = self._first_layer(file, shape, result.limits)
                result.failures += wrong
        except Exception as error:
            result.failures.append(f"{variant}, at {shape}: it does not run: {type(error).__name__}: {error}")

    def _wrong(self, compared: Compared, limits: Limits) -> Iterator[str]:
        beside = {"folded": (compared.to_folded, limits.raw), "trained": (compared.to_trained, limits.raw_to_trained)}
        for whom, (apart, limit) in beside.items():
            if apart.value > limit:
                difference = f"{apart.part} differ by {apart.value:.1e} of their size, limit {limit:.0e}"
                yield f"{compared.case}, beside the {whom} network: {difference} ({self._name(apart.picture)})"
        if detections := compared.final.beyond(limits):
            yield f"{compared.case}: {detections} ({self._name(compared.final_picture)})"

    def _name(self, picture: int) -> str:
        return self.comparer.files[picture].name

    def _first_layer(self, file: Path, shape: InputShape, limits: Limits) -> str:
        return first_onnx_difference(file, self.comparer.reference.folded, self.comparer.inputs(shape), limits.raw)

    def _note_openvino(self, result: Checked) -> None:
        """Say what this processor makes of a file where OpenVINO does not compute in float32; mAP is measured so."""
        if result.written is None or result.failures:
            return
        precision = default_openvino_precision(result.written)
        if precision in {"f32", "float32"}:
            return
        shape = self.delivered.made_for
        as_is = self.comparer.exported(open_openvino_as_is(result.written), shape, f"{self.delivered}, {precision}")
        result.notes.append(
            f"on this processor OpenVINO computes in {precision} unless told INFERENCE_PRECISION_HINT=f32; outputs "
            f"then differ by {as_is.to_folded.value:.1e} ({as_is.to_folded.part}), and mAP is measured so"
        )
        result.limits = replace(result.limits, map=max(result.limits.map, limits_of(result.name, half=True).map))

    def _measure_map(self, result: Checked, validation: Validation) -> None:
        try:
            task, batch = self.comparer.reference.task, self.delivered.made_for.batch
            result.map = validation.of_exported(Path(str(result.written)), task, batch)
        except Exception as error:
            result.failures.append(f"yolo val does not run: {type(error).__name__}: {error}")
            return
        difference = largest_difference(result.map, self.trained_map)
        if not difference <= result.limits.map:
            result.failures.append(f"mAP50-95 differs by {difference:.4f}, limit {result.limits.map}")
