"""A made-up ledger of one network on a split that leaks and on one that does not."""

import hashlib
from pathlib import Path
from typing import Any

from lidd_yolo.results.evidence import Evidence, on_pictures
from tests.helpers.evidence import make_evidence
from tests.helpers.made_up_ledger import made_up_entry, named_evidence, put_entry

GROUPS = 15
LEAK = {"random": {"val": 0.8, "test": 0.7}, "grouped": {"val": 0.0, "test": 0.0}}
COMMON = [f"steel_{number:04d}.jpg" for number in range(10, 30)]
"""The pictures that neither training of `write_two_splits` had."""


def write_two_splits(folder: Path, *, quality: tuple[float, float] = (0.9, 0.4)) -> list[dict[str, Any]]:
    """Write two entries of ``lidd.yaml``, random and grouped, with evidence of 15 groups; returns them.

    The random one was validated on the pictures 0 to 29, the grouped one on 20 to 39 and tested on 10 to 19.
    """
    parts = {"random": {"val": (0, 30)}, "grouped": {"val": (20, 40), "test": (10, 20)}}
    return [
        write_part_entry(folder, protocol, parts[protocol], made(folder, part_quality))
        for protocol, part_quality in zip(parts, quality, strict=True)
    ]


def made(folder: Path, quality: float) -> Evidence:
    """Return evidence of all 40 pictures."""
    return make_evidence(folder, quality=quality, groups=GROUPS)


def write_part_entry(
    folder: Path, protocol: str, parts: dict[str, tuple[int, int]], evidence: Evidence, **keys: Any
) -> dict[str, Any]:
    """Write the entry of a training that held out these parts; returns it."""
    entry = made_up_entry(f"{protocol}-lidd-s0", **keys)
    digest = hashlib.sha256(protocol.encode()).hexdigest()
    entry["data"] |= {"protocol": protocol, "split_sha256": digest, "leak": LEAK[protocol]}
    entry["evidence"] = {}
    for part, (first, end) in parts.items():
        file = folder / f"{entry['name']}.{part}.npz"
        on_pictures(evidence, [f"steel_{number:04d}.jpg" for number in range(first, end)]).save(file)
        entry["evidence"][part] = named_evidence(file, entry["results"][part])
    put_entry(folder, entry)
    return entry
