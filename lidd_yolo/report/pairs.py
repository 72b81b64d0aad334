"""Compare every two networks of a block on the same resamples of the test pictures, from their evidence files.

Own work; the method is in ``bootstrap.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.benchmark.evidence import Evidence
from lidd_yolo.report.bootstrap import (
    RESAMPLES,
    Difference,
    aligned,
    draw_weights,
    mean_figures,
    paired_difference,
    same_pictures,
)
from lidd_yolo.report.figures import ACCURACIES
from lidd_yolo.report.grouping import Block, Contender, Entry


@dataclass(frozen=True)
class Comparison:
    """Two networks and what may be said of them.

    Args:
        first: Label of the first network.
        second: Label of the second.
        seeds: Number of seeds of each.
        differences: Key of a figure -> first minus second.
    """

    first: str
    second: str
    seeds: tuple[int, int]
    differences: Mapping[str, Difference]

    def verdict(self, key: str) -> str:
        """Return what may be said about one figure."""
        return self.differences[key].verdict(self.first, self.second)


@dataclass(frozen=True)
class Pairs:
    """All comparisons of a block.

    Args:
        pairs: Every two networks that have evidence of the same pictures.
        problems: Why the others could not be compared.
    """

    pairs: tuple[Comparison, ...]
    problems: tuple[str, ...]


def compare_pairs(block: Block, ledger: Path, *, resamples: int = RESAMPLES, seed: int = 0) -> Pairs:
    """Compare every two networks of a block whose evidence files are in the ledger and unchanged.

    Args:
        block: The networks.
        ledger: Folder with the evidence files.
        resamples: Number of draws.
        seed: Seed of the draws; all networks are measured on the same.
    """
    evidence: dict[str, list[Evidence]] = {}
    bare = [c.label for c in block.contenders if any(block.split not in e.get("evidence", {}) for e in c.entries)]
    problems = [f"Not compared, as nothing is kept of what was found: {', '.join(bare)}."] if bare else []
    for contender in block.contenders:
        if contender.label in bare:
            continue
        try:
            evidence[contender.label] = _load(contender, block.split, ledger)
            same_pictures([next(iter(evidence.values()))[0], evidence[contender.label][0]])
        except ValueError as error:
            evidence.pop(contender.label, None)
            problems.append(f"{contender.label} is not compared: {error}.")
    if len(evidence) < 2:
        return Pairs((), tuple(problems))
    figures = _figures(evidence, resamples, seed)
    pairs = (
        Comparison(
            a,
            b,
            (len(evidence[a]), len(evidence[b])),
            {key: paired_difference(figures[a][key], figures[b][key]) for key in figures[a]},
        )
        for a, b in combinations(evidence, 2)
    )
    return Pairs(tuple(pairs), tuple(problems))


def _load(contender: Contender, split: str, ledger: Path) -> list[Evidence]:
    return aligned([_read(entry, split, ledger) for entry in contender.entries])


def _read(entry: Entry, split: str, ledger: Path) -> Evidence:
    told = entry["evidence"][split]
    file = ledger / told["file"]
    if not file.is_file():
        raise ValueError(f"{file} is missing")
    if hashlib.sha256(file.read_bytes()).hexdigest() != told["sha256"]:
        raise ValueError(f"{file} is not the file that {entry['name']} was measured with")
    return Evidence.load(file)


def _figures(
    evidence: Mapping[str, list[Evidence]], resamples: int, seed: int
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return label -> key of a figure -> its value in every resample, shape ``(1 + resamples,)``."""
    weights = draw_weights(len(next(iter(evidence.values()))[0].pictures), resamples, seed)
    masks = all(e.mask_correct is not None for held in evidence.values() for e in held)
    found: dict[str, dict[str, NDArray[np.float64]]] = {}
    for label, held in evidence.items():
        parts = [mean_figures(held, weights)] + ([mean_figures(held, weights, masks=True)] if masks else [])
        found[label] = dict(zip(ACCURACIES, np.concatenate(parts, axis=1).T, strict=False))
    return found
