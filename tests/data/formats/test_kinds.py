"""Every fault that a reader knows is of its kind."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lidd_yolo.data.formats.coco import read_coco
from lidd_yolo.data.formats.labelme import read_labelme
from lidd_yolo.data.formats.masks import read_class_masks, read_mask
from lidd_yolo.data.formats.voc import read_voc
from lidd_yolo.data.formats.yolo import parse_yolo
from tests.helpers.pictures import bombs
from tests.helpers.plates import voc, voc_object

YOLO = {
    "0 0.5 0.5 0.2": "columns",
    "0 0.1 0.1 0.2 0.2 0.3": "columns",
    "a 0.5 0.5 0.2 0.2": "not-numeric",
    "0 0.5 x 0.2 0.2": "not-numeric",
    "7 0.5 0.5 0.2 0.2": "class-range",
    "-1 0.5 0.5 0.2 0.2": "class-range",
    "0 nan 0.5 0.2 0.2": "not-a-number",
    "0 0.1 0.1 0.5 inf 0.9 0.9": "not-a-number",
    "0 0.5 0.5 0 0.2": "no-size",
    "0 0.5 0.5 0.2 -0.2": "no-size",
    "0 3 0.5 0.2 0.2": "outside",
    "0 0.95 0.5 0.3 0.2": "over-edge",
    "0 0.1 0.1 0.5 1.5 0.9 0.9": "over-edge",
}
LABELME = {
    "two-corners": {"label": "a", "points": [[1, 1], [5, 5]], "shape_type": "polygon"},
    "shape-type": {"label": "a", "points": [[1, 1], [5, 5]], "shape_type": "circle"},
    "object-damaged": {"label": "a", "points": 3},
    "outside": {"label": "a", "points": [[500, 1], [505, 5]], "shape_type": "line"},
    "over-edge": {"label": "a", "points": [[90, 1], [505, 5]], "shape_type": "line"},
    "not-a-number": {"label": "a", "points": [[1, 1], [float("nan"), 5]], "shape_type": "line"},
}
COCO_IMAGE = {"id": 1, "file_name": "a.jpg", "width": 10, "height": 10}
COCO = {
    "crowd": {"image_id": 1, "category_id": 1, "iscrowd": 1},
    "object-damaged": {"image_id": 9, "category_id": 1},
    "no-size": {"image_id": 1, "category_id": 1, "bbox": [1, 1, 0, 5]},
}


class TestKindOfReaders:
    @pytest.mark.parametrize(("line", "kind"), YOLO.items())
    def test_yolo(self, line, kind):
        _, [problem] = parse_yolo(line, ["a", "b"], (100, 100), file=Path("f"), image="i")
        assert problem.kind == kind

    @pytest.mark.parametrize(
        ("text", "size", "kind"),
        [
            ("<annotation>", None, "label-unreadable"),
            ('<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', None, "xml-dtd"),
            ("<other/>", None, "wrong-format"),
            (voc("", size=None), None, "no-stated-size"),
            (voc("", size=None), (10, 10), "no-stated-size"),
            (voc("", size=(5, 5)), (10, 10), "wrong-size"),
            (voc("<object></object>"), None, "object-damaged"),
            (voc(voc_object("a", (1, 2, "x", 4))), None, "object-damaged"),
        ],
    )
    def test_voc(self, tmp_path, text, size, kind):
        file = tmp_path / "a.xml"
        file.write_text(text)
        assert read_voc(file, size)[1][0].kind == kind

    @pytest.mark.parametrize(("kind", "shape"), LABELME.items())
    def test_labelme__shape(self, tmp_path, kind, shape):
        file = tmp_path / "a.json"
        file.write_text(json.dumps({"imageWidth": 100, "imageHeight": 100, "shapes": [shape]}))
        assert read_labelme(file)[1][0].kind == kind

    @pytest.mark.parametrize(
        ("text", "size", "kind"),
        [
            ("{", None, "label-unreadable"),
            ("{}", None, "wrong-format"),
            ('{"shapes": []}', None, "no-stated-size"),
            ('{"shapes": [], "imageWidth": 5, "imageHeight": 5}', (6, 5), "wrong-size"),
        ],
    )
    def test_labelme__file(self, tmp_path, text, size, kind):
        file = tmp_path / "a.json"
        file.write_text(text)
        assert read_labelme(file, size)[1][0].kind == kind

    @pytest.mark.parametrize(("kind", "entry"), COCO.items())
    def test_coco(self, tmp_path, kind, entry):
        file = tmp_path / "a.json"
        file.write_text(
            json.dumps({"images": [COCO_IMAGE], "categories": [{"id": 1, "name": "a"}], "annotations": [entry]})
        )
        assert read_coco(file)[1][0].kind == kind

    @pytest.mark.parametrize(
        ("image", "kind"),
        [
            (np.full((10, 10), 9, np.uint8), "mask-value"),
            (np.zeros((10, 10, 3), np.uint8), "mask-kind"),
            (np.full((10, 10), 256, np.uint16), "mask-kind"),
            (np.zeros((9, 10), np.uint8), "mask-size"),
        ],
    )
    def test_mask(self, tmp_path, image, kind):
        cv2.imwrite(str(tmp_path / "a.png"), image)
        assert read_mask(tmp_path / "a.png", ["a"], (10, 10))[1][0].kind == kind

    def test_mask__bomb(self, tmp_path):
        (tmp_path / "a.png").write_bytes(bombs()[".png"])
        assert read_mask(tmp_path / "a.png", ["a"], (10, 10))[1][0].kind == "label-unreadable"

    def test_class_mask(self, tmp_path):
        cv2.imwrite(str(tmp_path / "a.png"), np.arange(100, dtype=np.uint8).reshape(10, 10))
        _, [problem] = read_class_masks({"a": tmp_path / "a.png"}, (10, 10), "a")
        assert problem.kind == "mask-value"
