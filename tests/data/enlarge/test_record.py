"""What was enlarged, written and read."""

import json

import pytest

from lidd_yolo.data.enlarge.change import Settings
from lidd_yolo.data.enlarge.record import carry_split, describe_enlargement, figures
from lidd_yolo.data.groups.digest import digest, group_digest, split_digest
from lidd_yolo.data.groups.families import ENLARGED, read_originals

_COPIES = {"a.png": [("a-e1.png", {"angle": 3.0, "dropped": 2})], "b.png": [("b-e1.png", {"angle": 4.0, "dropped": 1})]}


class TestDescribe:
    def test_counts_and_settings(self):
        record = describe_enlargement(Settings(times=2, seed=9), ("train",), _COPIES)
        assert [record[key] for key in ("times", "seed", "sides", "originals", "copies", "dropped")] == [
            2,
            9,
            ["train"],
            2,
            2,
            3,
        ]
        assert record["pictures"]["a.png"] == {"a-e1.png": {"angle": 3.0, "dropped": 2}}
        assert figures(record) == {key: value for key, value in record.items() if key != "pictures"}


class TestReadOriginals:
    def test_of_each_copy(self, tmp_path):
        (tmp_path / ENLARGED).write_text(json.dumps(describe_enlargement(Settings(), ("train",), _COPIES)))
        assert read_originals(tmp_path) == {"a-e1.png": "a.png", "b-e1.png": "b.png"}

    def test_none_and_damaged(self, tmp_path):
        assert read_originals(tmp_path) == {}
        for content in ("{", "{}", "[]", '{"pictures": 3}'):
            (tmp_path / ENLARGED).write_text(content)
            with pytest.raises(ValueError, match=r"enlarged\.json is damaged"):
                read_originals(tmp_path)


class TestCarrySplit:
    def test_worked_out_anew(self):
        before = {"dataset": "steel", "protocol": "grouped", "seed": 3, "boxes": {}, "data_sha256": "old"}
        sides = {"train": ["a", "a-e1", "b"], "val": ["c", "d"]}
        groups = {"a": 0, "a-e1": 0, "b": 1, "c": 1, "d": 2}
        files = [(name, name.encode() * 2, b"label") for name in sorted(groups)]
        after = carry_split(before, sides, groups, files, {"times": 2})
        assert (after["dataset"], after["protocol"], after["seed"], after["enlarged"]) == (
            "steel",
            "grouped",
            3,
            {"times": 2},
        )
        assert after["images"] == {"train": 3, "val": 2}
        assert after["groups"] == {"count": 3, "largest": 2, "sizes": {1: 1, 2: 2}}
        assert after["leak"] == {"val": 0.5}
        assert after["group_sha256"] == group_digest(["a", "a-e1", "b", "c", "d"], [0, 0, 1, 1, 2])
        assert after["split_sha256"] == split_digest(sides)
        assert after["data_sha256"] == digest([part for file in files for part in file])
        assert after["pictures"]["a-e1"] == {"split": "train", "group": 0}
        assert "boxes" not in after
