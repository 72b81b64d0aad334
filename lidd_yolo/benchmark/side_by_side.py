"""Time several things in turn in one process: whatever else the machine does slows all of them, and ratios stay."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping


def time_in_turn(
    timed: Mapping[str, Callable[[], float]], *, warm_up: int, rounds: int, reference: str
) -> dict[str, dict[str, float]]:
    """Call every function once a round.

    Args:
        timed: Name -> function that does the work and returns its seconds.
        warm_up: First rounds, which do not count.
        rounds: Rounds that count.
        reference: Name that the ratios are to.

    Returns:
        For each name the median and smallest seconds and the median of the ratios to the reference of the same round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(warm_up + rounds):
        for name, work in timed.items():
            seconds[name].append(work())
    counted = {name: values[warm_up:] for name, values in seconds.items()}
    return {
        name: {
            "median_s": round(statistics.median(values), 5),
            "min_s": round(min(values), 5),
            "ratio": round(statistics.median(v / r for v, r in zip(values, counted[reference], strict=True)), 3),
        }
        for name, values in counted.items()
    }
