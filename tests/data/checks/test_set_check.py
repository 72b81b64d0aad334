"""A whole set with many faults: all found, and no good line lost."""

import json

import pytest
import yaml

from lidd_yolo.data.checks.set_check import check, check_folder, check_yolo_set
from lidd_yolo.data.labels.problems import Kind
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.errors import InputError
from tests.helpers.pictures import bombs, encoded, noise
from tests.helpers.plates import voc, voc_object
from tests.helpers.yolo_sets import GOOD, write_yolo_set


@pytest.fixture
def damaged(tmp_path):
    labels = {
        "train/a": GOOD + "1 0.3 0.3 0.2 0.2\n",
        "train/b": GOOD + "9 0.5 0.5 0.2 0.2\n" + GOOD,
        "train/c": None,
        "train/d": GOOD,
        "train/e": "0 0.5 0.5 2 2\n",
        "train/f": "\n\n0 0.5 0.5\n1 0.5 0.5 0.1 0.1\n",
        "val/g": "1 0.5 0.5 0.2 0.2\n",
        "val/h": GOOD,
    }
    same = encoded(noise(99))
    pictures = {"train/d.jpg": b"", "train/e.jpg": same, "val/g.jpg": same, "val/h.jpg": bombs()[".jpg"]}
    return write_yolo_set(tmp_path, labels, pictures)


class TestCheckYoloSet:
    def test_good__nothing(self, tmp_path):
        data = read_yolo_set(write_yolo_set(tmp_path, {"train/a": GOOD + "1 0.2 0.2 0.3 0.3\n", "val/b": GOOD}))
        done = check_yolo_set(data)
        assert (done.findings, done.counts()) == ((), {})

    def test_damaged__all_in_order_of_gravity(self, damaged):
        done = check_yolo_set(read_yolo_set(damaged))
        assert [(f.kind, f.file.name, f.where) for f in done.findings] == [
            ("picture-empty", "d.jpg", ""),
            ("picture-too-large", "h.jpg", ""),
            ("in-two-splits", "g.jpg", ""),
            ("no-label", "c.jpg", ""),
            ("class-range", "b.txt", "line 2"),
            ("columns", "f.txt", "line 3"),
            ("over-edge", "e.txt", "line 1"),
            ("duplicate", "b.txt", "line 3"),
        ]
        assert list(done.counts()) == [kind for kind in Kind if kind in done.counts()]

    def test_damaged__good_lines_are_counted(self, damaged):
        done = check_yolo_set(read_yolo_set(damaged))
        objects = {one.picture.name: [str(o.place) for o in one.objects] for one in done.pairs}
        assert objects["a.jpg"] == ["line 1", "line 2"]
        assert objects["b.jpg"] == ["line 1", "line 3"]
        assert objects["d.jpg"] == ["line 1"]
        assert objects["f.jpg"] == ["line 4"]

    def test_workers__same_result(self, damaged, monkeypatch):
        results = []
        for processors in (1, 4):
            monkeypatch.setattr("os.cpu_count", lambda processors=processors: processors)
            results.append(check_yolo_set(read_yolo_set(damaged)))
        assert results[0] == results[1]

    def test_list__picture_that_is_not_there(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": GOOD + "1 0.2 0.2 0.3 0.3\n", "val/b": GOOD})
        (tmp_path / "train.txt").write_text("./images/train/a.jpg\n./images/train/gone.jpg\n")
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "train": "train.txt"}))
        done = check_yolo_set(read_yolo_set(file))
        assert [(f.kind, f.file.name) for f in done.findings] == [("picture-missing", "gone.jpg")]

    def test_limit(self, tmp_path):
        data = read_yolo_set(write_yolo_set(tmp_path, {"train/a": GOOD + "1 0.2 0.2 0.3 0.3\n"}))
        assert check_yolo_set(data, max_pixels=100).counts() == {"picture-too-large": 1, "split-missing": 1}

    def test_yaml__names_twice_and_splits_that_training_lacks(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": GOOD}, names=("pit", "dent", "pit"))
        (tmp_path / "images/val").mkdir()
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "train": None, "val": "images/val"}))
        done = check_yolo_set(read_yolo_set(file))
        assert [(f.kind, f.where, f.reason) for f in done.findings] == [
            ("split-missing", "train:", "it does not say where train is, and training needs both, train and val"),
            ("split-missing", "val:", f"there is no picture in {tmp_path}/images/val"),
            ("name-twice", "class 2", "'pit' is class 0 already"),
        ]

    def test_names_twice__not_repaired_by_name(self, tmp_path):
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD, "val/b": GOOD}, names=("pit", "pit"))
        with pytest.raises(InputError, match=r"names: 0 and 1 are both 'pit'; give every class a name of its own"):
            check(file, fix=tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_class_as_fraction__as_training_reads_it(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": "1.0 0.5 0.5 0.5 0.5\n1.5 0.5 0.5 0.1 0.1\n", "val/b": GOOD})
        done = check_yolo_set(read_yolo_set(file))
        assert done.counts() == {"class-untrained": 1, "not-numeric": 1}
        assert done.figures["objects"]["pit"] == {"train": 1, "val": 0}

    def test_key_points__refused(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": GOOD})
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "kpt_shape": [17, 3]}))
        with pytest.raises(ValueError, match="key points"):
            check_yolo_set(read_yolo_set(file))


class TestCheckFolder:
    def test_same_name_in_two_folders(self, tmp_path):
        for number, side in enumerate(("train", "test")):
            for folder, data in (("images", encoded(noise(number))), ("labels", b"<annotation/>")):
                path = tmp_path / folder / side / f"a{'.jpg' if folder == 'images' else '.xml'}"
                path.parent.mkdir(parents=True)
                path.write_bytes(data)
        done = check_folder(tmp_path, "voc")
        assert done.counts() == {"name-in-two-splits": 1, "no-stated-size": 2}
        assert done.figures["pictures"] == {"images/test": 1, "images/train": 1}


class TestCheck:
    def test_yolo__repr_and_repaired_copy(self, damaged, tmp_path_factory):
        copy = tmp_path_factory.mktemp("copies") / "new"
        done = check(damaged, fix=copy)
        assert repr(done) == f"SetCheck({damaged}: 8 pictures, 9 objects; 8 findings in 7 files)"
        assert (done.copy, done.left_out) == (copy, 3)
        assert json.loads((copy / "check.json").read_text()) == done.as_dict()
        assert check(str(copy / "data.yaml")).copy is None

    def test_folder__classes_that_may_occur(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(encoded(noise()))
        (tmp_path / "a.xml").write_text(voc(voc_object("pit", (1, 1, 9, 9)), (40, 30)).replace("<depth>1", "<depth>3"))
        assert check(tmp_path, format="voc").findings == ()
        assert check(tmp_path, format="voc", names=["crack"]).counts() == {"class-name": 1}

    @pytest.mark.parametrize(
        ("place", "options", "reason"),
        [
            ("none.yaml", {}, "no such data YAML"),
            (".", {}, "give its data YAML"),
            (".", {"format": "png"}, "none of yolo, voc"),
            (".", {"format": "voc"}, "no annotation"),
            (".", {"format": "voc", "fix": "new"}, "lidd data convert"),
            ("data.yaml", {"names": ["a"]}, "--names goes with"),
            ("data.yaml", {"max_pixels": 0}, "must be 1 or more"),
            ("data.yaml", {"fix": "images"}, "not empty"),
        ],
    )
    def test_bad_input__one_exception(self, tmp_path, monkeypatch, place, options, reason):
        write_yolo_set(tmp_path, {"train/a": GOOD})
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match=reason):
            check(place, **options)
