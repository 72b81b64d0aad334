"""Seeded split of a data set by whole groups, with the class balance kept as well as the groups allow.

After Sechidis et al., "On the Stratification of Multi-Label Data", ECML 2011. Differs from it: groups in
place of single examples, and a local improvement after the greedy pass. Where that leaves a share far off and there are
few groups, pairs of them are exchanged: by the fourth power of what is off, which evens out the worst, while the first
search goes by the chi-square distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CLOSE_ENOUGH = 0.02
"""Largest difference between share wanted and share held, of all examples or of a class, that is accepted at once."""
_ATTEMPTS = 30
"""Orders tried where large groups stand in the way of that."""
_ROUNDS = 50
"""Passes of the local improvement; it stops earlier when nothing moves, in practice after fewer than ten."""


def split_groups(
    groups: Sequence[int], labels: NDArray[np.int64], ratios: Mapping[str, float], seed: int
) -> dict[str, list[int]]:
    """Divide examples so that no group stands on two sides; return for each side the sorted indices of its examples.

    The number of examples and the objects of every class, ``labels`` of shape ``(N, C)``, come as close to ``ratios``,
    which are scaled to sum 1, as moving single groups can bring them. The seed is that of the order in which the groups
    are placed.

    Raises:
        ValueError: If lengths differ, a ratio is not positive, or there are fewer groups than sides.
    """
    if len(groups) != len(labels):
        raise ValueError(f"{len(groups)} group numbers for {len(labels)} rows of labels")
    if not ratios or min(ratios.values()) <= 0:
        raise ValueError(f"every side needs a positive ratio, got {dict(ratios)}")
    members, weights = _group_weights(groups, labels)
    if len(members) < len(ratios):
        raise ValueError(f"{len(members)} groups cannot be divided into {len(ratios)} sides")
    side = _best_sides(weights, np.array(list(ratios.values())) / sum(ratios.values()), seed)
    return {
        name: sorted(example for group in np.flatnonzero(side == number) for example in members[group])
        for number, name in enumerate(ratios)
    }


def split_random(count: int, ratios: Mapping[str, float], seed: int) -> dict[str, list[int]]:
    """Divide examples at random, one by one, whatever they share; return the sorted indices of each side."""
    order = np.random.default_rng(seed).permutation(count)
    goal = np.array(list(ratios.values()))
    cuts = np.rint(np.cumsum(goal / goal.sum())[:-1] * count).astype(int)
    return {name: sorted(part.tolist()) for name, part in zip(ratios, np.split(order, cuts), strict=True)}


def shares(side: Sequence[int], labels: NDArray[np.int64]) -> tuple[float, Floats]:
    """Return the share of all examples, and of each class's objects, that the examples of one side hold.

    ``labels`` are the objects of each class in each example, shape ``(N, C)``; the shares of the classes have shape
    ``(C,)``, 0 for a class without objects.
    """
    total = labels.sum(axis=0)
    return len(side) / max(len(labels), 1), labels[list(side)].sum(axis=0) / np.maximum(total, 1)


def _group_weights(groups: Sequence[int], labels: NDArray[np.int64]) -> tuple[list[list[int]], Floats]:
    """Return the examples of each group, and its share of all examples and of each class, shape ``(G, 1 + C)``."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    members: list[list[int]] = [[] for _ in numbers]
    for example, group in enumerate(groups):
        members[numbers[group]].append(example)
    counts = np.array([[len(m), *labels[m].sum(axis=0)] for m in members], dtype=np.float64)
    return members, counts / np.maximum(counts.sum(axis=0), 1)


def _best_sides(weights: Floats, goal: Floats, seed: int) -> NDArray[np.int64]:
    """Return the side of each group: the first arrangement close enough to ``goal``, else the closest of several."""
    generator = np.random.default_rng(seed)
    best, least = np.empty(0, dtype=np.int64), np.inf
    for _ in range(_ATTEMPTS):
        # Heavy groups first, since light ones can even out what they leave; the random factor lets seeds differ.
        factor = generator.uniform(0.5, 1.5, len(weights))
        order = np.argsort(-factor * weights.sum(axis=1), kind="stable")
        side = _improve(_place(weights, goal, order), weights, goal, order)
        shares_now = np.stack([weights[side == number].sum(axis=0) for number in range(len(goal))])
        off = (shares_now - goal[:, None])[:, weights.any(axis=0)]
        distance = float((off**2 / goal[:, None]).sum())
        if distance < least:
            best, least = side, distance
        if np.abs(off).max() <= _CLOSE_ENOUGH:
            break
    return best


def _place(weights: Floats, goal: Floats, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each group, the heaviest first, to the side where it brings the shares closest to ``goal``.

    The last groups are kept for sides that are still empty.
    """
    side = np.full(len(weights), -1, dtype=np.int64)
    missing = np.outer(goal, np.ones(weights.shape[1]))
    for left, group in zip(range(len(order), 0, -1), order, strict=True):
        gain = _gain(missing, weights[group], goal)
        empty = np.setdiff1d(np.arange(len(goal)), side)
        if len(empty) == left:
            gain[np.isin(np.arange(len(goal)), empty, invert=True)] = -np.inf
        side[group] = int(np.argmax(gain))
        missing[side[group]] -= weights[group]
    return side


def _gain(missing: Floats, weight: Floats, goal: Floats) -> Floats:
    """Return for each side by how much taking ``weight`` lowers its chi-square distance, shape ``(S,)``."""
    gain: Floats = ((missing**2 - (missing - weight) ** 2) / goal[:, None]).sum(axis=1)
    return gain


def _improve(side: NDArray[np.int64], weights: Floats, goal: Floats, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move single groups while that brings the shares closer to ``goal`` and leaves no side empty."""
    missing = np.outer(goal, np.ones(weights.shape[1]))
    np.subtract.at(missing, side, weights)
    for _ in range(_ROUNDS):
        moved = False
        for group in order:
            here = side[group]
            without = missing.copy()
            without[here] += weights[group]
            gain = _gain(without, weights[group], goal)
            best = int(np.argmax(gain))
            if gain[best] > gain[here] + 1e-12 and (side == here).sum() > 1:
                missing = without
                missing[best] -= weights[group]
                side[group] = best
                moved = True
        if not moved:
            break
    return side


MOST_GROUPS = 400
"""Above this single moves are fine enough, and there would be too many pairs."""
_EXCHANGES = 200


def exchange_groups(
    parts: Mapping[str, Sequence[int]], goal: Mapping[str, float], groups: Sequence[int], columns: NDArray[np.int64]
) -> dict[str, list[int]]:
    """Return the split with groups exchanged, or moved, while that brings the shares closer to ``goal``.

    ``columns``, shape ``(N, K)``, is what to balance beside the number of examples. Indices are sorted and no side is
    empty; the split stays as it was if there are more than `MOST_GROUPS` groups.
    """
    numbers, first = np.unique(groups, return_inverse=True)
    if len(numbers) > MOST_GROUPS:
        return {side: list(members) for side, members in parts.items()}
    # The last group is empty: to exchange with it is to move.
    weights = np.zeros((len(numbers) + 1, columns.shape[1] + 1))
    np.add.at(weights, first, np.column_stack([np.ones(len(groups)), columns]))
    weights /= np.maximum(weights.sum(axis=0), 1)
    side = np.full(len(numbers), -1)
    for number, members in enumerate(parts.values()):
        side[first[list(members)]] = number
    _search(side, weights[:, weights.any(axis=0)], np.array([goal[part] for part in parts]))
    return {part: np.flatnonzero(side[first] == number).tolist() for number, part in enumerate(parts)}


def _search(side: NDArray[np.int64], weights: Floats, goal: Floats) -> None:
    """Change ``side`` in place, each time by the best exchange between any two sides, until none helps."""
    empty = len(side)
    for _ in range(_EXCHANGES):
        shares_now = np.stack([weights[:-1][side == number].sum(axis=0) for number in range(len(goal))])
        off = shares_now - goal[:, None]
        best = (-1e-15, 0, 0, 0, 0)
        for a in range(len(goal)):
            for b in range(a + 1, len(goal)):
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
