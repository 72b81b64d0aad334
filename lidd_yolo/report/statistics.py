"""Mean over seeds with a 95 % interval by Student's t.

Origin: Student (W. S. Gosset), The probable error of a mean, Biometrika 1908. Neither paper states a spread.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from lidd_yolo.optional import load_extra

LEVEL = 0.95
"""Share of intervals that hold the true value, here and in the paired comparison."""


@dataclass(frozen=True)
class Spread:
    """Mean of repeated measurements.

    Args:
        mean: Their mean.
        half: Half width of the interval of the mean; None with one measurement, which tells nothing about it.
        count: Number of measurements.
    """

    mean: float
    half: float | None
    count: int


def spread_of(values: Sequence[float]) -> Spread:
    """Return the mean of independent measurements and its interval ``mean +- t * s / sqrt(n)``.

    Args:
        values: One figure for each seed.

    Raises:
        ValueError: If there is no value.
        ImportError: If SciPy is needed and missing.
    """
    count = len(values)
    if not count:
        raise ValueError("no value to take the mean of")
    if count == 1:
        return Spread(values[0], None, 1)
    quantile = float(load_extra("scipy.special").stdtrit(count - 1, (1 + LEVEL) / 2))
    return Spread(fmean(values), quantile * stdev(values) / math.sqrt(count), count)
