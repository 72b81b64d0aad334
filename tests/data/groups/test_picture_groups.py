"""Groups of pictures: what they leak, the groups file, and groups that a data set states, wherever its pictures lie."""

import json
from pathlib import Path

import numpy as np
import pytest

from lidd_yolo.data.groups.picture_groups import (
    PictureGroups,
    all_pictures,
    known_groups,
    picture_name,
    read_groups,
    split_names,
    stated_groups,
)
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.data.splits.lists import Division, write_division
from lidd_yolo.errors import InputError
from tests.helpers.crops import write_crop_set
from tests.helpers.folders import yolo_set

PAIR = {"first": "a", "second": "c", "kind": "overlap", "area": 0.5}
GROUPS = PictureGroups(("a", "b", "c"), (0, 1, 0), (PAIR,), {"burst": None})


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    return read_yolo_set(write_crop_set(tmp_path_factory.mktemp("set"), plates=4))


@pytest.fixture
def file(tmp_path):
    GROUPS.write(tmp_path, data="x.yaml")
    return tmp_path / "groups.json"


@pytest.fixture
def data(tmp_path):
    return read_yolo_set(yolo_set(tmp_path / "set", {"train/a": "", "train/b": "", "val/c": ""}))


def write(folder, name, **pictures):
    (folder / name).write_text(json.dumps({"pictures": pictures}))


def known(data):
    """The known groups of all pictures, in the order of the splits."""
    return known_groups(data, [path for paths in data.pictures.values() for path in paths])


class TestLeaks:
    groups = PictureGroups(("a", "b", "c", "d", "e"), (0, 1, 0, 2, 1))

    def test_share__by_hand(self):
        assert self.groups.leaks({"train": ["a"], "val": ["b", "c"], "test": ["d", "e"]}) == {"val": 0.5, "test": 0.0}

    def test_picture_in_two_splits__leaks(self):
        assert self.groups.leaks({"train": ["d"], "val": ["d", "b"]}) == {"val": 0.5}

    def test_without_train__nothing(self):
        assert self.groups.leaks({"val": ["a"]}) == {}


class TestNames:
    def test_names__below_the_folder(self, crops):
        assert split_names(crops)["val"] == [f"images/val/p{k}_0.png" for k in range(4)]
        assert sorted(all_pictures(crops)) == sorted(split_names(crops)["train"] + split_names(crops)["val"])

    def test_order__by_file_names_whatever_the_split(self, crops):
        assert [Path(name).stem for name in all_pictures(crops)] == [f"p{k}_{j}" for k in range(4) for j in range(3)]

    def test_name__elsewhere_in_full(self, tmp_path):
        assert picture_name(tmp_path / "a.png", tmp_path / "set") == (tmp_path / "a.png").as_posix()


class TestWrite:
    def test_figures__by_hand(self, file):
        content = json.loads(file.read_text())
        assert content["groups"] == {"count": 2, "largest": 2, "sizes": {"1": 1, "2": 1}}
        assert (content["images"], content["pairs"], content["data"]) == (3, {"overlap": 1}, "x.yaml")
        assert content["pictures"] == {"a": 0, "b": 1, "c": 0}
        assert content["links"] == [PAIR]
        assert content["group_sha256"] == GROUPS.sha256

    def test_figures__nothing(self):
        assert PictureGroups((), ()).count() == {"count": 0, "largest": 0, "sizes": {}}


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
        with pytest.raises(InputError, match=r"g\.json: no such file; make one with lidd data groups"):
            read_groups(tmp_path / "g.json", "a")

    def test_split_json__part_of_the_folders(self, tmp_path):
        write(tmp_path, "g.json", **{"train/a": 4, "a": 7})
        assert read_groups(tmp_path / "g.json", ("images/train/a", "images/val/a")).numbers == (0, 1)


class TestStatedGroups:
    def test_stated_groups__names_without_folders(self, tmp_path):
        (tmp_path / "split.json").write_text(
            json.dumps({"pictures": {n: {"split": "test", "group": g} for n, g in (("a", 9), ("b", 4), ("c", 9))}})
        )
        pictures = [tmp_path / "images" / "test" / name for name in "cba"]
        assert stated_groups(tmp_path, pictures) == (0, 1, 0)

    def test_stated_groups__longest_end_of_a_path(self, tmp_path):
        """A name with folders is nearer than one without."""
        write(tmp_path, "groups.json", **{"x/a.png": 1, "y/a.png": 2, "a.png": 3})
        pictures = [Path("/set/x/a.png"), Path("/set/y/a.png"), Path("/set/z/a.png"), Path("/other/x/a.png")]
        assert stated_groups(tmp_path, pictures) == (0, 1, 2, 0)

    def test_stated_groups__whole_paths(self, tmp_path):
        write(tmp_path, "groups.json", **{"/far/a.png": "plate 1", "/far/b.png": "plate 1"})
        assert stated_groups(tmp_path, [Path("/far/a.png"), Path("/far/b.png")]) == (0, 0)

    def test_stated_groups__split_json_first(self, tmp_path):
        write(tmp_path, "groups.json", a=0, b=0)
        assert stated_groups(tmp_path, [Path("a"), Path("b")]) == (0, 0)
        write(tmp_path, "split.json", a=0, b=1)
        assert stated_groups(tmp_path, [Path("a"), Path("b")]) == (0, 1)

    def test_stated_groups__one_picture_without(self, tmp_path):
        write(tmp_path, "split.json", a=0)
        assert stated_groups(tmp_path, [Path("a"), Path("b")]) is None

    def test_stated_groups__no_file(self, tmp_path):
        assert stated_groups(tmp_path, [Path("a")]) is None

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"pictures": [1]}', '{"pictures": {"a": {"split": 1}}}'])
    def test_stated_groups__damaged(self, tmp_path, text):
        (tmp_path / "split.json").write_text(text)
        with pytest.raises(ValueError, match=r"split\.json is no groups file"):
            stated_groups(tmp_path, [Path("a")])

    @pytest.mark.parametrize("copy", [False, True])
    @pytest.mark.parametrize("alike", [False, True])
    def test_stated_groups__of_a_split_made_here(self, tmp_path, copy, alike):
        """Two pictures of one name in two folders: where they are copied, all get other names."""
        file = write_crop_set(tmp_path / "set", plates=3)
        if alike:
            for kind, ending in (("images", "png"), ("labels", "txt")):
                folder = tmp_path / "set" / kind
                (folder / "train" / f"p0_1.{ending}").rename(folder / "train" / f"p1_0.{ending}")
        data = read_yolo_set(file)
        names, numbers = tuple(all_pictures(data)), (0, 1, 2, 3, 2, 3, 4, 2, 4)
        sides = {"train": names[:2], "val": names[2:]}
        groups = PictureGroups(names, numbers)
        made = Division(sides, dict.fromkeys(sides, 0.5), 5, np.ones((9, 2), dtype=np.int64), groups, ())
        [file], _ = write_division(tmp_path / "out", data, made, all_pictures(data), copy=copy)
        split = read_yolo_set(file)
        group_of = {(data.root / name).read_bytes(): group for name, group in zip(names, numbers, strict=True)}
        wanted = [group_of[path.read_bytes()] for path in split.pictures["val"]]
        first = {group: number for number, group in enumerate(dict.fromkeys(wanted))}
        assert stated_groups(split.root, split.pictures["val"]) == tuple(first[group] for group in wanted)
        assert any(path.name.startswith("00000") for path in split.pictures["val"]) == (copy and alike)

    def test_stated_groups__empty_list__the_other_file(self, tmp_path):
        write(tmp_path, "split.json")
        assert stated_groups(tmp_path, [Path("a")]) is None
        write(tmp_path, "groups.json", a=0)
        assert stated_groups(tmp_path, [Path("a")]) == (0,)

    def test_stated_groups__by_the_place_of_a_copy(self, tmp_path):
        entries = {"x/a.png": {"group": 4, "file": "images/val/0_a.png"}, "y/a.png": {"group": 2}, "c.png": 7}
        write(tmp_path, "split.json", **entries)
        places = ("images/val/0_a.png", "y/a.png", "c.png", "x/a.png")
        assert stated_groups(tmp_path, [tmp_path / place for place in places[:3]]) == (0, 1, 2)
        assert stated_groups(tmp_path, [tmp_path / place for place in places]) is None


class TestKnownGroups:
    def test_none(self, data):
        assert known(data) is None

    @pytest.mark.parametrize("folder", ["", "images/train/"])
    def test_split_json__whole_or_bare_names(self, data, folder):
        """Numbers as they are there."""
        pictures = {f"{folder}{name}.png": {"split": "train", "group": 3 + k} for k, name in enumerate("ab")}
        write(data.root, "split.json", **pictures, **{"c.png": {"split": "val", "group": 3}})
        assert known(data) == (3, 4, 3)

    @pytest.mark.parametrize("content", ["{", "[]", "{}", '{"pictures": {"a.png": {"group": 0}}}'])
    def test_split_json__incomplete(self, data, content):
        (data.root / "split.json").write_text(content)
        assert known(data) is None

    def test_groups_json__goes_first(self, data):
        write(
            data.root, "groups.json", **{"images/train/a.png": "x", "images/train/b.png": "y", "images/val/c.png": "x"}
        )
        write(data.root, "split.json", **{f"{name}.png": {"group": 5} for name in "abc"})
        assert known(data) == (0, 1, 0)

    def test_groups_json__lacks_a_picture(self, data):
        write(data.root, "groups.json")
        with pytest.raises(ValueError, match=r"has no group for images/train/a\.png and 2 more"):
            known(data)

    def test_copied_split__places_in_split_json(self, data):
        """What ``lidd data split --copy`` writes: ``groups.json`` has the names of the data set that was split."""
        write(data.root, "groups.json", **{f"images/all/{name}.png": 0 for name in "xyz"})
        entries = {
            f"images/all/{n}.png": {"group": g, "file": f}
            for n, g, f in zip("xyz", (5, 6, 5), split_names(data)["train"] + split_names(data)["val"], strict=True)
        }
        write(data.root, "split.json", **entries)
        assert known(data) == (5, 6, 5)

    def test_lists_elsewhere__found_by_the_end_of_the_path(self, data, tmp_path):
        """What ``lidd data split`` writes: lists of pictures of another folder, names relative to that one."""
        names = {"images/train/a.png": 5, "images/train/b.png": 6, "images/val/c.png": 5}
        (tmp_path / "lists").mkdir()
        write(tmp_path / "lists", "groups.json", **names)
        (tmp_path / "lists/train.txt").write_text("".join(f"{data.root / name}\n" for name in names))
        (tmp_path / "lists/data.yaml").write_text("train: train.txt\nnames: [a, b]\n")
        assert known(read_yolo_set(tmp_path / "lists/data.yaml")) == (0, 1, 0)
