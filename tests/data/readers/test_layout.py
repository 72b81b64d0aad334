"""Pictures and annotation files brought together by folders and names."""

from pathlib import Path

import pytest

from lidd_yolo.data.readers.layout import (
    Pictures,
    in_annotations,
    key_of,
    list_files,
    list_pictures,
    side_named,
    side_of,
)

_ROOT = Path("set")


class TestKeys:
    @pytest.mark.parametrize(
        ("picture", "label"),
        [
            ("images/train/a.jpg", "labels/train/a.txt"),
            ("train/images/a.jpg", "train/labels/a.txt"),
            ("train/a.jpg", "train/a.txt"),
            ("JPEGImages/train/a.jpg", "Annotations/train/a.xml"),
        ],
    )
    def test_layouts_agree(self, picture, label):
        assert key_of(_ROOT / picture, _ROOT) == key_of(_ROOT / label, _ROOT) == ("train", "a")

    def test_side__named_by_any_folder(self):
        assert side_of(("x", "validation", "y", "a")) == ("val", ("x", "y", "a"))
        assert side_of(("val",)) == ("train", ("val",))
        assert [side_named(word) for word in ("val2017", "Training", "testing", "tests", "valid")] == [
            "val",
            "train",
            "test",
            None,
            "val",
        ]

    def test_in_annotations__folders_alone(self):
        assert in_annotations(_ROOT / "Masks/a.png", _ROOT)
        assert not in_annotations(_ROOT / "images/masks", _ROOT)


class TestListing:
    def test_pictures__not_those_of_masks_unless_alone(self, tmp_path):
        for place in ("images/a.JPG", "masks/a.png", "notes.txt"):
            (tmp_path / place).parent.mkdir(exist_ok=True)
            (tmp_path / place).touch()
        assert list_pictures(tmp_path) == [tmp_path / "images/a.JPG"]
        assert list_pictures(tmp_path / "masks") == [tmp_path / "masks/a.png"]
        (tmp_path / "images/a.JPG").unlink()
        assert list_pictures(tmp_path) == [tmp_path / "masks/a.png"]
        assert list_files(tmp_path, {".txt"}) == [tmp_path / "notes.txt"]


class TestPictures:
    def test_find__whole_key_then_side_then_name(self):
        paths = [_ROOT / place for place in ("images/train/a.jpg", "images/test/a.jpg", "images/train/b.jpg")]
        pictures = Pictures(_ROOT, paths)
        assert pictures.find(("train", "a")) == paths[:1]
        assert pictures.find(("a",)) == paths[:2]
        assert pictures.find(("elsewhere", "b")) == paths[2:]
        assert pictures.find(("c",)) == []

    def test_find__first_key_that_fits(self):
        paths = [_ROOT / place for place in ("test/hole/0.png", "test/cut/0.png")]
        assert Pictures(_ROOT, paths).find(("cut", "0"), ("0",)) == paths[1:]
