"""Time the search for pictures of one spot, and count what it misses and joins wrongly, on generated photographs.

Own work; the pairs that exist are known because the photographs are cut from generated plates.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from lidd_yolo.benchmark.photographs import photograph, shared_areas
from lidd_yolo.data.overlap import find_overlaps

COUNTS = (1000, 5000, 20_000)
TARGET_AREA = 0.25
"""Shared area from which a pair is expected to be found."""
_CROPS = 5  # of each plate
_PLATE = 420  # pixels: two crops in three share something, one in three a quarter or more


def measure_groups(counts: Sequence[int] = COUNTS, seed: int = 0) -> dict[str, dict[str, float]]:
    """Return for each number of pictures how long the search takes and how good it is.

    Args:
        counts: Numbers of pictures, multiples of 5.
        seed: Seed of the photographs.

    Returns:
        For each, by its name: ``seconds`` of wall time, ``cpu_seconds``, ``pairs`` found, ``recall`` among pairs that
        share a quarter or more, ``precision`` among the pairs found.
    """
    return {f"{count} pictures": _measured(count, seed) for count in counts}


def _measured(count: int, seed: int) -> dict[str, float]:
    taken = photograph(np.random.default_rng(seed), count // _CROPS, _CROPS, plate_side=_PLATE)
    areas = shared_areas(taken)
    images = [shot.image for shot in taken]
    wall, cpu = time.perf_counter(), time.process_time()
    found = {(pair.first, pair.second) for pair in find_overlaps(images)}
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    expected = {pair for pair, area in areas.items() if area >= TARGET_AREA}
    return {
        "seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "pairs": len(found),
        "recall": round(len(found & expected) / len(expected), 5),
        "precision": round(len(found & areas.keys()) / len(found), 5),
    }
