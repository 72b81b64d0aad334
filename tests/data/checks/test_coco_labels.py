"""A COCO data set whose objects are given back to their pictures."""

import json

import pytest

from lidd_yolo.data.checks.coco_labels import open_coco
from lidd_yolo.data.checks.set_check import check_folder
from tests.helpers.pictures import encoded, noise


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


def _found(place, names=()):
    return [(f.kind, f.file.name, f.where) for f in check_folder(place, "coco", names).findings]


class TestOpenCoco:
    def test_good(self, tmp_path):
        file = _write(tmp_path, [_image(1, "a.jpg"), _image(2, "sub/b.jpg")], [_object(1), _object(2, category=2)])
        assert _found(file) == _found(tmp_path) == []
        assert check_folder(file, "coco").figures["objects"] == {"crack": {"all": 1}, "pit": {"all": 1}}

    def test_faults__each_with_its_annotation(self, tmp_path):
        annotations = [_object(1), _object(2), _object(1, (1, 1, 0, 5)), _object(1), _object(9), _object(2, iscrowd=1)]
        file = _write(tmp_path, [_image(1, "a.jpg"), _image(2, "b.jpg")], annotations)
        assert _found(file) == [
            ("no-size", "all.json", "annotation 3"),
            ("duplicate", "all.json", "annotation 4"),
            ("object-damaged", "all.json", "annotation 5"),
            ("crowd", "all.json", "annotation 6"),
        ]

    def test_pictures__missing_unnamed_and_of_another_size(self, tmp_path):
        file = _write(tmp_path, [_image(1, "a.jpg", width=50), _image(2, "c.jpg")], [_object(2), _object(2)])
        assert _found(file) == [
            ("picture-missing", "all.json", "c.jpg"),
            ("no-label", "b.jpg", ""),
            ("duplicate", "all.json", "annotation 2"),
            ("wrong-size", "all.json", "a.jpg"),
        ]

    def test_path_out_of_the_folder__said_and_not_followed(self, tmp_path):
        file = _write(tmp_path, [_image(1, "../../a.jpg"), _image(2, "b.jpg")], [])
        assert _found(file) == [("path-traversal", "all.json", "image 1")]

    def test_unknown_class(self, tmp_path):
        file = _write(tmp_path, [_image(1, "a.jpg"), _image(2, "b.jpg")], [_object(1, category=2)])
        assert _found(file, ("pit",)) == [("class-name", "all.json", "annotation 1")]

    def test_damaged_file__said(self, tmp_path):
        (tmp_path / "all.json").write_text("{")
        assert _found(tmp_path) == [("label-unreadable", "all.json", "")]

    def test_no_file__refused(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="no JSON file"):
            open_coco(tmp_path, ())
