"""Every intermediate tensor of an ONNX graph for one picture, to find the first layer that departs.

Own work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lidd_yolo.export.first_layer import differing_rows, first_of, row_outputs


def graph_tensors(file: Path, picture: Tensor) -> list[Tensor]:
    """Return all float tensors that an ONNX file computes for one picture ``(1, C, H, W)``, as float32.

    Args:
        file: The ONNX file; it is not changed.
        picture: Of the size that the file takes.
    """
    import onnx  # noqa: PLC0415 - parts of the extra lidd-yolo[export]
    import onnxruntime  # noqa: PLC0415

    model = onnx.load(str(file))
    outputs = {output.name for output in model.graph.output}
    names = [name for node in model.graph.node for name in node.output if name and name not in outputs]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    kind = np.float16 if given.type == "tensor(float16)" else np.float32
    found: list[Any] = session.run(None, {given.name: picture.numpy().astype(kind)})
    floats = (a for a in found if isinstance(a, np.ndarray) and a.dtype in {np.dtype("f4"), np.dtype("f2")})
    return [torch.from_numpy(array.astype(np.float32)) for array in floats]


def first_onnx_difference(file: Path, folded: Any, picture: Tensor, limit: float) -> str:
    """Return the first row of the folded network whose output the ONNX graph does not compute, or an empty string.

    Args:
        file: The ONNX file.
        folded: The network that it was exported from.
        picture: ``(1, C, H, W)``, of the size that the file takes.
        limit: Largest difference as a share of an output's size.
    """
    return first_of(folded, differing_rows(graph_tensors(file, picture), row_outputs(folded, picture), limit))
