"""Time several things in turn in one process: whatever else the machine does slows all of them, and ratios stay."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import numpy as np

Key = TypeVar("Key", bound=Hashable)


def time_in_turn(
    timed: Mapping[Key, Callable[[], float]],
    *,
    warm_up: int,
    rounds: int,
    references: Mapping[Key, Key],
    pause: float = 0.0,
) -> dict[Key, dict[str, Any]]:
    """Call every function once a round.

    Args:
        timed: Name -> function that does the work and returns its seconds.
        warm_up: First rounds, which do not count.
        rounds: Rounds that count.
        references: Name -> name that its ratios are to.
        pause: Seconds of sleep before every call, in which the threads of the call before stop waiting for work.

    Returns:
        For each name ``median_s``, ``min_s`` and ``quartiles_s`` of the seconds, ``ratio`` and ``ratio_quartiles``:
        median and quartiles of the ratios to the reference of the same round.

    Raises:
        ValueError: If no round counts.
    """
    if rounds < 1:
        raise ValueError(f"at least one round has to count, got rounds={rounds}")
    seconds: dict[Key, list[float]] = {name: [] for name in timed}
    for _ in range(warm_up + rounds):
        for name, work in timed.items():
            time.sleep(pause)
            seconds[name].append(work())
    counted = {name: np.array(values[warm_up:]) for name, values in seconds.items()}
    return {name: _figures(values, values / counted[references[name]]) for name, values in counted.items()}


def _figures(seconds: Any, ratios: Any) -> dict[str, Any]:
    first, middle, third = (round(float(value), 6) for value in np.quantile(seconds, (0.25, 0.5, 0.75)))
    low, ratio, high = (round(float(value), 3) for value in np.quantile(ratios, (0.25, 0.5, 0.75)))
    return {
        "median_s": middle,
        "min_s": round(float(seconds.min()), 6),
        "quartiles_s": [first, third],
        "ratio": ratio,
        "ratio_quartiles": [low, high],
    }
