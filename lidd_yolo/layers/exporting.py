"""Whether a network is being recorded for an export, where some layers take another form of the same function."""

from __future__ import annotations

import torch


def exporting() -> bool:
    """Tell whether a graph is being recorded, by tracing, ``torch.export``, ``torch.compile`` or ``torch.onnx``."""
    compiling = hasattr(torch, "compiler") and torch.compiler.is_compiling()
    tracing = torch.jit.is_tracing()  # type: ignore[attr-defined]
    return bool(compiling or tracing or torch.onnx.is_in_onnx_export())
