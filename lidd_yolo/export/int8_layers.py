"""Layers that an int8 file computes in float: those that must, those that a user names, and how to find which help.

Hypergraph, SimAM and the decoding of boxes and scores always stay float, see docs/decisions/0020-int8.md. Operators of
a graph are found by the module that they were traced in, which both ONNX and OpenVINO keep in their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from lidd_yolo.errors import InputError
from lidd_yolo.export.first_layer import row_outputs
from lidd_yolo.layers.hyper_compute import HyperCompute
from lidd_yolo.layers.simam import SimAM

_BLOCKS = (HyperCompute, SimAM)
_DECODING = "dfl"

Successors = Mapping[str, Iterable[str]]
"""Operator -> the operators that read its outputs."""


def parse_keep_float(text: str, network: Any) -> tuple[str, ...]:
    """Return ``"22,27.joint"`` as rows of the model, or parts of rows, each once: ``("22", "27.joint")``.

    Raises:
        InputError: If a word is no row of the network or part of one.
    """
    known = {name for name, module in network.model.named_modules() if name and not _folded_away(module)}
    rows = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    for row in rows:
        if row not in known:
            why = f"no row of the model, nor part of one; rows are 0 to {len(network.model) - 1}, parts as 27.joint"
            raise InputError(f"--keep-float: {row} is {why}")
    return rows


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
        keep: Paths of further modules, such as ``model.22``.

    Raises:
        ValueError: If the graph names no operator of a module that must stay float.
    """
    traced = {operator: module_of(operator) for operator in successors}
    operators: set[str] = set()
    for path in (*float_blocks(network), *keep):
        own = {operator for operator, module in traced.items() if f"{module}.".startswith(f"{path}.")}
        if not own:
            raise ValueError(f"the exported graph names no operator of {path}, which must stay float")
        operators |= between(successors, own)
    head = f"model.{len(network.model) - 1}"
    decoding = {o for o, m in traced.items() if m == head or f"{m}.".startswith(f"{head}.{_DECODING}.")}
    return operators | between(successors, decoding)


def between(successors: Successors, own: set[str]) -> set[str]:
    """Return some operators of a graph and all on a way from one of them to another."""
    return own | (_reached(successors, own) & _reached(_sources(successors), own))


def after_all(successors: Successors, own: set[str]) -> set[str]:
    """Return the operators of a graph whose outputs none of some operators reads, directly or by others."""
    return set(successors) - own - _reached(_sources(successors), own)


def _sources(successors: Successors) -> dict[str, list[str]]:
    sources: dict[str, list[str]] = {}
    for operator, after in successors.items():
        for reader in after:
            sources.setdefault(reader, []).append(operator)
    return sources


def _reached(edges: Successors, start: set[str]) -> set[str]:
    reached: set[str] = set()
    waiting = list(start)
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


_WORTH = 0.5  # a group is named if leaving it in float gains at least this share of what the best one gains
_FEW = 3


@dataclass(frozen=True)
class Sensitivity:
    """The error with every layer in int8 that may be, and with groups of layers in float.

    Args:
        error: With none of them.
        errors: With each.
        keep: What ``--keep-float`` should be given, best first; empty if no group helps.
        error_kept: With those.
    """

    error: float
    errors: Mapping[str, float]
    keep: tuple[str, ...]
    error_kept: float

    def advice(self) -> str:
        """Return what to do, in a sentence."""
        if not self.keep:
            return "no group of layers left in float lowers the error of its outputs: export float16 or float32 instead"
        gain = f"the error of its outputs falls from {self.error:.3f} to {self.error_kept:.3f}"
        return f"with these layers in float {gain}: --keep-float {','.join(self.keep)}"


def layer_groups(network: Any, picture: Tensor) -> dict[str, tuple[str, ...]]:
    """Return the groups that are tried: stages of the backbone, the neck, and each branch of the head.

    Rows of the folded network whose maps of a picture ``(1, C, H, W)`` have one size are one stage.

    Returns:
        Name -> words for ``--keep-float``: rows, or parts of rows such as ``27.joint``.
    """
    outputs = row_outputs(network, picture)
    head, backbone = network.model[-1], len(network.yaml["backbone"])
    groups: dict[str, list[str]] = {}
    for row in network.model[:-1]:
        if next(row.parameters(), None) is None:
            continue
        width = outputs[row.i][0].shape[-1]
        name = f"backbone, maps {picture.shape[-1] // width} times smaller" if row.i < backbone else "neck"
        groups.setdefault(name, []).append(str(row.i))
    for name, branch in head.named_children():
        if any(parameter.requires_grad for parameter in branch.parameters()):
            groups[f"head, {name}"] = [f"{head.i}.{name}"]
    return {name: tuple(words) for name, words in groups.items()}


def find_sensitive(
    groups: Mapping[str, Sequence[str]], error_with: Callable[[Sequence[str]], float], kept: Sequence[str] = ()
) -> Sensitivity:
    """Quantise once with each group in float and name those that help most, with what they gain together.

    Args:
        groups: Name -> words for ``--keep-float``.
        error_with: Quantises with these words in float and returns the error of the outputs.
        kept: Words that are in float already; groups of nothing else are not tried.
    """
    error = error_with(kept)
    tried = {name: [w for w in words if w not in kept] for name, words in groups.items()}
    errors = {name: error_with((*kept, *words)) for name, words in tried.items() if words}
    best = sorted(errors, key=lambda name: errors[name])[:_FEW]
    gain = error - errors[best[0]] if best else 0.0
    if gain <= 0:
        return Sensitivity(error, errors, (), error)
    helping = [name for name in best if error - errors[name] >= _WORTH * gain]
    keep = (*kept, *(word for name in helping for word in tried[name]))
    return Sensitivity(error, errors, keep, error_with(keep) if len(helping) > 1 else errors[best[0]])
