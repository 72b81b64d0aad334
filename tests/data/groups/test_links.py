"""Groups from links: chains, bursts of file names, and a naive flood fill as the oracle."""

import numpy as np
import pytest

from lidd_yolo.data.groups.links import burst_links, group_numbers


def _flooded(count, links):
    numbers = [-1] * count
    for start in range(count):
        if numbers[start] < 0:
            number, todo = max(numbers) + 1, [start]
            while todo:
                here = todo.pop()
                if numbers[here] < 0:
                    numbers[here] = number
                    todo += [b for a, b in links if a == here] + [a for a, b in links if b == here]
    return numbers


class TestGroupNumbers:
    def test_chain__one_group(self):
        assert group_numbers(7, [(4, 5), (1, 4), (0, 2)]) == [0, 1, 0, 2, 1, 1, 3]

    def test_none__everything_alone(self):
        assert group_numbers(3, []) == [0, 1, 2]

    def test_nothing(self):
        assert group_numbers(0, []) == []

    def test_random__as_flooded(self):
        rng = np.random.default_rng(0)
        for links in (20, 40, 80):
            pairs = [tuple(pair) for pair in rng.integers(0, 60, (links, 2)).tolist()]
            assert group_numbers(60, pairs) == _flooded(60, pairs)


NAMES = ["images/train/part1_a.jpg", "images/val/part2_a.jpg", "images/val/part1_b.jpg", "x/other.jpg", "part1_c.jpg"]


class TestBurstLinks:
    def test_links__chain_of_each_part_across_folders(self):
        assert burst_links(NAMES, r"^(part\d+)_") == [(0, 2), (2, 4)]
        assert group_numbers(5, burst_links(NAMES, r"^(part\d+)_")) == [0, 1, 0, 2, 0]

    def test_folders__are_not_looked_at(self):
        with pytest.raises(ValueError, match=r"matches none of 5 file names, such as images/train/part1_a\.jpg"):
            burst_links(NAMES, "(train)")

    def test_several_groups__all_must_agree(self):
        names = ["a1x2", "a1y2", "a1x3", "a1z2"]
        assert burst_links(names, r"(a\d)[xyz](\d)") == [(0, 1), (1, 3)]

    def test_no_pictures__no_links(self):
        assert burst_links([], "(a)") == []

    @pytest.mark.parametrize(("rule", "reason"), [("(a", "is no regular expression"), ("part", "needs a group")])
    def test_rule__wrong(self, rule, reason):
        with pytest.raises(ValueError, match=reason):
            burst_links(NAMES, rule)
