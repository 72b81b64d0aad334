"""What an int8 file computes in float: hypergraph, SimAM, the decoding of boxes and scores, and rows that a user names.

Docs/decisions/0020-int8.md. Operators of a graph are found by the module that they were traced in, which both
ONNX and OpenVINO keep in their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from lidd_yolo.layers.hyper_compute import HyperCompute
from lidd_yolo.layers.simam import SimAM

_BLOCKS = (HyperCompute, SimAM)
_DECODING = "dfl"

Successors = Mapping[str, Iterable[str]]
"""Operator -> the operators that read its outputs."""


def parse_keep_float(text: str, network: Any) -> tuple[str, ...]:
    """Return ``"22,27.joint"`` as module paths, rows of the model or parts of rows: ``("model.22", "model.27.joint")``.

    Args:
        text: Rows, separated by commas; empty for none.
        network: The network, whose modules must have these paths.

    Raises:
        ValueError: If a word is no row of the network or part of one.
    """
    known = {name for name, module in network.named_modules() if not _folded_away(module)}
    paths = [f"model.{word.strip()}" for word in text.split(",") if word.strip()]
    for path in paths:
        if path not in known:
            told = f"no row of the model, nor part of one; rows are 0 to {len(network.model) - 1}, parts as 27.joint"
            raise ValueError(f"--keep-float: {path.removeprefix('model.')} is {told}")
    return tuple(dict.fromkeys(paths))


def _folded_away(module: Any) -> bool:
    """Tell whether nothing is left of a module: LIDD-Net's branches ``cv3``, once both predictions are one."""
    return isinstance(module, nn.ModuleList) and not len(module)


def float_blocks(network: Any) -> tuple[str, ...]:
    """Return the paths of the modules that must stay float in any int8 file of a network."""
    return tuple(name for name, module in network.named_modules() if isinstance(module, _BLOCKS))


def float_operators(
    successors: Successors, module_of: Callable[[str], str], network: Any, keep: Sequence[str]
) -> set[str]:
    """Return the operators of a graph that stay float.

    Exporters merge and rename operators, so those on a way from one operator of a module to another count as its own.

    Args:
        successors: The graph.
        module_of: Operator -> path of the module that it was traced in, such as ``model.5.0.attention``.
        network: The network that was exported.
        keep: Paths of further modules, of `parse_keep_float`.

    Raises:
        ValueError: If the graph names no operator of a module that must stay float.
    """
    traced = {operator: module_of(operator) for operator in successors}
    found: set[str] = set()
    for path in (*float_blocks(network), *keep):
        own = {operator for operator, module in traced.items() if f"{module}.".startswith(f"{path}.")}
        if not own:
            raise ValueError(f"the exported graph names no operator of {path}, which must stay float")
        found |= between(successors, own)
    head = f"model.{len(network.model) - 1}"
    decoding = {o for o, m in traced.items() if m == head or f"{m}.".startswith(f"{head}.{_DECODING}.")}
    return found | between(successors, decoding)


def between(successors: Successors, own: set[str]) -> set[str]:
    """Return some operators of a graph and all on a way from one of them to another."""
    readers = {operator: list(after) for operator, after in successors.items()}
    return own | (_reached(readers, own) & _reached(_sources(successors), own))


def after_all(successors: Successors, own: set[str]) -> set[str]:
    """Return the operators of a graph whose outputs none of some operators reads, directly or by others."""
    return set(successors) - own - _reached(_sources(successors), own)


def _sources(successors: Successors) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for operator, after in successors.items():
        for reader in after:
            found.setdefault(reader, []).append(operator)
    return found


def _reached(edges: Mapping[str, Sequence[str]], start: set[str]) -> set[str]:
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen
