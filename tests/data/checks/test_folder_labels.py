"""Folders of Pascal VOC, labelme and masks; the published releases' known quirks among them."""

import json
from collections import Counter

import cv2
import numpy as np
import pytest

from lidd_yolo.data.checks.folder_labels import open_folder
from lidd_yolo.data.checks.set_check import check_folder
from tests.helpers.masks import square
from tests.helpers.pictures import encoded, noise
from tests.helpers.releases import release


def _found(folder, kind, names=()):
    done = check_folder(folder, kind, names)
    return [(finding.kind, finding.file.name, finding.where) for finding in done.findings]


@pytest.fixture
def masks(tmp_path):
    for stem, value in (("a", 1), ("b", 2), ("c", 7)):
        for folder, name, data in (
            ("images", f"{stem}.jpg", encoded(noise(value, 100, 100))),
            ("masks", f"{stem}.png", encoded(square(10, 10, 30, value), ".png")),
        ):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).write_bytes(data)
    return tmp_path


class TestOpenFolder:
    def test_mask__unknown_value(self, masks):
        assert _found(masks, "mask", ("one", "two")) == [("mask-value", "c.png", "")]

    def test_mask__any_value_without_names(self, masks):
        assert _found(masks, "mask") == []

    def test_mask__other_size(self, masks):
        cv2.imwrite(str(masks / "masks/a.png"), np.zeros((50, 100), np.uint8))
        assert _found(masks, "mask") == [("mask-size", "a.png", "")]

    def test_labelme__damaged_shape_and_unknown_class(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(encoded(noise()))
        good = {"label": "pit", "points": [[1, 1], [20, 1], [20, 20]]}
        shapes = [good, {"label": "pit", "points": [[1, 1], [9, 9]]}, {**good, "label": "crack"}]
        (tmp_path / "a.json").write_text(json.dumps({"imageWidth": 40, "imageHeight": 30, "shapes": shapes}))
        assert _found(tmp_path, "labelme", ("pit",)) == [
            ("class-name", "a.json", "object 2"),
            ("two-corners", "a.json", "shape 2"),
            ("two-classes", "a.json", "object 2"),
        ]

    def test_no_annotations__refused(self, tmp_path):
        with pytest.raises(ValueError, match="no annotation of the format voc"):
            open_folder(tmp_path, "voc", ())

    def test_no_folder__refused(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="no such folder"):
            open_folder(tmp_path / "none", "voc", ())


@pytest.fixture(scope="module")
def neu_det():
    return check_folder(release("neu-det"), "voc")


class TestNeuDet:
    """The quirks that its SOURCE.md names, found without being told."""

    def test_counts(self, neu_det):
        assert neu_det.counts() == {
            "twice-in-split": 1,
            "duplicate": 1,
            "wrong-filename": 134,
            "class-not-in-name": 162,
            "wrong-depth": 1530,
        }

    def test_same_picture_twice(self, neu_det):
        [found] = [f for f in neu_det.findings if f.kind == "twice-in-split"]
        assert found.file.name == "patches_105.jpg"
        assert "patches_101.jpg" in found.reason

    def test_class_other_than_the_name(self, neu_det):
        found = [f for f in neu_det.findings if f.file.name == "scratches_113.xml" and f.kind == "class-not-in-name"]
        assert {f.reason.split(",")[0] for f in found} == {"'inclusion'"}

    def test_figures(self, neu_det):
        assert neu_det.figures["difficult"] == 73
        assert neu_det.figures["picture_sizes"] == {"200x200": 1530}
        totals = {name: sum(count.values()) for name, count in neu_det.figures["objects"].items()}
        assert totals == {
            "crazing": 585,
            "inclusion": 868,
            "patches": 752,
            "pitted_surface": 366,
            "rolled-in_scale": 533,
            "scratches": 462,
        }


class TestNeuSeg:
    """Likewise."""

    def test_found(self):
        done = check_folder(release("neu-seg"), "mask", ("inclusion", "patches", "scratches"))
        assert set(done.counts()) == {"twice-in-split", "name-in-two-splits", "speck"}
        [names] = [f for f in done.findings if f.kind == "name-in-two-splits"]
        assert "000201.jpg" in names.reason
        assert done.counts()["speck"] > 100
        assert sum(done.figures["without_objects"].values()) == 0
        assert done.figures["pictures"] == {"images/test": 420, "images/training": 2412}


class TestAluminiumSheet:
    """Its labels are clean; that its pictures are mirrored copies of few sheets is for the groups."""

    def test_labelme(self):
        done = check_folder(release("aluminium-sheet"), "labelme")
        assert done.findings == ()
        total = Counter({name: sum(count.values()) for name, count in done.figures["objects"].items()})
        assert total == Counter(zang_wu=94, ca_shang=55, zhen_kong=47, zhe_zhou=29)

    def test_masks(self):
        assert check_folder(release("aluminium-sheet"), "mask").findings == ()
