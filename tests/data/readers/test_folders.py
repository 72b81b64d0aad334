"""Data sets with one annotation file for each picture, and one mask for each class."""

import json

import cv2
import numpy as np
import pytest

from lidd_yolo.data.labels.annotation import Box
from lidd_yolo.data.readers.folders import (
    read_class_mask_folder,
    read_pairs,
    read_yolo_data,
)
from lidd_yolo.data.readers.source import ReadRule
from tests.helpers.folders import picture, text, yolo_set
from tests.helpers.plates import voc, voc_object

GOOD = ReadRule(unlabelled="good")


def _pairs(*words):
    read = read_pairs(*words)
    return read.items, read.problems


def _class_masks(*words):
    read, names = read_class_mask_folder(*words)
    return read.items, read.problems, names


def _yolo_data(*words):
    read, names = read_yolo_data(*words)
    return read.items, read.problems, names


class TestVoc:
    def test_paired_and_shifted_to_0_based(self, tmp_path):
        picture(tmp_path / "JPEGImages/a.png")
        text(tmp_path / "Annotations/a.xml", voc(voc_object("x", (1, 2, 20, 10)), (20, 10)))
        [item], problems = _pairs(tmp_path, "voc")
        assert problems == []
        assert (item.side, item.name) == ("train", "a.png")
        assert item.annotation.objects[0].box == Box(0, 1, 20, 10)

    def test_without_partner__both_named_the_others_done(self, tmp_path):
        picture(tmp_path / "a.png")
        text(tmp_path / "a.xml", voc("", (20, 10)))
        picture(tmp_path / "b.png")
        text(tmp_path / "c.xml", voc("", (20, 10)))
        items, problems = _pairs(tmp_path, "voc")
        assert [item.name for item in items] == ["a.png"]
        assert [(p.file.name, p.reason) for p in problems] == [
            ("c.xml", "it has no picture"),
            ("b.png", "it has no XML file"),
        ]

    def test_same_name_on_two_sides__each_its_own(self, tmp_path):
        for side, width in (("train", 20), ("test", 30)):
            picture(tmp_path / "images" / side / "a.png", width)
            text(tmp_path / "annotations" / side / "a.xml", voc(voc_object("x", (1, 1, width, 5)), (width, 10)))
        items, problems = _pairs(tmp_path, "voc")
        assert problems == []
        found = {item.side: (item.name, item.annotation.objects[0].box.x2) for item in items}
        assert found == {"train": ("a.png", 20), "test": ("a.png", 30)}

    def test_ambiguous__left_out(self, tmp_path):
        for side in ("x", "y"):
            picture(tmp_path / side / "a.png")
        picture(tmp_path / "b.png")
        for name in ("a", "b"):
            text(tmp_path / f"xml/{name}.xml", voc("", (20, 10)))
        items, problems = _pairs(tmp_path, "voc", (), GOOD)
        assert [item.name for item in items] == ["b.png"]
        assert problems[0].reason == "2 pictures have its name"
        assert [(p.file.parent.name, p.remedy) for p in problems[1:]] == [
            ("x", "picture left out, not taken for good"),
            ("y", "picture left out, not taken for good"),
        ]

    def test_second_annotation__left_out(self, tmp_path):
        picture(tmp_path / "images/a.png")
        text(tmp_path / "elsewhere/a.xml", voc(voc_object("far", (1, 1, 2, 2)), (20, 10)))
        text(tmp_path / "annotations/a.xml", voc(voc_object("near", (1, 1, 2, 2)), (20, 10)))
        [item], [problem] = _pairs(tmp_path, "voc")
        assert item.annotation.objects[0].class_name == "near"
        assert problem.file == tmp_path / "elsewhere/a.xml"
        assert "came before" in problem.reason


class TestLabelme:
    def test_polygon(self, tmp_path):
        picture(tmp_path / "a.png")
        shape = {"label": "x", "points": [[1, 1], [9, 1], [9, 8]], "shape_type": "polygon", "group_id": None}
        text(tmp_path / "a.json", json.dumps({"imageWidth": 20, "imageHeight": 10, "shapes": [shape]}))
        [item], problems = _pairs(tmp_path, "labelme")
        assert (problems, item.annotation.objects[0].box) == ([], Box(1, 1, 9, 8))


class TestMasks:
    def test_png_beside_png__told_apart_by_folder(self, tmp_path):
        picture(tmp_path / "images/a.png")
        mask = np.zeros((10, 20), dtype=np.uint8)
        mask[2:5, 3:9] = 2
        (tmp_path / "masks").mkdir()
        cv2.imwrite(str(tmp_path / "masks/a.png"), mask)
        [item], problems = _pairs(tmp_path, "mask", ("x", "y"))
        assert problems == []
        [thing] = item.annotation.objects
        assert (thing.class_name, thing.box) == ("y", Box(3, 2, 9, 5))

    def test_no_folder_of_masks(self, tmp_path):
        picture(tmp_path / "a.png")
        with pytest.raises(ValueError, match="no masks"):
            read_pairs(tmp_path, "mask", ("x",))


class TestYolo:
    def test_no_label__good_if_one_says_so_bad_line_named(self, tmp_path):
        picture(tmp_path / "a.png")
        picture(tmp_path / "b.png")
        text(tmp_path / "a.txt", "0 0.5 0.5 0.5 0.5\n7 0.5 0.5 0.5 0.5\n")
        text(tmp_path / "classes.txt", "x\n")
        items, [problem] = _pairs(tmp_path, "yolo", ("x",), GOOD)
        assert [(item.name, len(item.annotation.objects)) for item in items] == [("a.png", 1), ("b.png", 0)]
        assert (problem.file.name, problem.where) == ("a.txt", "line 2")

    def test_label_of_two_pictures__both_left_out(self, tmp_path):
        """They would teach that there is no defect."""
        for place in ("train/a.png", "val/a.png", "val/b.png"):
            picture(tmp_path / place)
        text(tmp_path / "labels/a.txt", "0 0.5 0.5 0.5 0.5\n")
        text(tmp_path / "labels/b.txt", "")
        [item], problems = _pairs(tmp_path, "yolo", ("x",), GOOD)
        assert item.name == "b.png"
        assert [(p.file.relative_to(tmp_path).as_posix(), p.reason) for p in problems] == [
            ("labels/a.txt", "2 pictures have its name"),
            ("train/a.png", "it has no label file that can be used, but one has its name"),
            ("val/a.png", "it has no label file that can be used, but one has its name"),
        ]


def _mask(file, x, value=255):
    file.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros((10, 20), dtype=np.uint8)
    mask[1:4, x : x + 3] = value
    cv2.imwrite(str(file), mask)


class TestReadClassMaskFolder:
    def test_classes__alphabetical_and_overlapping(self, tmp_path):
        picture(tmp_path / "images/a.png")
        picture(tmp_path / "images/b.png")
        _mask(tmp_path / "masks/spot/a.png", 2)
        _mask(tmp_path / "masks/line/a.png", 3, value=1)
        items, problems, names = _class_masks(tmp_path, None, GOOD)
        assert (problems, names) == ([], ("line", "spot"))
        found = {item.name: [(o.class_name, o.box) for o in item.annotation.objects] for item in items}
        assert found == {"a.png": [("line", Box(3, 1, 6, 4)), ("spot", Box(2, 1, 5, 4))], "b.png": []}

    def test_mvtec__mask_ending_and_folders_of_defects(self, tmp_path):
        for kind in ("cut", "hole"):
            picture(tmp_path / "test" / kind / "000.png")
            _mask(tmp_path / "ground_truth" / kind / "000_mask.png", 2)
        picture(tmp_path / "test/good/000.png")
        items, problems, names = _class_masks(tmp_path, None, GOOD)
        assert (problems, names) == ([], ("cut", "hole"))
        found = {item.name: [o.class_name for o in item.annotation.objects] for item in items}
        assert found == {"cut/000.png": ["cut"], "hole/000.png": ["hole"], "good/000.png": []}
        assert {item.side for item in items} == {"test"}

    def test_mask_of_two_pictures__both_left_out(self, tmp_path):
        for place in ("train/x/a.png", "train/y/a.png", "train/x/b.png"):
            picture(tmp_path / place)
        for name in ("a.png", "b.png"):
            _mask(tmp_path / "masks/spot" / name, 2)
        items, problems, _ = _class_masks(tmp_path, None, GOOD)
        assert [item.name for item in items] == ["x/b.png"]
        assert [p.file.name for p in problems] == ["a.png"] * 3
        assert "and that of another picture" in problems[-1].reason

    def test_unusable__named_never_taken_for_no_defect(self, tmp_path):
        for name in ("a.png", "b.png", "e.png"):
            picture(tmp_path / "images" / name)
        _mask(tmp_path / "masks/spot/a.png", 2)
        _mask(tmp_path / "masks/rust/e.png", 2)
        (tmp_path / "masks/spot/b.png").write_bytes(b"")
        _mask(tmp_path / "masks/rust/a.png", 2)
        _mask(tmp_path / "masks/spot/c.png", 2)
        _mask(tmp_path / "masks/a.png", 2)
        items, problems, names = _class_masks(tmp_path, ("spot",), GOOD)
        assert ([item.name for item in items], names) == (["a.png"], ("spot",))
        assert {p.reason for p in problems} == {
            "class 'rust' is none of spot",
            "it has no picture",
            "no folder says its class",
            "it cannot be decoded as a picture",
            "it has no mask that can be used, but one has its name",
        }

    def test_no_masks(self, tmp_path):
        picture(tmp_path / "a.png")
        with pytest.raises(ValueError, match="masks/CLASS/"):
            read_class_mask_folder(tmp_path, None)


_GOOD, _NAN = "0 0.5 0.5 0.5 0.5\n", "0 nan 0 1 1\n"


class TestReadYoloData:
    def test_sides_names_and_labels(self, tmp_path):
        file = yolo_set(tmp_path, {"train/a": "1 0.5 0.5 0.5 0.25\n", "val/b": ""})
        (tmp_path / "labels/val/b.txt").unlink()
        items, problems, names = _yolo_data(file, GOOD)
        assert (problems, names) == ([], ("a", "b"))
        assert [(item.side, item.name) for item in items] == [("train", "a.png"), ("val", "b.png")]
        [thing] = items[0].annotation.objects
        assert (thing.class_name, thing.box) == ("b", Box(10, 15, 30, 25))
        assert items[1].annotation.objects == ()

    def test_damaged__named_the_others_done(self, tmp_path):
        file = yolo_set(tmp_path, {"train/a": "", "train/b": "", "train/c": _NAN, "train/d": _GOOD + _NAN})
        (tmp_path / "images/train/a.png").write_bytes(b"")
        (tmp_path / "labels/train/b.txt").write_bytes(b"\xff\xfe\xff")
        items, problems, _ = _yolo_data(file)
        assert [item.name for item in items] == ["d.png"]
        assert [(p.file.name, p.where) for p in problems] == [
            ("a.png", ""),
            ("b.txt", ""),
            ("c.txt", "line 1"),
            ("c.png", ""),
            ("d.txt", "line 2"),
        ]
