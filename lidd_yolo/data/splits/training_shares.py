"""Nested shares of the training pictures, of whole groups, for learning curves; validated and tested as ever.

Origin: our own; no paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.groups.links import group_numbers
from lidd_yolo.data.splits.division import divide

SHARES = (10, 25, 50)
"""Shares of the training groups, in percent, for which ``lidd data`` writes a list."""


def training_shares(
    groups: Sequence[int], counts: NDArray[np.int64], percents: Sequence[int], seed: int
) -> dict[int, list[int]]:
    """Return the sorted indices of the training pictures in each share; each share holds those before it.

    Beside the pictures, the groups, the pictures that show each class and the objects of each class are balanced.

    Args:
        groups: Group of each training picture, length N.
        counts: Objects of each class in each training picture, shape ``(N, C)``.
        percents: Shares in percent, rising, between 0 and 100.
        seed: Seed of the division.

    Returns:
        The shares by their percent; none at all if there are fewer groups than steps from 0 to 100 %.
    """
    bounds = (0, *percents, 100)
    if len(set(groups)) < len(bounds) - 1:
        return {}
    _, first = np.unique(groups, return_index=True)
    one_a_group = np.zeros((len(groups), 1), dtype=np.int64)
    one_a_group[first] = 1
    columns = np.hstack([one_a_group, np.minimum(counts, 1), counts])
    steps = {f"{low}-{high}": (high - low) / 100 for low, high in pairwise(bounds)}
    parts = list(divide(groups, columns, steps, seed)[0].values())
    return {percent: sorted(chain(*parts[: place + 1])) for place, percent in enumerate(percents)}


def taken_apart(groups: Sequence[int], links: Sequence[tuple[int, int]], largest: float) -> list[int]:
    """Number the groups anew, those of more than ``largest`` pictures cut into what ``links`` still join."""
    sizes = Counter(groups)
    members: dict[int, int] = {}
    whole = [(members.setdefault(group, index), index) for index, group in enumerate(groups) if sizes[group] <= largest]
    return group_numbers(len(groups), [*whole, *((a, b) for a, b in links if sizes[groups[a]] > largest)])


def list_name(percent: int) -> str:
    """Return the name of the file that lists the pictures of a share."""
    return f"train-{percent}.txt"
