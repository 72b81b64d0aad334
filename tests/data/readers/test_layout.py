"""Pictures and annotation files brought together by folders and names."""

import struct
from pathlib import Path

import pytest

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.problems import NONE_USABLE, Kind, Problem, Problems, UnusableError
from lidd_yolo.data.readers.layout import (
    Pictures,
    in_annotations,
    key_of,
    list_files,
    list_pictures,
    name_below,
    pair_files,
    picture_size,
    read_item,
    side_and_name,
    side_named,
    side_of,
)
from tests.helpers.folders import picture

_ROOT = Path("set")


class TestKeys:
    @pytest.mark.parametrize(
        ("image", "label"),
        [
            ("images/train/a.jpg", "labels/train/a.txt"),
            ("train/images/a.jpg", "train/labels/a.txt"),
            ("train/a.jpg", "train/a.txt"),
            ("JPEGImages/train/a.jpg", "Annotations/train/a.xml"),
        ],
    )
    def test_layouts_agree(self, image, label):
        assert key_of(_ROOT / image, _ROOT) == key_of(_ROOT / label, _ROOT) == ("train", "a")

    def test_side__named_by_any_folder(self):
        assert side_of(("x", "validation", "y", "a")) == ("val", ("x", "y", "a"))
        assert side_of(("val",)) == (None, ("val",))
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


class TestPairFiles:
    def test_each_its_own__the_others_alone(self, tmp_path):
        for place in ("x/a.jpg", "y/a.jpg", "b.jpg", "c.jpg", "x/a.txt", "far/a.txt", "far/b.txt", "b.txt", "d.txt"):
            (tmp_path / place).parent.mkdir(exist_ok=True)
            (tmp_path / place).touch()
        pairing = pair_files(tmp_path, list_files(tmp_path, {".txt"}))
        labels = {f"{p.parent.name}/{p.name}": label and label.parent.name for p, label in pairing.labels.items()}
        root = tmp_path.name
        assert labels == {"x/a.jpg": "x", "y/a.jpg": None, f"{root}/b.jpg": root, f"{root}/c.jpg": None}
        assert {f"{f.parent.name}/{f.name}": len(named) for f, named in pairing.alone.items()} == {
            "far/a.txt": 2,
            "far/b.txt": 1,
            f"{root}/d.txt": 0,
        }


class TestPictureSize:
    def test_width_before_height(self, tmp_path):
        assert picture_size(picture(tmp_path / "a.png", 20, 10)) == (20, 10)

    def test_unusable__named(self, tmp_path):
        (tmp_path / "empty.jpg").touch()
        (tmp_path / "text.jpg").write_text("no picture")
        for name, reason in (("empty.jpg", "decoded"), ("text.jpg", "decoded"), ("none.jpg", "read")):
            with pytest.raises(UnusableError, match=reason):
                picture_size(tmp_path / name)

    def test_bomb__refused_by_its_header(self, tmp_path):
        head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
        (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + b"0000")
        with pytest.raises(UnusableError, match="60000x60000"):
            picture_size(tmp_path / "bomb.png")


class TestReadItem:
    @pytest.fixture
    def read(self, tmp_path):
        """Return what comes of a picture whose label file says this."""

        def _read(annotation, *problems, label=tmp_path / "a.txt"):
            file = picture(tmp_path / "a.png", 20, 10)
            collected = Problems(tmp_path)
            item = read_item(file, "train", "a.png", label, lambda *_: (annotation, list(problems)), collected)
            return item, collected

        return _read

    def problem(self, **facts):
        return Problem(Path("a.txt"), Kind.NOT_A_NUMBER, "it is bad", "line left out", **facts)

    def test_all_objects_lost__no_item_and_why(self, read):
        item, problems = read(Annotation("a", 20, 10), self.problem())
        assert item is None
        assert [(p.file.name, p.reason) for p in problems] == [("a.txt", "it is bad"), ("a.png", NONE_USABLE)]

    def test_one_left_none_stated_or_repaired__kept(self, read):
        thing = DefectObject("x", Box(1, 1, 5, 5))
        item, problems = read(Annotation("other", 20, 10, (thing,)), self.problem())
        assert (item.annotation, len(problems)) == (Annotation("a.png", 20, 10, (thing,)), 1)
        assert read(Annotation("a", 20, 10))[1] == []
        assert read(Annotation("a", 20, 10), self.problem(repaired=True))[0] is not None

    def test_no_label__no_defects(self, read):
        item, problems = read(None, label=None)
        assert (item.annotation, item.source, problems) == (Annotation("a.png", 20, 10), item.picture, [])

    def test_unusable_label__no_item(self, read):
        assert read(None, self.problem()) == (None, [self.problem()])


class TestNames:
    def test_name_below__shared_folder(self):
        paths = [Path("x/train/a/1.jpg"), Path("x/train/b/1.jpg")]
        assert [name_below(paths)(path) for path in paths] == ["a/1.jpg", "b/1.jpg"]
        assert name_below(paths[:1])(paths[0]) == "1.jpg"

    def test_name_below__relative_beside_absolute(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        paths = [Path("x/1.jpg"), tmp_path / "y/2.jpg"]
        assert [name_below(paths)(path) for path in paths] == ["x/1.jpg", "y/2.jpg"]

    def test_side_and_name__side_taken_out(self):
        assert side_and_name(Path("x/val/steel/a.jpg"), Path("x")) == ("val", "steel/a.jpg")

    def test_side_and_name__default(self):
        assert side_and_name(Path("x/steel/a.jpg"), Path("x")) == ("train", "steel/a.jpg")
        assert side_and_name(Path("x/steel/a.jpg"), Path("x"), "val") == ("val", "steel/a.jpg")
