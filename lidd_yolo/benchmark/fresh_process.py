"""Run a measurement in a process of its own, where peak memory and start-up are those of one network alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_MIB = 2**20


def measured_alone(module: str, words: Sequence[object]) -> dict[str, Any]:
    """Run ``python -m module words`` and return the JSON object that it writes as its last line.

    Args:
        module: Module of this package.
        words: Its arguments.

    Raises:
        ValueError: If it fails; gives the end of what it said.
    """
    root = str(Path(__file__).resolve().parents[2])  # the child is to measure this copy of the package
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join((root, inherited)) if inherited else root
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, words)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not done.stdout.strip():
        raise ValueError(f"{module} {' '.join(map(str, words))} failed: {(done.stderr or done.stdout).strip()[-600:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


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

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB  # in bytes on a Mac
