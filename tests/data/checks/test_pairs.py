"""Pictures and labels that belong together, and those that are alone."""

import json
from pathlib import Path

import yaml

from lidd_yolo.data.checks.pairs import Pair, check_pairs, folder_pairs, yolo_pairs
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Place
from lidd_yolo.data.labels.problems import Kind, Problem
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

    def test_ambiguous_or_second__alone_as_when_converted(self, tmp_path):
        for place in ("x/a.jpg", "y/a.jpg", "b.jpg", "x/a.json", "a.json", "b.json", "far/b.json"):
            (tmp_path / place).parent.mkdir(exist_ok=True)
            (tmp_path / place).touch()
        _, problems = folder_pairs(tmp_path, sorted(tmp_path.rglob("*.json")))
        assert {p.file.relative_to(tmp_path).as_posix(): (p.kind, p.reason) for p in problems} == {
            "a.json": ("no-picture", "2 pictures have its name"),
            "far/b.json": ("no-picture", "the annotation of b.jpg came before"),
            "y/a.jpg": ("no-label", "no annotation has its name"),
        }


def _label(file, picture):
    size = picture.size if picture is not None else (1, 1)
    ring = ((0, 0), (4, 0), (4, 3))
    thing = DefectObject("a", Box(0, 0, 4, 3), (ring,), difficult=True, place=Place("line", 1))
    return Annotation(file.stem, *size, (thing,)), [Problem(file, Kind.SPECK, "small", place=thing.place)]


def _checked(pair):
    [checked] = check_pairs([pair], _label, max_pixels=10**6, workers=1)
    return checked


class TestCheckPairs:
    def test_both(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(encoded(noise()))
        pair = _checked(Pair("train", tmp_path / "a.jpg", Path("a.txt")))
        assert pair.objects == (DefectObject("a", Box(0, 0, 4, 3), difficult=True),)
        assert pair.objects[0].place == Place("line", 1)
        assert (pair.size, pair.usable, [p.kind for p in pair.problems]) == ((40, 30), True, ["speck"])

    def test_label_alone(self):
        pair = _checked(Pair("", None, Path("a.txt")))
        assert (pair.size, pair.usable, pair.digest, len(pair.objects)) == (None, False, b"", 1)

    def test_picture_alone(self, tmp_path):
        pair = _checked(Pair("train", tmp_path / "none.jpg", None))
        assert ([p.kind for p in pair.problems], pair.usable) == (["picture-missing"], False)

    def test_many__in_order(self):
        pairs = [Pair("", None, Path(f"{k}.txt")) for k in range(200)]
        checked = list(check_pairs(pairs, _label, max_pixels=9, workers=4))
        assert [pair.label for pair in checked] == [pair.label for pair in pairs]

    def test_none(self):
        assert list(check_pairs([], _label, max_pixels=9, workers=2)) == []
