"""An OpenVINO file in int8, quantised by NNCF: 8-bit inputs, weights by output channel.

Own work; docs/decisions/0020-int8.md. Not through Ultralytics' ``int8=True``, which calibrates on ``val`` unless told
and knows neither our blocks nor rows that a user names. Weights have 7 bits, as in `lidd_yolo.export.onnx_int8`.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lidd_yolo.export.calibration import CalibrationBatches
from lidd_yolo.export.float_scope import float_operators


def openvino_module(operator: str) -> str:
    """Return the module in which an operator was traced: ``__module.model.5.0.act/aten::mul/Mul`` in ``model.5.0.act``.

    An empty string for an operator that OpenVINO made itself.
    """
    module, sign, _ = operator.partition("/")
    return module.removeprefix("__module.") if sign and module.startswith("__module.") else ""


def openvino_successors(model: Any) -> dict[str, list[str]]:
    """Return which operators of an OpenVINO model read the outputs of each; constants are left out."""
    return {
        operator.get_friendly_name(): [
            reader.get_node().get_friendly_name()
            for output in operator.outputs()
            for reader in output.get_target_inputs()
        ]
        for operator in model.get_ordered_ops()
        if operator.get_type_name() != "Constant"
    }


def quantise_openvino(
    folder: Path, target: Path, network: Any, keep: Sequence[str], batches: CalibrationBatches
) -> None:
    """Write an OpenVINO model in int8.

    Args:
        folder: The float32 model and its ``metadata.yaml``, as Ultralytics exports it.
        target: The folder to make.
        network: The network that it was exported from.
        keep: Paths of modules that stay float besides those that must.
        batches: Calibration pictures of the model's input shape.

    Raises:
        ValueError: If the model does not tell which operators must stay float.
    """
    import nncf  # noqa: PLC0415 - parts of the extra lidd-yolo[export]
    import openvino  # noqa: PLC0415

    nncf.set_log_level(30)  # warnings
    (file,) = folder.glob("*.xml")
    model = openvino.Core().read_model(file)
    ignored = float_operators(openvino_successors(model), openvino_module, network, keep)
    with contextlib.redirect_stdout(io.StringIO()):  # bars of progress
        quantised = nncf.quantize(
            model,
            nncf.Dataset(batches),
            preset=nncf.QuantizationPreset.MIXED,
            target_device=nncf.TargetDevice.CPU,
            subset_size=len(batches),
            ignored_scope=nncf.IgnoredScope(names=sorted(ignored)),
            advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
        )
    shutil.copytree(folder, target, ignore=lambda *_: [file.name, file.with_suffix(".bin").name])
    openvino.save_model(quantised, target / file.name, compress_to_fp16=False)
