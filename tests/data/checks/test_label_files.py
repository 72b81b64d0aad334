"""Label files of every format, each with its faults among good objects."""

import json
from collections import Counter

import cv2
import numpy as np
import pytest

from lidd_yolo.data.checks import label_files
from lidd_yolo.data.checks.label_files import check_voc, check_yolo_labels, leads_out, open_folder, read_label_text
from lidd_yolo.data.checks.picture import check_picture
from lidd_yolo.data.checks.set_check import check_folder
from tests.helpers.masks import square
from tests.helpers.pictures import encoded, noise
from tests.helpers.plates import voc, voc_object
from tests.helpers.releases import release

NAMES = ("a", "b")
TRIANGLE = "0 0.1 0.1 0.9 0.1 0.5 0.9"
BOX = voc_object("a", (1, 1, 20, 20))


def _places(reading):
    return [str(item.place) for item in reading[0].objects]


def _problems(reading):
    return [(problem.kind, problem.where) for problem in reading[1]]


def _check_yolo(tmp_path, text, size=(100, 100)):
    file = tmp_path / "a.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return check_yolo_labels(file, NAMES, size)


class TestCheckYoloLabels:
    def test_good__nothing(self, tmp_path):
        reading = _check_yolo(tmp_path, "0 0.5 0.5 0.2 0.2\n\n1 0.5 0.5 1 1\n")
        assert _problems(reading) == []
        assert _places(reading) == ["line 1", "line 3"]

    def test_empty__no_objects_and_no_fault(self, tmp_path):
        reading = _check_yolo(tmp_path, "")
        assert (reading[0].objects, reading[1]) == ((), [])

    def test_one_bad_byte__costs_its_line(self, tmp_path):
        reading = _check_yolo(tmp_path, b"0 0.5 0.5 0.2 0.2\n0 0.5 \xff.5 0.2 0.2\n1 0.5 0.5 0.3 0.3\n")
        assert _problems(reading) == [("not-numeric", "line 2")]
        assert _places(reading) == ["line 1", "line 3"]

    def test_utf_16__read_and_said(self, tmp_path):
        reading = _check_yolo(tmp_path, "0 0.5 0.5 0.2 0.2\n".encode("utf-16"))
        assert _problems(reading) == [("label-encoding", "")]
        assert len(reading[0].objects) == 1

    def test_two_bad_bytes__are_not_yet_utf_16(self, tmp_path):
        reading = _check_yolo(tmp_path, b"\xff\xfe 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n")
        assert _problems(reading) == [("not-numeric", "line 1")]
        assert _places(reading) == ["line 2"]

    def test_byte_order_mark__no_fault(self, tmp_path):
        assert _problems(_check_yolo(tmp_path, b"\xef\xbb\xbf0 0.5 0.5 0.2 0.2\n")) == []

    def test_every_line_bad__each_said(self, tmp_path):
        lines = ["9 0.5 0.5 0.2 0.2", "0 nan 0.5 0.2 0.2", "0 0.5", "0 2 0.5 0.2 0.2", "0 0.5 0.5 0 0.2"]
        kinds = ["class-range", "not-a-number", "columns", "outside", "no-size"]
        reading = _check_yolo(tmp_path, "\n".join(lines))
        assert _problems(reading) == [(kind, f"line {k}") for k, kind in enumerate(kinds, start=1)]
        assert _places(reading) == []

    @pytest.mark.parametrize(("cx", "kinds"), [(0.9004, []), (0.9011, ["over-edge"])])
    def test_over_edge__by_more_than_rounding(self, tmp_path, cx, kinds):
        # width 0.2: the right edge lies at 1.0004 and 1.0011
        assert [kind for kind, _ in _problems(_check_yolo(tmp_path, f"0 {cx} 0.5 0.2 0.2"))] == kinds

    def test_over_edge__half_a_pixel_of_a_large_picture(self, tmp_path):
        # 1.0004 of 2000 pixels is 0.8 pixels over
        assert _problems(_check_yolo(tmp_path, "0 0.9004 0.5 0.2 0.2", (2000, 100))) == [("over-edge", "line 1")]

    def test_over_edge__outline(self, tmp_path):
        assert _problems(_check_yolo(tmp_path, "0 0.1 0.1 1.2 0.1 0.5 0.9")) == [("over-edge", "line 1")]
        assert _problems(_check_yolo(tmp_path, "0 0.1 0.1 1.0005 0.1 0.5 0.9")) == []

    def test_box_among_outlines(self, tmp_path):
        reading = _check_yolo(tmp_path, f"{TRIANGLE}\n0 0.5 0.5 0.2 0.2\n")
        assert _problems(reading) == [("mixed", "line 2")]

    def test_boxes_alone__not_mixed(self, tmp_path):
        assert _problems(_check_yolo(tmp_path, "0 0.5 0.5 0.2 0.2\n0 0.1 0.1 0.2 0.2\n")) == []

    def test_self_crossing(self, tmp_path):
        assert _problems(_check_yolo(tmp_path, "0 0.1 0.1 0.9 0.9 0.9 0.1 0.1 0.9")) == [("self-crossing", "line 1")]

    def test_size_unknown__checked_in_fractions(self, tmp_path):
        text = "0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2\n0 1.5 0.5 0.2 0.2\n"
        reading = _check_yolo(tmp_path, text, None)
        assert _problems(reading) == [("outside", "line 3"), ("duplicate", "line 2")]
        assert reading[1][0].reason == "the box lies outside its picture"

    def test_missing__said(self, tmp_path):
        reading = check_yolo_labels(tmp_path / "none.txt", NAMES, (9, 9))
        assert (reading[0], _problems(reading)) == (None, [("label-unreadable", "")])

    def test_too_large__not_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(label_files, "MAX_BYTES", 10)
        assert _problems(_check_yolo(tmp_path, "0 0.5 0.5 0.2 0.2")) == [("label-unreadable", "")]


class TestReadLabelText:
    def test_bad_bytes__replaced(self, tmp_path):
        (tmp_path / "a.txt").write_bytes(b"0 \xff\n1")
        assert read_label_text(tmp_path / "a.txt") == ("0 \ufffd\n1", [])


def _check_voc(tmp_path, text, picture=True):
    (tmp_path / "p.jpg").write_bytes(encoded(noise()))
    file = tmp_path / "p.xml"
    file.write_text(text)
    return check_voc(file, check_picture(tmp_path / "p.jpg") if picture else None)


def _voc(objects=BOX, filename="p.jpg", size=(40, 30)):
    return voc(objects, size, filename).replace("<depth>1<", "<depth>3<")


class TestCheckVocLabels:
    def test_good__nothing(self, tmp_path):
        reading = _check_voc(tmp_path, _voc())
        assert _problems(reading) == []
        assert _places(reading) == ["object 1"]

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            (_voc(size=None), [("no-stated-size", "")]),
            (_voc().replace("<width>40<", "<width>x<"), [("no-stated-size", "")]),
            (_voc(size=(41, 30)), [("wrong-size", "")]),
            (_voc().replace("<depth>3<", "<depth>1<"), [("wrong-depth", "<size>")]),
            (_voc(filename="../../p.jpg"), [("path-traversal", "<filename>")]),
            (_voc(filename="C:\\p.jpg"), [("path-traversal", "<filename>")]),
            (_voc(filename="p"), [("wrong-filename", "<filename>")]),
            (_voc(filename=""), []),
            (_voc(BOX + BOX), [("duplicate", "object 2")]),
            (_voc(voc_object("a", (9, 9, 3, 12)) + BOX), [("no-size", "object 1")]),
            ('<!DOCTYPE a [<!ENTITY b "c">]>' + _voc(), [("xml-dtd", "")]),
            (_voc()[:-8], [("label-unreadable", "line 5")]),
        ],
    )
    def test_fault__its_kind_and_place(self, tmp_path, text, found):
        assert _problems(_check_voc(tmp_path, text)) == found

    def test_bad_object__good_ones_stay(self, tmp_path):
        reading = _check_voc(tmp_path, _voc(voc_object("a", (9, 9, 3, 12)) + BOX))
        assert _places(reading) == ["object 2"]

    def test_no_picture__checked_all_the_same(self, tmp_path):
        reading = _check_voc(tmp_path, _voc(BOX + BOX), picture=False)
        assert _problems(reading) == [("duplicate", "object 2")]
        assert len(reading[0].objects) == 2


class TestLeadsOut:
    @pytest.mark.parametrize("name", ["../a.jpg", "b\\..\\..\\a.jpg", "/etc/passwd", "\\\\server\\a.jpg", "D:a.jpg"])
    def test_out(self, name):
        assert leads_out(name)

    @pytest.mark.parametrize("name", ["", "a.jpg", "b/a.jpg", "a..b.jpg", "..a.jpg"])
    def test_in(self, name):
        assert not leads_out(name)


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
            ("class-name", "a.json", "shape 3"),
            ("two-corners", "a.json", "shape 2"),
            ("two-classes", "a.json", "shape 3"),
        ]

    def test_no_annotations__refused(self, tmp_path):
        with pytest.raises(ValueError, match="no annotation of the format voc"):
            open_folder(tmp_path, "voc", ())

    def test_no_folder__refused(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="no such folder"):
            open_folder(tmp_path / "none", "voc", ())


def _image(number, name, width=40, height=30):
    return {"id": number, "file_name": name, "width": width, "height": height}


def _object(image, box=(1, 1, 20, 20), category=1, **extra):
    return {"image_id": image, "category_id": category, "bbox": list(box), **extra}


def _write(folder, images, annotations):
    categories = [{"id": 1, "name": "pit"}, {"id": 2, "name": "crack"}]
    file = folder / "all.json"
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    for number, name in enumerate("ab"):
        (folder / f"{name}.jpg").write_bytes(encoded(noise(number)))
    return file


def _found_coco(place, names=()):
    return [(f.kind, f.file.name, f.where) for f in check_folder(place, "coco", names).findings]


class TestCoco:
    def test_good(self, tmp_path):
        file = _write(tmp_path, [_image(1, "a.jpg"), _image(2, "sub/b.jpg")], [_object(1), _object(2, category=2)])
        assert _found_coco(file) == _found_coco(tmp_path) == []
        assert check_folder(file, "coco").figures["objects"] == {"crack": {"all": 1}, "pit": {"all": 1}}

    def test_faults__each_with_its_annotation(self, tmp_path):
        annotations = [_object(1), _object(2), _object(1, (1, 1, 0, 5)), _object(1), _object(9), _object(2, iscrowd=1)]
        file = _write(tmp_path, [_image(1, "a.jpg"), _image(2, "b.jpg")], annotations)
        assert _found_coco(file) == [
            ("no-size", "all.json", "annotation 3"),
            ("duplicate", "all.json", "annotation 4"),
            ("object-damaged", "all.json", "annotation 5"),
            ("crowd", "all.json", "annotation 6"),
        ]

    def test_pictures__missing_unnamed_and_of_another_size(self, tmp_path):
        file = _write(tmp_path, [_image(1, "a.jpg", width=50), _image(2, "c.jpg")], [_object(2), _object(2)])
        assert _found_coco(file) == [
            ("picture-missing", "all.json", "c.jpg"),
            ("no-label", "b.jpg", ""),
            ("duplicate", "all.json", "annotation 2"),
            ("wrong-size", "all.json", "a.jpg"),
        ]

    def test_ambiguous_and_repeated__said_as_when_converted(self, tmp_path):
        for folder in ("x", "y"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "c.jpg").write_bytes(encoded(noise(5)))
        images = [_image(1, "a.jpg"), _image(2, "b.jpg"), _image(3, "c.jpg"), _image(4, "a.jpg")]
        done = check_folder(_write(tmp_path, images, []), "coco")
        found = [(f.kind, f.where, f.reason) for f in done.findings if f.kind == "picture-missing"]
        assert found == [
            ("picture-missing", "c.jpg", "2 pictures have this name"),
            ("picture-missing", "a.jpg", "the picture came before"),
        ]

    def test_picture_of_two_files__checked_once(self, tmp_path):
        file = _write(tmp_path, [_image(1, "a.jpg"), _image(2, "b.jpg")], [_object(1)])
        (tmp_path / "again.json").write_bytes(file.read_bytes())
        found = [(f.kind, f.file.name, f.where) for f in check_folder(tmp_path, "coco").findings]
        assert found == [("picture-missing", "all.json", "a.jpg"), ("picture-missing", "all.json", "b.jpg")]

    def test_same_name_in_two_folders__told_apart_by_the_path(self, tmp_path):
        for number, folder in enumerate("xy"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "c.jpg").write_bytes(encoded(noise(5 + number)))
        images = [_image(k, name) for k, name in enumerate(("a.jpg", "b.jpg", "x/c.jpg", "y/c.jpg"))]
        assert _found_coco(_write(tmp_path, images, [])) == []

    def test_path_out_of_the_folder__said_and_not_followed(self, tmp_path):
        file = _write(tmp_path, [_image(1, "../../a.jpg"), _image(2, "b.jpg")], [])
        assert _found_coco(file) == [("path-traversal", "all.json", "image 1")]

    def test_unknown_class(self, tmp_path):
        file = _write(tmp_path, [_image(1, "a.jpg"), _image(2, "b.jpg")], [_object(1, category=2)])
        assert _found_coco(file, ("pit",)) == [("class-name", "all.json", "annotation 1")]

    def test_damaged_file__said(self, tmp_path):
        (tmp_path / "all.json").write_text("{")
        assert _found_coco(tmp_path) == [("label-unreadable", "all.json", "")]

    def test_no_file__refused(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="no JSON file"):
            open_folder(tmp_path, "coco", ())


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

    @pytest.mark.slow
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
