"""Exchange of groups: whole groups, no empty side, no pair left whose exchange would help."""

import itertools

import numpy as np
import pytest

from lidd_yolo.data.splits import search as exchange
from lidd_yolo.data.splits.search import exchange_groups

WANTED = {"train": 0.6, "val": 0.4}


def cost(parts, wanted, columns):
    """Fourth power of what is off, example by example."""
    whole = np.column_stack([np.ones(len(columns)), columns])
    held = {side: whole[members].sum(axis=0) / np.maximum(whole.sum(axis=0), 1) for side, members in parts.items()}
    return sum(((held[side] - wanted[side]) ** 4)[whole.any(axis=0)].sum() for side in parts)


def moved(parts, groups, *changes):
    """The split after some groups have gone to other sides."""
    side_of = {groups[i]: side for side, members in parts.items() for i in members}
    side_of.update(changes)
    return {side: [i for i, g in enumerate(groups) if side_of[g] == side] for side in parts}


class TestExchangeGroups:
    def test_exchange__where_no_move_helps(self):
        """Two against two groups of ten; only classes are off, and any move alone spoils the sizes."""
        groups = np.repeat(np.arange(4), 10).tolist()
        columns = np.zeros((40, 2), dtype=np.int64)
        columns[:20, 0] = columns[20:, 1] = 1
        parts = {"train": list(range(20)), "val": list(range(20, 40))}
        found = exchange_groups(parts, {"train": 0.5, "val": 0.5}, groups, columns)
        assert cost(found, {"train": 0.5, "val": 0.5}, columns) == 0
        assert [len(members) for members in found.values()] == [20, 20]

    @pytest.mark.parametrize("seed", range(8))
    def test_optimum__no_exchange_and_no_move_helps(self, seed):
        rng = np.random.default_rng(seed)
        groups = rng.integers(0, 9, 60).tolist()
        columns = rng.poisson(1, (60, 3))
        wanted = {"train": 0.6, "val": 0.25, "test": 0.15}
        start = moved({side: [] for side in wanted}, groups, *((g, list(wanted)[g % 3]) for g in set(groups)))
        found = exchange_groups(start, wanted, groups, columns)
        assert sorted(itertools.chain(*found.values())) == list(range(60))
        side_of = {groups[i]: side for side, members in found.items() for i in members}
        assert all(groups[i] in side_of and side_of[groups[i]] == side for side in found for i in found[side])
        best = cost(found, wanted, columns)
        assert best <= cost(start, wanted, columns)
        others = [moved(found, groups, (a, side_of[b]), (b, side_of[a])) for a, b in itertools.combinations(side_of, 2)]
        others += [moved(found, groups, (a, side)) for a in side_of for side in wanted]
        assert min(cost(other, wanted, columns) for other in others if all(other.values())) >= best - 1e-12

    def test_side__never_emptied(self):
        groups, columns = [0, 0, 0, 1], np.ones((4, 1), dtype=np.int64)
        found = exchange_groups({"train": [3], "val": [0, 1, 2]}, {"train": 0.99, "val": 0.01}, groups, columns)
        assert found == {"train": [0, 1, 2], "val": [3]}

    def test_column_without_objects__does_not_count(self):
        groups, columns = list(range(10)), np.zeros((10, 1), dtype=np.int64)
        found = exchange_groups({"train": [0], "val": list(range(1, 10))}, WANTED, groups, columns)
        assert [len(members) for members in found.values()] == [6, 4]

    def test_many_groups__left_as_they_are(self, monkeypatch):
        monkeypatch.setattr(exchange, "MOST_GROUPS", 3)
        parts = {"train": [0], "val": [1, 2, 3]}
        assert exchange_groups(parts, WANTED, [0, 1, 2, 3], np.ones((4, 1), dtype=np.int64)) == parts
