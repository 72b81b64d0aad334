"""What generated data sets have in common; the rest is tested on the two sets."""

import pytest
import yaml

from lidd_yolo.data.demo.generated import counts_in_proportion, split_number, write_data_yaml


class TestSplitNumber:
    def test_split_number(self):
        assert [split_number(split) for split in ("train", "val", "test")] == [0, 1, 2]

    def test_split_number__unknown(self):
        with pytest.raises(ValueError, match="'all'"):
            split_number("all")


class TestCountsInProportion:
    @pytest.mark.parametrize(
        ("pictures", "expected"),
        [
            (300, {"train": 300, "val": 60, "test": 40}),
            (75, {"train": 75, "val": 15, "test": 10}),
            (2, {"train": 2, "val": 1, "test": 1}),
            (-1, {"train": -1, "val": 1, "test": 1}),
        ],
    )
    def test_counts(self, pictures, expected):
        assert counts_in_proportion({"train": 300, "val": 60, "test": 40}, pictures) == expected


class TestWriteDataYaml:
    def test_content(self, tmp_path):
        file = write_data_yaml(tmp_path, "my-set", ("train", "val"), ("pit", "no"))
        assert file == tmp_path / "data.yaml"
        content = yaml.safe_load(file.read_text())
        assert content == {"train": "images/train", "val": "images/val", "names": {0: "pit", 1: "no"}}
        assert "my-set" in file.read_text().splitlines()[0]

    def test_what_is_there_stays(self, tmp_path):
        (tmp_path / "data.yaml").write_text("mine")
        write_data_yaml(tmp_path, "my-set", ("train",), ("pit",))
        assert (tmp_path / "data.yaml").read_text() == "mine"
