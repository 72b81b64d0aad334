"""Run an exported file with the runtime of its format alone, in the precision that it holds; on the CPU where it can.

Not through Ultralytics, whose OpenVINO computes in bfloat16 on processors that can: that is the machine's
choice and no property of the file.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lidd_yolo.export.ncnn_runtime import run_ncnn
from lidd_yolo.optional import load_extra

Runtime = Callable[[Tensor], list[Tensor]]
"""Pictures ``(B, C, H, W)`` -> outputs in the order of the network's."""
ArrayRuntime = Callable[[NDArray[Any]], list[NDArray[Any]]]
"""The same in NumPy, outputs in the order of the file's."""

_DEVICE = "cuda"
_TYPES = {"FLOAT": torch.float32, "HALF": torch.float16}


def engine_bytes(file: Path) -> bytes:
    """Return the engine in a file: Ultralytics puts the length of its metadata, four bytes, and these before it.

    Raises:
        ValueError: If the file is shorter than it says.
    """
    content = file.read_bytes()
    start = 4 + int.from_bytes(content[:4], "little")
    if not 4 < start < len(content):
        raise ValueError(f"{file} is no engine of Ultralytics: its metadata would end at byte {start}")
    return content[start:]


def open_tensorrt(file: Path) -> ArrayRuntime:
    """Return a function that runs an engine on the first GPU: pictures ``(B, C, H, W)`` -> its outputs.

    Raises:
        ValueError: If the file holds no engine of this TensorRT and this GPU.
    """
    import tensorrt  # noqa: PLC0415 - where there is an NVIDIA GPU alone

    runtime = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.ERROR))
    engine = runtime.deserialize_cuda_engine(engine_bytes(file))
    if engine is None:
        raise ValueError(f"{file} was built by another TensorRT or for another GPU: export it here")
    context = engine.create_execution_context()
    names = [engine.get_tensor_name(place) for place in range(engine.num_io_tensors)]
    outputs = [name for name in names if engine.get_tensor_mode(name) == tensorrt.TensorIOMode.OUTPUT]
    (given,) = (name for name in names if name not in outputs)

    def run(batch: NDArray[Any]) -> list[NDArray[Any]]:
        context.set_input_shape(given, batch.shape)
        tensors = {given: torch.from_numpy(batch).to(_DEVICE, _type(engine, given)).contiguous()}
        for name in outputs:
            shape = tuple(context.get_tensor_shape(name))
            tensors[name] = torch.empty(shape, dtype=_type(engine, name), device=_DEVICE)
        for name, tensor in tensors.items():
            context.set_tensor_address(name, tensor.data_ptr())
        stream = torch.cuda.current_stream()
        if not context.execute_async_v3(stream.cuda_stream):
            raise RuntimeError(f"TensorRT could not run {file}")
        stream.synchronize()
        return [tensors[name].float().cpu().numpy() for name in outputs]

    run.keeps = runtime  # type: ignore[attr-defined] # an engine lives no longer than its runtime
    return run


def _type(engine: Any, name: str) -> torch.dtype:
    return _TYPES[engine.get_tensor_dtype(name).name]


def open_runtime(format_name: str, file: Path) -> Runtime:
    """Return a function that runs a file, or folder, that Ultralytics exported to one of `FORMATS`."""
    return _on_tensors(_OPENERS[format_name](file))


def _on_tensors(run: ArrayRuntime) -> Runtime:
    def runtime(batch: Tensor) -> list[Tensor]:
        outputs = [torch.from_numpy(np.asarray(output)).float() for output in run(batch.numpy())]
        return sorted(outputs, key=lambda output: output.ndim)

    return runtime


def onnx_session(model: str | bytes) -> ArrayRuntime:
    """Return a function that runs an ONNX model, a file's name or its content, on the CPU."""
    onnxruntime = load_extra("onnxruntime", "export")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    kind = np.float16 if given.type == "tensor(float16)" else np.float32
    return lambda batch: list(session.run(None, {given.name: batch.astype(kind)}))


def default_openvino_precision(folder: Path) -> str:
    """Return the type in which OpenVINO computes a file on this processor unless told, such as ``bfloat16``."""
    precision = _compiled(folder).get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return str(precision).replace("bf16", "bfloat16")


def open_openvino_as_is(folder: Path) -> Runtime:
    """Return a function that runs an OpenVINO file in the precision that OpenVINO chooses, as ``yolo predict`` does."""
    return _on_tensors(_openvino(folder))


def _openvino(folder: Path, **config: Any) -> ArrayRuntime:
    compiled = _compiled(folder, **config)
    return lambda batch: [np.array(output) for output in compiled(batch).values()]


def _compiled(folder: Path, **config: Any) -> Any:
    core = load_extra("openvino", "export").Core()
    config |= {"INFERENCE_NUM_THREADS": torch.get_num_threads()}
    return core.compile_model(core.read_model(next(folder.glob("*.xml"))), "CPU", config)


def _torchscript(file: Path) -> ArrayRuntime:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises another format than the one asked for
        module = torch.jit.load(str(file), map_location="cpu").eval()
    kind = next(module.parameters()).dtype

    def run(batch: NDArray[Any]) -> list[NDArray[Any]]:
        with torch.no_grad():
            outputs = module(torch.from_numpy(batch).to(kind))
        return [o.numpy() for o in ([outputs] if isinstance(outputs, Tensor) else outputs)]

    return run


_OPENERS: dict[str, Callable[[Path], ArrayRuntime]] = {
    "onnx": lambda file: onnx_session(str(file)),
    "openvino": lambda folder: _openvino(folder, INFERENCE_PRECISION_HINT="f32"),
    "ncnn": lambda folder: lambda batch: run_ncnn(folder, batch, torch.get_num_threads()),
    "torchscript": _torchscript,
    "engine": open_tensorrt,
}
