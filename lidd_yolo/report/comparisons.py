"""Compare every two networks of a block on the same resamples of the test pictures, from their evidence files.

The method is in ``bootstrap.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from lidd_yolo.files import sha256
from lidd_yolo.report.blocks import Block, Entry
from lidd_yolo.report.bootstrap import (
    FEWEST_GROUPS,
    RESAMPLES,
    Difference,
    aligned,
    draw_weights,
    figures_of,
    groups_of,
    paired_difference,
    same_pictures,
)
from lidd_yolo.results.evidence import Evidence
from lidd_yolo.results.ledger import find_file

_CHANCE = "Of twenty comparisons of equals about one shows a difference by chance."


@dataclass(frozen=True)
class Comparison:
    """Labels of two networks, and key of a figure -> first minus second."""

    first: str
    second: str
    differences: Mapping[str, Difference]

    def verdict(self, key: str) -> str:
        """Return what may be said about one figure."""
        return self.differences[key].verdict(self.first, self.second)


@dataclass(frozen=True)
class Pairs:
    """All comparisons of a block.

    ``problems`` say why others could not be compared. The pictures were drawn as so many groups; None if none are
    known and they counted as independent.
    """

    pairs: tuple[Comparison, ...]
    problems: tuple[str, ...]
    pictures: int = 0
    groups: int | None = None

    @property
    def note(self) -> str:
        """What a reader must know of the intervals."""
        if self.groups is None:
            drawn = (
                "pictures counted as independent, as no groups of them are known: where several show the same spot, it "
                "is too narrow"
            )
        else:
            drawn = f"{self.pictures} pictures were drawn as {self.groups} groups that show the same spot"
        return f"The interval is over pictures, not over trainings; {drawn}. {_CHANCE}"


def compare_pairs(block: Block, ledger: Path, *, resamples: int = RESAMPLES) -> Pairs:
    """Compare every two networks of a block whose evidence files are in the ledger and unchanged."""
    evidence: dict[str, list[Evidence]] = {}
    bare = [c.label for c in block.contenders if any(block.split not in e.get("evidence", {}) for e in c.entries)]
    problems = [f"Not compared, as nothing is kept of what was found: {', '.join(bare)}."] if bare else []
    for contender in block.contenders:
        if contender.label in bare:
            continue
        try:
            evidence[contender.label] = aligned([read_evidence(e, block.split, ledger) for e in contender.entries])
            same_pictures([one for of_seeds in evidence.values() for one in of_seeds])
        except ValueError as error:
            evidence.pop(contender.label, None)
            problems.append(f"{contender.label} is not compared: {error}.")
    if len(evidence) < 2:
        return Pairs((), tuple(problems))
    every = [one for of_seeds in evidence.values() for one in of_seeds]
    groups, pictures = groups_of(every), len(every[0].pictures)
    count = None if groups is None else int(groups.max()) + 1
    if count is not None and count < FEWEST_GROUPS:
        return Pairs((), (*problems, too_few(pictures, count)), pictures, count)
    drawn = np.arange(pictures, dtype=np.int32) if groups is None else groups
    figures = figures_of(evidence, draw_weights(drawn, resamples, 0))
    pairs = (
        Comparison(a, b, {key: paired_difference(figures[a][key], figures[b][key]) for key in figures[a]})
        for a, b in combinations(evidence, 2)
    )
    return Pairs(tuple(pairs), tuple(problems), pictures, count)


def read_evidence(entry: Entry, split: str, ledger: Path) -> Evidence:
    """Return what was found on a part of the data, ``val`` or ``test``.

    Raises:
        ValueError: If the entry's file is missing or was changed.
    """
    named = entry["evidence"][split]
    file = find_file(ledger, named["file"])
    if not file.is_file():
        raise ValueError(f"{file} is missing")
    if sha256(file) != named["sha256"]:
        raise ValueError(f"{file} is not the file that {entry['name']} was measured with")
    return Evidence.load(file)


def too_few(pictures: int, groups: int) -> str:
    """Return why nothing is compared on so few groups."""
    return (
        f"Not compared: the {pictures} pictures are {groups} groups that show the same spot, too few to tell a "
        f"difference from chance; {FEWEST_GROUPS} are needed."
    )
