"""Pictures that are there twice, byte for byte, and names that stand for different pictures in two folders.

Own work. Crops, turned and saved-again copies are found by `lidd_yolo.data.grouping`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from lidd_yolo.data.checks.finding import Finding
from lidd_yolo.data.checks.pair_check import PairFacts


def repeated_pictures(facts: Sequence[PairFacts]) -> Iterator[Finding]:
    """Yield every picture that has the same bytes as one before it.

    Args:
        facts: All pictures.
    """
    first: dict[bytes, PairFacts] = {}
    for one in facts:
        if one.pair.picture is None or not one.digest:
            continue
        before = first.setdefault(one.digest, one)
        if before is one:
            continue
        apart = before.pair.split != one.pair.split
        if apart:
            reason = f"in {one.pair.split}, the same picture as {before.pair.picture} in {before.pair.split}"
        else:
            reason = f"the same picture as {before.pair.picture}"
        yield Finding("in-two-splits" if apart else "twice-in-split", one.pair.picture, "", reason)


def repeated_names(facts: Sequence[PairFacts], root: Path) -> Iterator[Finding]:
    """Yield every two folders in which the same file names stand for different pictures.

    Args:
        facts: All pictures, their splits being folders below ``root``.
        root: Folder of the data set.
    """
    named: dict[str, dict[str, bytes]] = {}
    for one in facts:
        if one.pair.picture is not None:
            named.setdefault(one.pair.split, {})[one.pair.picture.name] = one.digest
    for one_side, other_side in combinations(sorted(named), 2):
        one_names, other_names = named[one_side], named[other_side]
        shared = sorted(n for n in one_names.keys() & other_names.keys() if one_names[n] != other_names[n])
        if shared:
            reason = f"{len(shared)} file names, {shared[0]} for one, stand for other pictures in {other_side}"
            yield Finding("name-in-two-splits", root / one_side, "", reason)
