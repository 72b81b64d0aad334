"""Time several things in turn in one process: whatever else the machine does slows all of them, and ratios stay."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Key = TypeVar("Key", bound=Hashable)


def time_in_turn(
    timed: Mapping[Key, Callable[[], float]],
    *,
    warm_up: int,
    rounds: int,
    references: Mapping[Key, Key] | None = None,
    pause: float = 0.0,
) -> dict[Key, dict[str, Any]]:
    """Call every function once a round.

    Args:
        timed: Name -> function that does the work and returns its seconds.
        warm_up: First rounds, which do not count.
        rounds: Rounds that count.
        references: Name -> name that its ratios are to; None for the first name.
        pause: Seconds of sleep before every call, in which the threads of the call before stop waiting for work.

    Returns:
        For each name ``median_s``, ``min_s`` and ``quartiles_s`` of the seconds, ``ratio`` and ``ratio_quartiles``:
        median and quartiles of the ratios to the reference of the same round.

    Raises:
        ValueError: If no round counts.
    """
    if rounds < 1:
        raise ValueError(f"at least one round has to count, got rounds={rounds}")
    references = references or dict.fromkeys(timed, next(iter(timed)))
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


MIB = 2**20


def measured_alone(module: str, words: Sequence[object]) -> dict[str, Any]:
    """Run ``python -m module words`` and return the JSON object that it writes as its last line.

    Raises:
        ValueError: If it fails; gives the end of what it said.
    """
    root = str(Path(__file__).resolve().parents[2])  # the child is to measure this copy of the package
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, words)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not done.stdout.strip():
        raise ValueError(f"{module} {' '.join(map(str, words))} failed: {(done.stderr or done.stdout).strip()[-600:]}")
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


def peak_memory_mib() -> float:
    """Return the largest resident memory of this process so far in MiB.

    On Linux ``getrusage`` counts what the parent held when it started this process; ``VmHWM`` does not.

    Raises:
        ImportError: On Windows, which keeps it in another form.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB  # in bytes on a Mac
