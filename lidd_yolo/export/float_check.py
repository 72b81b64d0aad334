"""One format: export it, compare it at every shape that it can have, and say what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lidd_yolo.export.comparison import Checked, Comparer
from lidd_yolo.export.first_layer import first_onnx_difference
from lidd_yolo.export.formats import FORMATS, Variant, limits_of, probes
from lidd_yolo.export.making import ExportError, make_export
from lidd_yolo.export.runtimes import default_openvino_precision, open_openvino_as_is, open_runtime
from lidd_yolo.export.validation import Validation


@dataclass(frozen=True)
class FormatCheck:
    """How formats are checked, against the trained network's mAP50-95 too where there is a validation."""

    comparer: Comparer
    delivered: Variant
    stage: Path
    arguments: Mapping[str, Any]
    half: bool = False
    validation: Validation | None = None
    trained_map: Mapping[str, float] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

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
        if name == "openvino" and not result.failures:
            self._note_openvino(result, result.written)
        if self.validation and not result.failures:
            self._measure_map(result, self.validation, result.written)
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
        kind = "dynamic" if variant.dynamic else "static"
        folder = self.stage / result.name / f"{kind}-{shape.height}x{shape.width}-{shape.batch}"
        weights, words = self.comparer.reference.weights, self.arguments
        return make_export(
            weights, folder, result.name, variant, half=result.half, arguments=words, metadata=self.metadata
        )

    def _compare(self, result: Checked, variant: Variant, file: Path) -> None:
        """Compare one file at all its shapes; what the runtime refuses is a failure too."""
        shape = variant.made_for
        try:
            runtime = open_runtime(result.name, file)
            for shape in variant.cases(self.comparer.reference.stride):
                case = f"dynamic {shape}" if variant.dynamic else str(variant)
                compared = self.comparer.exported(runtime, shape, case)
                result.compared.append(compared)
                wrong = list(compared.beyond(result.limits))
                if wrong and result.name == "onnx" and not result.first_layer:
                    folded, inputs = self.comparer.reference.folded, self.comparer.inputs(shape)
                    result.first_layer = first_onnx_difference(file, folded, inputs, result.limits.raw)
                result.failures += wrong
        except Exception as error:
            result.failures.append(f"{variant}, at {shape}: it does not run: {type(error).__name__}: {error}")

    def _note_openvino(self, result: Checked, file: Path) -> None:
        """Say what this processor makes of a file where OpenVINO does not compute in float32; mAP is measured so."""
        precision = default_openvino_precision(file)
        if precision in {"f32", "float32"}:
            return
        shape = self.delivered.made_for
        as_is = self.comparer.exported(open_openvino_as_is(file), shape, f"{self.delivered}, {precision}")
        result.notes.append(
            f"on this processor OpenVINO computes in {precision} unless told INFERENCE_PRECISION_HINT=f32; outputs "
            f"then differ by {as_is.to_folded.difference:.1e} ({as_is.to_folded.output}), and mAP is measured so"
        )
        result.limits = replace(result.limits, map=max(result.limits.map, limits_of(result.name, half=True).map))

    def _measure_map(self, result: Checked, validation: Validation, file: Path) -> None:
        try:
            measured = validation.of_exported(file, self.comparer.reference.task, self.delivered.made_for.batch)
        except Exception as error:
            result.failures.append(f"yolo val does not run: {type(error).__name__}: {error}")
        else:
            result.judge_map(measured, self.trained_map)
