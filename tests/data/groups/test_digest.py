"""Hashes of lists, groupings and splits: what changes them and what does not."""

import hashlib

from lidd_yolo.data.groups.digest import digest, group_digest, split_digest


class TestDigest:
    def test_value__by_hand(self):
        assert digest(["ab"]) == hashlib.sha256(b"\x00" * 7 + b"\x02" + b"ab").hexdigest()

    def test_parts__where_they_are_cut_counts(self):
        assert digest(["ab", "c"]) != digest(["a", "bc"])
        assert digest(["a", b"b"]) == digest([b"a", "b"])


class TestGroupDigest:
    def test_numbers__do_not_count(self):
        assert group_digest("abc", [0, 1, 0]) == group_digest("abc", [7, 3, 7]) == digest(["a/c", "b"])

    def test_members__count(self):
        assert group_digest("abc", [0, 1, 0]) != group_digest("abc", [0, 0, 1])


class TestSplitDigest:
    def test_order__does_not_count(self):
        assert split_digest({"val": ["b"], "train": ["c", "a"]}) == digest(["train/a", "train/c", "val/b"])

    def test_side__counts(self):
        assert split_digest({"val": ["b"], "train": ["a"]}) != split_digest({"val": ["a"], "train": ["b"]})
