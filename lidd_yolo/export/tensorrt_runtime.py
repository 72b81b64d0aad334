"""Run a TensorRT engine that Ultralytics built, with TensorRT and torch alone.

Own work, after NVIDIA's description of the interface of TensorRT 10, in which tensors have names.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

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


def open_tensorrt(file: Path) -> Callable[[NDArray[Any]], list[NDArray[Any]]]:
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
