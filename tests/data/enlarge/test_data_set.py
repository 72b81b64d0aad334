"""Whole data sets enlarged."""

import json

import numpy as np
import pytest
import yaml

from lidd_yolo.data.enlarge.change import change_picture, decode_picture, draw_change
from lidd_yolo.data.enlarge.copies import change_annotation
from lidd_yolo.data.enlarge.data_set import describe_enlargement, enlarge, enlargement_figures
from lidd_yolo.data.formats.yolo import read_yolo, write_yolo
from lidd_yolo.data.groups.digest import digest, group_digest, split_digest
from lidd_yolo.data.groups.families import read_originals
from lidd_yolo.data.readers.data_yaml import label_file, read_yolo_set
from lidd_yolo.data.splits.lists import split
from lidd_yolo.errors import InputError
from tests.helpers.folders import tree, yolo_set

_MIDDLE = "0 0.5 0.5 0.25 0.25\n"
_OUTLINE = "1 0.25 0.25 0.75 0.25 0.5 0.75\n"


@pytest.fixture
def source(tmp_path):
    return yolo_set(tmp_path / "set", {"train/a": _MIDDLE, "train/b": _OUTLINE, "val/c": _MIDDLE})


class TestEnlarge:
    def test_train_alone__originals_unchanged(self, source, tmp_path):
        before = tree(tmp_path / "set")
        done = enlarge(source, times=3)
        assert done.target == tmp_path / "set-x3"
        assert (done.images, done.problems) == ({"train": 6, "val": 1}, [])
        made = tree(done.target)
        assert {place: data for place, data in made.items() if place in before and place != "data.yaml"} == {
            place: data for place, data in before.items() if place != "data.yaml"
        }
        assert tree(tmp_path / "set") == before
        found = read_yolo_set(done.target / "data.yaml")
        assert found.root == done.target
        assert {side: len(paths) for side, paths in found.pictures.items()} == done.images

    def test_copies__picture_and_label_changed_alike(self, source, tmp_path):
        enlarge(source, target=tmp_path / "out", times=3, seed=5)
        for name in "ab":
            image = decode_picture((tmp_path / f"set/images/train/{name}.png").read_bytes())
            label, _ = read_yolo(tmp_path / f"set/labels/train/{name}.txt", ("a", "b"), (40, 40))
            for number in (1, 2):
                change = draw_change(5, f"{name}.png", number)
                copy = decode_picture((tmp_path / f"out/images/train/{name}-e{number}.png").read_bytes())
                np.testing.assert_array_equal(copy, change_picture(image, change))
                expected, _ = change_annotation(label, change)
                text = write_yolo(expected, ("a", "b"), segments=name == "b")
                assert (tmp_path / f"out/labels/train/{name}-e{number}.txt").read_text() == text

    def test_seed__same_again_other_differs(self, source, tmp_path):
        for number, seed in enumerate((0, 0, 1)):
            enlarge(source, target=tmp_path / str(number), times=2, seed=seed)
        trees = [tree(tmp_path / str(number)) for number in range(3)]
        assert trees[0] == trees[1] != trees[2]

    def test_all_sides(self, source, tmp_path):
        done = enlarge(source, target=tmp_path / "out", times=2, splits=None)
        assert done.images == {"train": 4, "val": 2}
        assert done.record["sides"] == ["train", "val"]

    def test_record__originals_of_the_copies(self, source, tmp_path):
        done = enlarge(source, target=tmp_path / "out", times=2)
        written = json.loads((tmp_path / "out/enlarged.json").read_text())
        assert written == done.record
        assert read_originals(tmp_path / "out") == {f"images/train/{n}-e1.png": f"images/train/{n}.png" for n in "ab"}

    def test_yaml__further_entries_kept(self, source, tmp_path):
        content = yaml.safe_load(source.read_text())
        source.write_text(yaml.safe_dump({**content, "licence": "CC0", "download": "never", "leak": {"val": 0.5}}))
        enlarge(source, target=tmp_path / "out", times=2)
        assert yaml.safe_load((tmp_path / "out/data.yaml").read_text()) == {
            "train": "images/train",
            "val": "images/val",
            "names": ["a", "b"],
            "licence": "CC0",
        }


class TestGroups:
    def test_unknown__no_groups_written(self, source, tmp_path):
        assert enlarge(source, target=tmp_path / "out", times=2).leak is None
        assert not {"groups.json", "split.json"} & set(tree(tmp_path / "out"))

    def test_known__copies_in_the_group_of_their_original(self, source, tmp_path):
        pictures = {f"{name}.png": {"split": side, "group": group} for name, side, group in _MEMBERS}
        (tmp_path / "set/split.json").write_text(json.dumps({"dataset": "steel", "pictures": pictures}))
        done = enlarge(source, target=tmp_path / "out", times=3)
        assert done.leak == {"val": 1.0}
        groups = json.loads((tmp_path / "out/groups.json").read_text())["pictures"]
        together = [f"images/train/{name}.png" for name in ("b", "b-e1", "b-e2")] + ["images/val/c.png"]
        assert len({groups[name] for name in together}) == 1
        assert len(set(groups.values())) == 2
        report = json.loads((tmp_path / "out/split.json").read_text())
        assert (report["dataset"], report["leak"], report["images"]) == ("steel", {"val": 1.0}, {"train": 6, "val": 1})
        assert report["enlarged"]["times"] == 3
        assert yaml.safe_load((tmp_path / "out/data.yaml").read_text())["leak"] == {"val": 1.0}
        assert report["pictures"]["b-e2.png"] == {"split": "train", "group": 1}
        assert report["groups"] == {"count": 2, "largest": 4, "sizes": {"3": 1, "4": 1}}
        names = ["a-e1.png", "a-e2.png", "a.png", "b-e1.png", "b-e2.png", "b.png"]
        assert report["group_sha256"] == group_digest([*names, "c.png"], [0, 0, 0, 1, 1, 1, 1])
        assert report["split_sha256"] == split_digest({"train": names, "val": ["c.png"]})
        files = {path.name: path for path in (tmp_path / "out/images").rglob("*.png")}
        labels = {name: label_file(files[name]).read_bytes() for name in files}
        parts = (part for name in sorted(files) for part in (name, files[name].read_bytes(), labels[name]))
        assert report["data_sha256"] == digest(parts)

    def test_copied_split__its_groups_are_known(self, source, tmp_path):
        """The names in its ``groups.json`` are those of the data set that was split."""
        groups = tmp_path / "own.json"
        groups.write_text(json.dumps({"pictures": {"a.png": 0, "b.png": 1, "c.png": 1}}))
        new = split(source, ratio="1:1", groups=groups, copy=True, target=tmp_path / "copied")
        assert enlarge(new.files[0], target=tmp_path / "out", times=2).leak == {"val": 0.0}


_MEMBERS = (("a", "train", 0), ("b", "train", 1), ("c", "val", 1))


class TestProblems:
    def test_damaged__named_the_others_done(self, tmp_path):
        labels = {"train/a": _MIDDLE, "train/b": "", "train/c": "7 0.5 0.5 0.5 0.5\n", "train/d": _MIDDLE + "x\n"}
        source = yolo_set(tmp_path / "set", labels)
        (tmp_path / "set/images/train/b.png").write_bytes(b"")
        done = enlarge(source, target=tmp_path / "out", times=2)
        assert done.images == {"train": 3 + 2}
        assert [(p.file.name, p.where) for p in done.problems] == [
            ("b.png", ""),
            ("c.txt", "line 1"),
            ("c.png", ""),
            ("d.txt", "line 2"),
        ]

    def test_no_picture__not_copied(self, tmp_path):
        source = yolo_set(tmp_path / "set", {"train/a": _MIDDLE, "train/b": _MIDDLE})
        (tmp_path / "set/images/train/b.png").write_text("root:x:0:0")
        done = enlarge(source, target=tmp_path / "out", times=2)
        assert [(p.file.name, p.reason) for p in done.problems] == [
            ("b.png", "its bytes are of no picture format that is known here")
        ]
        assert sorted(p.name for p in (tmp_path / "out/images/train").iterdir()) == ["a-e1.png", "a.png"]

    def test_no_label_file__none_for_the_copies(self, tmp_path):
        source = yolo_set(tmp_path / "set", {"train/a": _MIDDLE})
        (tmp_path / "set/labels/train/a.txt").unlink()
        enlarge(source, target=tmp_path / "out", times=2)
        assert {place for place in tree(tmp_path / "out") if not place.endswith("json")} == {
            "images/train/a.png",
            "images/train/a-e1.png",
            "data.yaml",
        }

    def test_enlarged_twice__names_in_use_are_not_taken(self, tmp_path):
        source = yolo_set(tmp_path / "set", {"train/a": _MIDDLE, "train/a-e1": _MIDDLE})
        done = enlarge(source, target=tmp_path / "out", times=2)
        assert done.images == {"train": 3}
        [problem] = done.problems
        assert "a picture called a-e1.png is there already" in problem.reason

    def test_enlarged_set__refused(self, source, tmp_path):
        """Copies of copies would be linked to a copy alone, and be twice as far from any real picture."""
        enlarge(source, target=tmp_path / "out", times=2)
        with pytest.raises(InputError, match=r"it has been enlarged already \(enlarged.json\); enlarge the originals"):
            enlarge(tmp_path / "out/data.yaml", target=tmp_path / "again", times=2)
        assert not (tmp_path / "again").exists()

    def test_cannot_run__nothing_written(self, source, tmp_path):
        with pytest.raises(InputError, match="times must be at least 2, got 1"):
            enlarge(source, times=1)
        with pytest.raises(InputError, match="the seed cannot be negative, got -1"):
            enlarge(source, seed=-1)
        with pytest.raises(InputError, match="no such data YAML"):
            enlarge(tmp_path / "none.yaml")
        with pytest.raises(InputError, match="it has no test, only train, val"):
            enlarge(source, target=tmp_path / "out", splits=("test",))
        with pytest.raises(InputError, match="already exists and is not empty"):
            enlarge(source, target=tmp_path / "set")
        for name in "ab":
            (tmp_path / f"set/images/train/{name}.png").write_bytes(b"")
        with pytest.raises(InputError, match="no copy could be made; first problem"):
            enlarge(source, target=tmp_path / "out")
        assert [path.name for path in tmp_path.iterdir()] == ["set"]


_COPIES = {"a.png": [("a-e1.png", {"angle": 3.0, "dropped": 2})], "b.png": [("b-e1.png", {"angle": 4.0, "dropped": 1})]}


class TestDescribeEnlargement:
    def test_counts_and_settings(self):
        record = describe_enlargement(2, 9, ("train",), _COPIES)
        counts = [record[key] for key in ("times", "seed", "sides", "originals", "copies", "dropped")]
        assert counts == [2, 9, ["train"], 2, 2, 3]
        assert record["pictures"]["a.png"] == {"a-e1.png": {"angle": 3.0, "dropped": 2}}
        assert enlargement_figures(record) == {key: value for key, value in record.items() if key != "pictures"}
