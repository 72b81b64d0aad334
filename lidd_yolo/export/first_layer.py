"""The first layer in which two forms of a network differ, found by comparing the outputs of all rows.

A row counts as the first if it differs and everything that it reads does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lidd_yolo.export.comparison import picture_differences
from lidd_yolo.export.runtimes import onnx_session
from lidd_yolo.optional import load_extra


def row_outputs(network: Any, picture: Tensor) -> dict[int, list[Tensor]]:
    """Return the outputs of all rows of a network for one picture ``(1, C, H, W)``."""
    kept: dict[int, list[Tensor]] = {}

    def keep(row: Any, _: Any, output: Any) -> None:
        kept[row.i] = [o.clone() for o in ([output] if isinstance(output, Tensor) else output)]

    with ExitStack() as hooks, torch.no_grad():
        for row in network.model:
            hooks.enter_context(row.register_forward_hook(keep))
        network(picture)
    return kept


def first_of(network: Any, differing: Mapping[int, bool]) -> str:
    """Return the first differing row whose inputs do not differ, for example ``model.5 (CSEB)``, or an empty string.

    Rows that ``differing`` does not tell about count as equal.
    """
    for row in network.model:
        sources = [row.f] if isinstance(row.f, int) else row.f
        reads = [source if source >= 0 else row.i + source for source in sources]
        if differing.get(row.i) and not any(differing.get(source) for source in reads):
            return f"model.{row.i} ({type(row).__name__})"
    return ""


def first_unfolded_difference(trained: Any, folded: Any, picture: Tensor, limit: float) -> str:
    """Return the first row that folding changed; an empty string if no row's output is further apart than ``limit``.

    Folding may reorder the channels of a map for good, so the values of each pixel are compared in order of size.
    """
    want, got = row_outputs(trained, picture), row_outputs(folded, picture)
    last = max(want)

    def apart(row: int, a: Tensor, b: Tensor) -> float:
        return _apart(a, b) if row == last else _apart(_sorted(a), _sorted(b))

    differing = {i: any(apart(i, a, b) > limit for a, b in zip(got[i], want[i], strict=True)) for i in want}
    return first_of(folded, differing)


def differing_rows(graph: Sequence[Tensor], rows: Mapping[int, Sequence[Tensor]], limit: float) -> dict[int, bool]:
    """Return which rows of the folded network have no counterpart within ``limit`` among the tensors of a graph.

    A row none of whose shape is in the graph (a view, an operator merged with the next) is left out.
    """
    shapes: dict[tuple[int, ...], list[Tensor]] = {}
    for tensor in graph:
        shapes.setdefault(tuple(tensor.shape), []).append(tensor)
    differing: dict[int, bool] = {}
    for i, outputs in rows.items():
        if all(tuple(output.shape) in shapes for output in outputs):
            differing[i] = any(min(_apart(t, o) for t in shapes[tuple(o.shape)]) > limit for o in outputs)
    return differing


def _sorted(tensor: Tensor) -> Tensor:
    return tensor.sort(1).values if tensor.ndim == 4 else tensor


def _apart(got: Tensor, want: Tensor) -> float:
    return float(picture_differences(got, want).max())


def graph_tensors(file: Path, picture: Tensor) -> list[Tensor]:
    """Return all float tensors that an ONNX file computes for one picture ``(1, C, H, W)`` of its size, as float32."""
    onnx = load_extra("onnx", "export")
    model = onnx.load(str(file))
    outputs = {output.name for output in model.graph.output}
    names = [name for node in model.graph.node for name in node.output if name and name not in outputs]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    arrays = onnx_session(model.SerializeToString())(picture.numpy())
    floats = (a for a in arrays if isinstance(a, np.ndarray) and a.dtype in {np.dtype("f4"), np.dtype("f2")})
    return [torch.from_numpy(array.astype(np.float32)) for array in floats]


def first_onnx_difference(file: Path, folded: Any, picture: Tensor, limit: float) -> str:
    """Return the first row of the folded network whose output the ONNX graph does not compute, or an empty string.

    The picture ``(1, C, H, W)`` is of the size that the file takes; ``limit`` is a share of an output's size.
    """
    return first_of(folded, differing_rows(graph_tensors(file, picture), row_outputs(folded, picture), limit))
