"""Groups that a data set states, of pictures wherever they lie."""

import json
from pathlib import Path

import numpy as np
import pytest

from lidd_yolo.data.groups.groups_file import stated_groups
from lidd_yolo.data.groups.picture_groups import PictureGroups, all_pictures
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.data.splits.lists import Division, write_division
from tests.helpers.crops import write_crop_set


def write(folder, name, **pictures):
    (folder / name).write_text(json.dumps({"pictures": pictures}))


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

    def test_stated_groups__damaged(self, tmp_path):
        (tmp_path / "split.json").write_text("{")
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
        [file] = write_division(tmp_path / "out", data, made, all_pictures(data), copy=copy)
        split = read_yolo_set(file)
        group_of = {(data.root / name).read_bytes(): group for name, group in zip(names, numbers, strict=True)}
        wanted = [group_of[path.read_bytes()] for path in split.pictures["val"]]
        first = {group: number for number, group in enumerate(dict.fromkeys(wanted))}
        assert stated_groups(split.root, split.pictures["val"]) == tuple(first[group] for group in wanted)
        assert any(path.name.startswith("00000") for path in split.pictures["val"]) == (copy and alike)
