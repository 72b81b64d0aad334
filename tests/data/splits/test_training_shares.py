"""Nested shares of the training groups, and groups too large for them."""

import numpy as np
import pytest

from lidd_yolo.data.splits.training_shares import SHARES, list_name, taken_apart, training_shares

GROUPS = np.repeat(np.arange(120), np.tile([1, 1, 1, 9], 30)).tolist()
COUNTS = np.eye(3, dtype=np.int64)[np.array(GROUPS) % 3] * (1 + np.array(GROUPS)[:, None] % 2)


@pytest.fixture(scope="module")
def shares():
    return training_shares(GROUPS, COUNTS, SHARES, 0)


class TestTrainingShares:
    def test_nested(self, shares):
        assert list(shares) == [10, 25, 50]
        assert set(shares[10]) < set(shares[25]) < set(shares[50]) < set(range(len(GROUPS)))
        assert all(part == sorted(set(part)) for part in shares.values())

    def test_whole_groups(self, shares):
        for part in shares.values():
            outside = {GROUPS[index] for index in set(range(len(GROUPS))) - set(part)}
            assert not outside & {GROUPS[index] for index in part}

    @pytest.mark.parametrize("percent", SHARES)
    def test_pictures_groups_and_classes__of_each_the_share(self, shares, percent):
        part = shares[percent]
        assert len(part) / len(GROUPS) == pytest.approx(percent / 100, abs=0.02)
        assert len({GROUPS[index] for index in part}) / 120 == pytest.approx(percent / 100, abs=0.02)
        for counts in (COUNTS, COUNTS > 0):
            assert counts[part].sum(axis=0) / counts.sum(axis=0) == pytest.approx(percent / 100, abs=0.02)

    def test_seed__same_again_other_differs(self, shares):
        assert training_shares(GROUPS, COUNTS, SHARES, 0) == shares
        assert training_shares(GROUPS, COUNTS, SHARES, 1) != shares

    def test_too_few_groups__none(self):
        assert training_shares([0, 0, 1, 2], COUNTS[:4], SHARES, 0) == {}
        assert list(training_shares([0, 3, 1, 2], COUNTS[:4], SHARES, 0)) == [10, 25, 50]


class TestTakenApart:
    def test_large__by_what_still_joins(self):
        assert taken_apart([7, 7, 7, 7, 3, 3, 3], [(0, 2), (1, 3), (4, 5)], 3) == [0, 1, 0, 1, 2, 2, 2]

    def test_none_large__as_they_were(self):
        assert taken_apart([7, 3, 7, 3], [], 2) == [0, 1, 0, 1]

    def test_nothing_joins__each_alone(self):
        assert taken_apart([7, 7, 7], [], 2) == [0, 1, 2]


def test_list_name():
    assert list_name(25) == "train-25.txt"
