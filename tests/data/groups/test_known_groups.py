"""Groups that a data set brings along."""

import json

import pytest

from lidd_yolo.data.groups.groups_file import read_known_groups
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from tests.helpers.folders import yolo_set


@pytest.fixture
def data(tmp_path):
    return read_yolo_set(yolo_set(tmp_path / "set", {"train/a": "", "train/b": "", "val/c": ""}))


def _places(data):
    return {f"place {path.stem}": path for paths in data.pictures.values() for path in paths}


class TestReadKnownGroups:
    def test_none(self, data):
        assert read_known_groups(data, _places(data)) is None

    @pytest.mark.parametrize("folder", ["", "images/train/"])
    def test_split_json__whole_or_bare_names(self, data, folder):
        pictures = {f"{folder}{name}.png": {"split": "train", "group": k} for k, name in enumerate("ab")}
        pictures["c.png"] = {"split": "val", "group": 0}
        content = {"protocol": "grouped", "pictures": pictures}
        (data.root / "split.json").write_text(json.dumps(content))
        groups, split = read_known_groups(data, _places(data))
        assert groups == {"place a": 0, "place b": 1, "place c": 0}
        assert split == content

    @pytest.mark.parametrize("content", ["{", "[]", "{}", '{"pictures": {"a.png": {"group": 0}}}'])
    def test_split_json__incomplete(self, data, content):
        (data.root / "split.json").write_text(content)
        assert read_known_groups(data, _places(data)) is None

    def test_groups_json__goes_first(self, data):
        names = {"images/train/a.png": "x", "images/train/b.png": "y", "images/val/c.png": "x"}
        (data.root / "groups.json").write_text(json.dumps({"pictures": names}))
        groups, split = read_known_groups(data, _places(data))
        assert split is None
        assert groups["place a"] == groups["place c"] != groups["place b"]

    def test_groups_json__lacks_a_picture(self, data):
        (data.root / "groups.json").write_text(json.dumps({"pictures": {}}))
        with pytest.raises(ValueError, match="has no group for"):
            read_known_groups(data, _places(data))

    def test_lists_elsewhere__found_by_the_end_of_the_path(self, data, tmp_path):
        """What ``lidd data split`` writes: lists of pictures of another folder, names relative to that one."""
        names = {"images/train/a.png": 5, "images/train/b.png": 6, "images/val/c.png": 5}
        (tmp_path / "lists").mkdir()
        (tmp_path / "lists/groups.json").write_text(json.dumps({"pictures": names}))
        (tmp_path / "lists/train.txt").write_text("".join(f"{data.root / name}\n" for name in names))
        (tmp_path / "lists/data.yaml").write_text("train: train.txt\nnames: [a, b]\n")
        listed = read_yolo_set(tmp_path / "lists/data.yaml")
        groups, _ = read_known_groups(listed, _places(listed))
        assert groups == {"place a": 0, "place b": 1, "place c": 0}
