"""The groups file: round trip, files written by hand, and what is said about wrong ones."""

import json

import pytest

from lidd_yolo.data.groups.groups_file import describe_groups, groups_by_file, groups_text, read_groups
from lidd_yolo.data.groups.picture_groups import PictureGroups

PAIR = {"first": "a", "second": "c", "kind": "overlap", "area": 0.5}
GROUPS = PictureGroups(("a", "b", "c"), (0, 1, 0), (PAIR,), {"burst": None})


@pytest.fixture
def file(tmp_path):
    (tmp_path / "groups.json").write_text(groups_text(GROUPS, data="x.yaml"))
    return tmp_path / "groups.json"


class TestGroupsText:
    def test_figures__by_hand(self, file):
        content = json.loads(file.read_text())
        assert content["groups"] == {"count": 2, "largest": 2, "sizes": {"1": 1, "2": 1}}
        assert (content["images"], content["pairs"], content["data"]) == (3, {"overlap": 1}, "x.yaml")
        assert content["pictures"] == {"a": 0, "b": 1, "c": 0}
        assert content["links"] == [PAIR]
        assert content["group_sha256"] == GROUPS.sha256

    def test_figures__nothing(self):
        assert describe_groups(PictureGroups((), ()))["groups"] == {"count": 0, "largest": 0, "sizes": {}}


class TestReadGroups:
    def test_round_trip(self, file):
        assert read_groups(file, "abc") == GROUPS

    def test_some_pictures__numbered_anew_with_their_links(self, file):
        found = read_groups(file, ["c", "b"])
        assert (found.names, found.numbers, found.pairs) == (("c", "b"), (0, 1), ())

    def test_by_hand__texts_as_groups(self, tmp_path):
        (tmp_path / "g.json").write_text(json.dumps({"pictures": {"a": "plate 1", "b": 7, "c": "plate 1"}}))
        assert read_groups(tmp_path / "g.json", "abc").numbers == (0, 1, 0)

    def test_split_json__names_without_folders(self, tmp_path):
        pictures = {"a": {"split": "train", "group": 4}, "b": {"split": "val", "group": 2}, "c": {"group": 4}}
        (tmp_path / "split.json").write_text(json.dumps({"pictures": pictures}))
        names = ("images/train/a", "images/val/b", "c")
        assert read_groups(tmp_path / "split.json", names).numbers == (0, 1, 0)

    def test_names_without_folders__not_where_two_pictures_have_one(self, tmp_path):
        (tmp_path / "g.json").write_text(json.dumps({"pictures": {"a": 1}}))
        with pytest.raises(ValueError, match=r"g\.json has no group for x/a and 1 more"):
            read_groups(tmp_path / "g.json", ("x/a", "y/a"))

    def test_picture_missing__named(self, file):
        with pytest.raises(ValueError, match=r"groups\.json has no group for d and 1 more"):
            read_groups(file, "adeb")

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"pictures": [1]}', '{"pictures": {"a": {"split": 1}}}'])
    def test_damaged(self, tmp_path, text):
        (tmp_path / "g.json").write_text(text)
        with pytest.raises(ValueError, match=r"g\.json is no groups file"):
            read_groups(tmp_path / "g.json", "a")

    def test_no_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"g\.json: no such file; make one with lidd data groups"):
            read_groups(tmp_path / "g.json", "a")


class TestGroupsByFile:
    def test_groups_by_file__by_name_or_by_the_copys_place(self, tmp_path):
        pictures = {"x/a.png": {"group": 4, "file": "images/val/0_a.png"}, "y/a.png": {"group": 2}, "c.png": 7}
        (tmp_path / "split.json").write_text(json.dumps({"pictures": pictures}))
        found = groups_by_file(tmp_path / "split.json")
        assert found == {"images/val/0_a.png": "4", "y/a.png": "2", "c.png": "7"}

    def test_groups_by_file__none_stated(self, tmp_path):
        assert groups_by_file(tmp_path / "split.json") is None
        (tmp_path / "split.json").write_text('{"dataset": "x"}')
        assert groups_by_file(tmp_path / "split.json") is None

    @pytest.mark.parametrize("text", ["", "[]", '{"pictures": [1]}', '{"pictures": {"a": {"split": 1}}}'])
    def test_groups_by_file__damaged(self, tmp_path, text):
        (tmp_path / "split.json").write_text(text)
        with pytest.raises(ValueError, match=r"split\.json is no groups file"):
            groups_by_file(tmp_path / "split.json")
