"""The file-name rule: what it joins, and what is said about a wrong one."""

import pytest

from lidd_yolo.data.groups.links import burst_links, group_numbers

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
