"""Pictures and labels that belong together, and those that are alone."""

import json

import yaml

from lidd_yolo.data.checks.pairs import Pair, folder_pairs, yolo_pairs
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from tests.helpers.pictures import encoded, noise
from tests.helpers.yolo_sets import GOOD, write_yolo_set


def _pairs(file):
    pairs, findings = yolo_pairs(read_yolo_set(file))
    named = [(p.split, p.picture and p.picture.name, p.label and p.label.name) for p in pairs]
    return named, [(finding.kind, finding.file.name) for finding in findings]


class TestYoloPairs:
    def test_good(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": GOOD, "val/b": ""})
        assert _pairs(file) == ([("train", "a.jpg", "a.txt"), ("val", "b.jpg", "b.txt")], [])

    def test_alone(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": GOOD, "train/b": None, "train/c": GOOD}, {"train/c.jpg": None})
        pairs, findings = _pairs(file)
        assert pairs == [("train", "a.jpg", "a.txt"), ("train", "b.jpg", None), ("", None, "c.txt")]
        assert findings == [("no-label", "b.jpg"), ("no-picture", "c.txt")]

    def test_split_without_any_label__one_finding(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": GOOD, "val/b": None, "val/c": None})
        assert _pairs(file)[1] == [("no-label", "data.yaml")]

    def test_two_pictures_of_one_name(self, tmp_path):
        pictures = {"train/a.jpg": encoded(noise(1)), "train/a.png": encoded(noise(2), ".png")}
        file = write_yolo_set(tmp_path, {"train/a": GOOD}, pictures)
        assert _pairs(file)[1] == [("shared-label", "a.png")]

    def test_lists__labels_of_unlisted_pictures_are_not_alone(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": GOOD, "train/b": GOOD})
        (tmp_path / "train.txt").write_text("./images/train/a.jpg\n")
        content = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**content, "train": "train.txt"}))
        assert _pairs(file) == ([("train", "a.jpg", "a.txt")], [])

    def test_classes_txt__is_no_label(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": GOOD})
        (tmp_path / "labels/train/classes.txt").write_text("a\n")
        assert _pairs(file)[1] == []

    def test_upper_case_ending__is_a_picture(self, tmp_path):
        file = write_yolo_set(tmp_path, {"train/a": GOOD}, {"train/a.JPG": encoded(noise())})
        assert _pairs(file) == ([("train", "a.JPG", "a.txt")], [])


class TestFolderPairs:
    def test_by_name_and_folder(self, tmp_path):
        names = ["images/x/a.jpg", "images/y/a.jpg", "images/x/b.jpg"]
        files = ["json/x/a.json", "json/y/a.json", "json/x/c.json"]
        for name in [*names, *files]:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(json.dumps({}))
        pairs, findings = folder_pairs(tmp_path, [tmp_path / name for name in files])
        assert sorted(pairs, key=str) == sorted(
            [
                Pair("images/x", tmp_path / "images/x/a.jpg", tmp_path / "json/x/a.json"),
                Pair("images/y", tmp_path / "images/y/a.jpg", tmp_path / "json/y/a.json"),
                Pair("images/x", tmp_path / "images/x/b.jpg", None),
                Pair("", None, tmp_path / "json/x/c.json"),
            ],
            key=str,
        )
        found = sorted((finding.kind, finding.file.name) for finding in findings)
        assert found == [("no-label", "b.jpg"), ("no-picture", "c.json")]
