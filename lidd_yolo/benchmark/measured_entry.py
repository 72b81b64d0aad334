"""Ledger entries of measured times: the figures, how they were measured and on what machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from lidd_yolo.benchmark.ledger import append


def keep(
    ledger: Path,
    name: str,
    results: Mapping[str, Any],
    *,
    threads: int | None = None,
    device: str = "",
    **facts: Any,
) -> Path:
    """Write measured times into the ledger and return the entry's file.

    Args:
        ledger: Folder of the ledger.
        name: Name of the entry.
        results: What was measured.
        threads: Threads of an operator; None for torch's present number.
        device: What torch calls the device that it was measured on, which the entry then says, with a GPU's name;
            empty where it can be a CPU alone.
        facts: What else the entry says.
    """
    from lidd_yolo.benchmark.machine import commit, describe_machine  # noqa: PLC0415 - loads torch

    entry = {
        "name": name,
        "date": datetime.now(timezone.utc).date().isoformat(),
        **facts,
        **({"device": device} if device else {}),
        "results": results,
        "commit": commit(Path(__file__).parent),
        "machine": {**describe_machine(device), **({"threads": threads} if threads else {})},
    }
    return append(entry, ledger)
