"""One picture of a source."""

import struct
from dataclasses import replace
from pathlib import Path

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.problems import NONE_USABLE, Problem
from lidd_yolo.data.readers.item import Item, item_of, kept_item, name_below, picture_size
from tests.helpers.folders import picture


class TestPictureSize:
    def test_width_before_height(self, tmp_path):
        assert picture_size(picture(tmp_path / "a.png", 20, 10)) == ((20, 10), [])

    def test_unusable__named(self, tmp_path):
        (tmp_path / "empty.jpg").touch()
        (tmp_path / "text.jpg").write_text("no picture")
        for name, reason in (("empty.jpg", "decoded"), ("text.jpg", "decoded"), ("none.jpg", "read")):
            size, [problem] = picture_size(tmp_path / name)
            assert size is None
            assert (problem.file.name, problem.repaired) == (name, False)
            assert reason in problem.reason

    def test_bomb__refused_by_its_header(self, tmp_path):
        head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
        (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + b"0000")
        size, [problem] = picture_size(tmp_path / "bomb.png")
        assert size is None
        assert "60000x60000" in problem.reason


class TestKeptItem:
    def item(self, *objects):
        return Item(Path("a.jpg"), "train", "a.jpg", Annotation("a.jpg", 10, 10, objects), Path("a.txt"))

    def test_all_objects_lost__no_item_and_why(self):
        bad = Problem(Path("a.txt"), "line 1", "it is bad", "line left out")
        item, problems = kept_item(self.item(), [bad])
        assert item is None
        assert [(p.file.name, p.reason) for p in problems] == [("a.txt", "it is bad"), ("a.jpg", NONE_USABLE)]

    def test_one_left_none_stated_or_repaired__kept(self):
        bad = Problem(Path("a.txt"), "line 1", "it is bad", "line left out")
        good = self.item(DefectObject("x", Box(1, 1, 5, 5)))
        assert kept_item(good, [bad]) == (good, [bad])
        assert kept_item(self.item(), []) == (self.item(), [])
        mended = [replace(bad, repaired=True)]
        assert kept_item(self.item(), mended) == (self.item(), mended)


class TestNames:
    def test_name_below__shared_folder(self):
        paths = [Path("x/train/a/1.jpg"), Path("x/train/b/1.jpg")]
        assert [name_below(paths)(path) for path in paths] == ["a/1.jpg", "b/1.jpg"]
        assert name_below(paths[:1])(paths[0]) == "1.jpg"

    def test_item_of__side_taken_out(self):
        made = item_of(Path("x/val/steel/a.jpg"), ("val", "steel", "a"), Annotation("other", 1, 1), Path("a.xml"))
        assert (made.side, made.name, made.annotation.image) == ("val", "steel/a.jpg", "a.jpg")
