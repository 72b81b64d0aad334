"""Files in int8, by ONNX Runtime and by NNCF for OpenVINO: convolutions alone, 8-bit inputs, weights by output channel.

See docs/decisions/0020-int8.md. Weights have 7 bits: processors without VNNI add up 16-bit numbers, which 8 bits
overflow, and the file would find other things there than here.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.export.calibration import CalibrationBatches
from lidd_yolo.export.int8_layers import after_all, float_operators
from lidd_yolo.optional import load_extra

_QUANTISED = ["Conv", "ConvTranspose"]


def onnx_module(operator: str) -> str:
    """Return the module in which an ONNX node was traced: ``/model.5/model.5.0/act/Mul`` in ``model.5.0.act``."""
    path: list[str] = []
    for part in operator.split("/")[:-1]:
        if path and part.startswith(f"{path[-1]}."):
            path.pop()
        path += [part] if part else []
    return ".".join(path)


def onnx_successors(graph: Any) -> dict[str, list[str]]:
    """Return which nodes of an ONNX graph read the outputs of each."""
    readers: dict[str, list[str]] = {}
    for node in graph.node:
        for tensor in node.input:
            readers.setdefault(tensor, []).append(node.name)
    return {node.name: [r for tensor in node.output for r in readers.get(tensor, ())] for node in graph.node}


class _Reader:
    """Hands calibration pictures to ONNX Runtime, which wants the name of the input beside them."""

    def __init__(self, name: str, batches: CalibrationBatches) -> None:
        self.inputs = ({name: batch} for batch in batches)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self.inputs, None)


def quantise_onnx(file: Path, target: Path, network: Any, keep: Sequence[str], batches: CalibrationBatches) -> None:
    """Write an ONNX file in int8, in which nodes that stay float also read unrounded numbers.

    ``keep`` has the paths of modules that stay float besides those that must.

    Raises:
        ValueError: If the graph does not tell which nodes must stay float.
    """
    onnx = load_extra("onnx", "export")
    quantization = load_extra("onnxruntime.quantization", "export")
    model = onnx.load(str(file))
    successors = onnx_successors(model.graph)
    excluded = float_operators(successors, onnx_module, network, keep)
    convolutions = {node.name for node in model.graph.node if node.op_type in _QUANTISED} - excluded
    excluded |= after_all(successors, convolutions)  # the activation of prototypes, too
    quantization.quantize_static(
        str(file),
        str(target),
        _Reader(model.graph.input[0].name, batches),
        quant_format=quantization.QuantFormat.QDQ,
        op_types_to_quantize=_QUANTISED,
        nodes_to_exclude=sorted(excluded),
        per_channel=True,
        reduce_range=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    made = onnx.load(str(target))
    _unround(made.graph, excluded)
    onnx.helper.set_model_props(made, {entry.key: entry.value for entry in model.metadata_props})
    onnx.save(made, str(target))


def _unround(graph: Any, excluded: set[str]) -> None:
    """Let excluded nodes read the numbers themselves: ONNX Runtime rounds what a convolution hands to them too."""
    makers = {tensor: node for node in graph.node for tensor in node.output}
    for node in (n for n in graph.node if n.name in excluded):
        for place, tensor in enumerate(node.input):
            wide = makers.get(tensor)
            rounded = makers.get(wide.input[0]) if wide is not None and wide.op_type == "DequantizeLinear" else None
            if rounded is not None and rounded.op_type == "QuantizeLinear":
                node.input[place] = rounded.input[0]
    for kind in ("DequantizeLinear", "QuantizeLinear"):
        read = _read(graph)
        for node in [n for n in graph.node if n.op_type == kind and not read & set(n.output)]:
            graph.node.remove(node)
    read = _read(graph)
    for constant in [c for c in graph.initializer if c.name not in read]:  # ONNX Runtime warns of each
        graph.initializer.remove(constant)


def _read(graph: Any) -> set[str]:
    """Return the tensors that a node reads or that leave the graph."""
    return {tensor for node in graph.node for tensor in node.input} | {output.name for output in graph.output}


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
    """Write a folder with an OpenVINO model in int8 and the float32 one's ``metadata.yaml``, see `quantise_onnx`."""
    nncf, openvino = load_extra("nncf", "export"), load_extra("openvino", "export")
    nncf.set_log_level(30)  # warnings
    (file,) = folder.glob("*.xml")
    model = openvino.Core().read_model(file)
    ignored = float_operators(openvino_successors(model), openvino_module, network, keep)
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
