"""How far the outputs of two forms of a network lie apart, and in which picture they do most.

Own work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from torch import Tensor


@dataclass(frozen=True)
class Apart:
    """The largest difference of an output.

    Args:
        value: As a share of the output's size, the largest absolute value of it over all pictures.
        part: Which output: ``boxes``, ``scores``, ``coefficients`` or ``prototypes``.
        picture: Number of the picture.
    """

    value: float
    part: str
    picture: int


def furthest_apart(got: Mapping[str, Tensor], want: Mapping[str, Tensor]) -> Apart:
    """Return the worst difference over all outputs and pictures.

    Args:
        got: Outputs by name, pictures along the first axis.
        want: The same of the form that counts as right.

    Returns:
        A value of infinity if a shape differs or a number is missing (NaN).
    """
    return max((_apart(name, got[name], want[name]) for name in want), key=lambda apart: apart.value)


def mean_error(got: Mapping[str, Tensor], want: Mapping[str, Tensor]) -> float:
    """Return the error of all outputs together, to compare forms that all differ by much: root of the mean square.

    Boxes and coefficients count by the score of their anchor point; what lies on the background decides nothing.

    Args:
        got: Outputs by name, pictures along the first axis.
        want: The same of the form that counts as right.

    Returns:
        The mean over the outputs, each as a share of its size; infinity if a shape differs or a number is missing.
    """
    score = want["scores"].amax(1, keepdim=True)
    errors = []
    for name, right in want.items():
        if got[name].shape != right.shape:
            return inf
        weight = score if name in {"boxes", "coefficients"} else 1.0
        apart, size = ((got[name] - right) * weight).norm(), (right * weight).norm().clamp(min=1e-12)
        errors.append(float((apart / size).nan_to_num(nan=inf, posinf=inf)))
    return sum(errors) / len(errors)


def _apart(name: str, got: Tensor, want: Tensor) -> Apart:
    if got.shape != want.shape:
        return Apart(inf, name, 0)
    size = want.abs().max().clamp(min=1e-12)
    each = ((got - want).abs().flatten(1).amax(1) / size).nan_to_num(nan=inf, posinf=inf)
    picture = int(each.argmax())
    return Apart(float(each[picture]), name, picture)
