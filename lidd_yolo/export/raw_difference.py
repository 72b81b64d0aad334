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


def _apart(name: str, got: Tensor, want: Tensor) -> Apart:
    if got.shape != want.shape:
        return Apart(inf, name, 0)
    size = want.abs().max().clamp(min=1e-12)
    each = ((got - want).abs().flatten(1).amax(1) / size).nan_to_num(nan=inf, posinf=inf)
    picture = int(each.argmax())
    return Apart(float(each[picture]), name, picture)
