"""Improve a split by exchanging two groups between two sides, where moving single groups cannot help any more.

Own work; a local search, after the pairwise interchange of Kernighan and Lin, "An Efficient Heuristic Procedure for
Partitioning Graphs", 1970. Differs from it: whole groups, several sides, and the fourth power of what is off, so that
the worst column counts most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_GROUPS = 400
"""Above this single moves are fine enough, and there would be too many pairs."""
_ROUNDS = 200


def exchange_groups(
    parts: Mapping[str, Sequence[int]],
    wanted: Mapping[str, float],
    groups: Sequence[int],
    columns: NDArray[np.int64],
) -> dict[str, list[int]]:
    """Return the split with groups exchanged, or moved, while that brings the shares closer to those wanted.

    Args:
        parts: Indices of the examples of each side.
        wanted: Share wanted for each side, in the same order.
        groups: Group number of each example, length N.
        columns: What to balance beside the number of examples, shape ``(N, K)``.

    Returns:
        For each side the sorted indices of its examples; none is empty. The split as it was if there are more than
        `MOST_GROUPS` groups.
    """
    numbers, first = np.unique(groups, return_inverse=True)
    if len(numbers) > MOST_GROUPS:
        return {side: list(members) for side, members in parts.items()}
    weights = np.zeros(
        (len(numbers) + 1, columns.shape[1] + 1)
    )  # the last group is empty: to exchange with it is to move
    np.add.at(weights, first, np.column_stack([np.ones(len(groups)), columns]))
    weights /= np.maximum(weights.sum(axis=0), 1)
    side = np.full(len(numbers), -1)
    for number, members in enumerate(parts.values()):
        side[first[list(members)]] = number
    _search(side, weights[:, weights.any(axis=0)], np.array([wanted[part] for part in parts]))
    return {part: np.flatnonzero(side[first] == number).tolist() for number, part in enumerate(parts)}


def _search(side: NDArray[np.int64], weights: Floats, wanted: Floats) -> None:
    """Change ``side`` in place, each time by the best exchange between any two sides, until none helps."""
    empty = len(side)
    for _ in range(_ROUNDS):
        held = np.stack([weights[:-1][side == number].sum(axis=0) for number in range(len(wanted))])
        off = held - wanted[:, None]
        best = (-1e-15, 0, 0, 0, 0)
        for a in range(len(wanted)):
            for b in range(a + 1, len(wanted)):
                ours, theirs = (np.append(np.flatnonzero(side == number), empty) for number in (a, b))
                change = weights[theirs][None] - weights[ours][:, None]
                gain = ((off[a] + change) ** 4 + (off[b] - change) ** 4).sum(axis=2) - (off[a] ** 4 + off[b] ** 4).sum()
                for last, size in ((gain[-1], len(theirs)), (gain[:, -1], len(ours))):
                    if size == 2:  # the only group of a side stays, unless another comes for it
                        last[:] = np.inf
                x, y = np.unravel_index(int(gain.argmin()), gain.shape)
                best = min(best, (float(gain[x, y]), int(ours[x]), int(theirs[y]), a, b))
        _, one, other, a, b = best
        if a == b:
            return
        for group, to in ((one, b), (other, a)):
            if group != empty:
                side[group] = to
