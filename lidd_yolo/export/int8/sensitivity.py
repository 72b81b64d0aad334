"""Which layers the error of an int8 file comes from: each group is left in float in turn, and the rest is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lidd_yolo.export.first_layer import row_outputs

_WORTH = 0.5  # a group is named if leaving it in float gains at least this share of what the best one gains
_FEW = 3


@dataclass(frozen=True)
class Sensitivity:
    """What was found out.

    Args:
        error: Of the file with every layer in int8 that may be.
        errors: Group of layers -> error with it in float.
        keep: What ``--keep-float`` should be given, best first; empty if no group helps.
        error_kept: Error with those in float.
    """

    error: float
    errors: Mapping[str, float]
    keep: tuple[str, ...]
    error_kept: float

    def advice(self) -> str:
        """Return what to do, in a sentence."""
        if not self.keep:
            return "no group of layers left in float lowers the error of its outputs: export float16 or float32 instead"
        told = f"the error of its outputs falls from {self.error:.3f} to {self.error_kept:.3f}"
        return f"with these layers in float {told}: --keep-float {','.join(self.keep)}"


def layer_groups(network: Any, picture: Tensor) -> dict[str, tuple[str, ...]]:
    """Return the groups that are tried: stages of the backbone, the neck, and each branch of the head.

    Args:
        network: The folded network; rows whose maps have one size are one stage.
        picture: ``(1, C, H, W)``.

    Returns:
        Name -> words for ``--keep-float``: rows, or parts of rows such as ``27.joint``.
    """
    outputs = row_outputs(network, picture)
    head, backbone = network.model[-1], len(network.yaml["backbone"])
    groups: dict[str, list[str]] = {}
    for row in network.model[:-1]:
        if not any(True for _ in row.parameters()):
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
