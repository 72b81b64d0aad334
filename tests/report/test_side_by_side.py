"""Pictures beside labels and predictions: which are chosen, and what ends up where on the sheet."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from torchvision.ops import box_iou
from ultralytics import YOLO

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.errors import InputError
from lidd_yolo.report import side_by_side as pictures
from lidd_yolo.report.side_by_side import choose, draw_side_by_side, read_split
from tests.helpers.generated import generated_data
from tests.helpers.tiny import write_tiny_data


def labelled(name, *classes):
    objects = tuple(DefectObject(c, Box(0, 0, 4, 4)) for c in classes)
    return Path(name), Annotation(name, 8, 8, objects)


class TestChoose:
    def test_choose__every_class_first(self):
        pairs = [labelled(f"{i}.png", "common") for i in range(50)] + [labelled("rare.png", "rare")]
        for seed in range(5):
            chosen = choose(pairs, ["common", "rare"], 2, seed)
            assert Path("rare.png") in [file for file, _ in chosen]
            assert len(chosen) == 2

    def test_choose__same_seed_same_choice_no_picture_twice(self):
        pairs = [labelled(f"{i}.png", "a", "b") for i in range(9)]
        assert choose(pairs, ["a", "b"], 5, 3) == choose(pairs, ["a", "b"], 5, 3)
        assert len({file for file, _ in choose(pairs, ["a", "b"], 9, 3)}) == 9

    def test_choose__fewer_pictures_than_asked(self):
        assert len(choose([labelled("1.png"), labelled("2.png", "a")], ["a"], 6, 0)) == 2


class TestReadSplit:
    def test_read__labels_beside_pictures(self, tmp_path):
        pairs = read_split(read_yolo_set(write_tiny_data(tmp_path)), "val")
        assert [file.name for file, _ in pairs] == ["0.png", "1.png", "2.png", "3.png"]
        assert [[o.class_name for o in a.objects] for _, a in pairs] == [["dark", "bright"]] * 4

    def test_read__picture_without_labels(self, tmp_path):
        data = write_tiny_data(tmp_path)
        (tmp_path / "labels/val/2.txt").unlink()
        assert [len(a.objects) for _, a in read_split(read_yolo_set(data), "val")] == [2, 2, 0, 2]

    def test_read__no_such_split(self, tmp_path):
        with pytest.raises(ValueError, match=r"tiny\.yaml: no picture in test"):
            read_split(read_yolo_set(write_tiny_data(tmp_path)), "test")


class TestDrawSideBySide:
    def test_draw__columns_and_labels(self, tmp_path):
        """Untrained network: at confidence 0.999 its column is the original; the label's column is not."""
        data = generated_data(tmp_path)
        YOLO("lidd.yaml").save(tmp_path / "model.pt")
        target = tmp_path / "out" / "sheet.png"
        files = draw_side_by_side({"LIDD-Net": tmp_path / "model.pt"}, str(data), target, count=2, conf=0.999, imgsz=96)
        assert len(files) == 2
        sheet = cv2.imread(str(target))
        assert sheet.shape == (28 + 2 * 324, 3 * 324, 3)
        original, label, network = (sheet[28:348, k * 324 : k * 324 + 320] for k in range(3))
        assert np.array_equal(original, network)
        assert (original != label).any()

    def test_draw__no_two_boxes_over_one_spot(self, tmp_path, monkeypatch):
        """Untrained network: many boxes of several classes, and none covers another by more than half."""
        YOLO("lidd.yaml").save(tmp_path / "model.pt")
        drawn = []
        monkeypatch.setattr(pictures, "_of_result", lambda result: drawn.append(result.boxes) or [])
        models, data = {"a": tmp_path / "model.pt"}, str(generated_data(tmp_path))
        draw_side_by_side(models, data, tmp_path / "sheet.png", count=1, conf=1e-9, imgsz=192)
        (boxes,) = drawn
        height, width = boxes.orig_shape
        x1, y1, x2, y2 = boxes.xyxy.T
        whole = (x1 > 0) & (y1 > 0) & (x2 < width) & (y2 < height)  # others were cut at the border afterwards
        assert whole.sum() > 2
        assert len(set(boxes.cls.tolist())) > 1
        assert box_iou(boxes.xyxy[whole], boxes.xyxy[whole]).fill_diagonal_(0).max() <= 0.5

    def test_draw__outlines_are_filled_inside_only(self, tmp_path):
        """A square outline on black: its middle is coloured, the corner of the picture is not."""
        for folder in ("images/val", "labels/val", "images/train"):
            (tmp_path / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "images/val/a.png"), np.zeros((64, 64, 3), np.uint8))
        (tmp_path / "labels/val/a.txt").write_text("0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n", encoding="utf-8")
        data = tmp_path / "data.yaml"
        data.write_text(f"path: {tmp_path}\ntrain: images/train\nval: images/val\nnames: [pit]\n", encoding="utf-8")
        draw_side_by_side({}, str(data), tmp_path / "sheet.png", count=1)
        label = cv2.imread(str(tmp_path / "sheet.png"))[28:348, 324:644]
        assert label[160, 160].any()
        assert not label[310, 310].any()

    def test_draw__unknown_file_type(self, tmp_path):
        data = write_tiny_data(tmp_path)
        with pytest.raises(ValueError, match=r"end its name in \.jpg or \.png"):
            draw_side_by_side({}, str(data), tmp_path / "sheet.xyz", count=1)

    @pytest.mark.parametrize("count", [0, -1])
    def test_draw__no_picture_asked_for(self, tmp_path, count):
        with pytest.raises(ValueError, match=f"cannot draw {count} pictures"):
            draw_side_by_side({}, str(write_tiny_data(tmp_path)), tmp_path / "sheet.png", count=count)

    def test_draw__file_that_is_no_model(self, tmp_path):
        data, file = write_tiny_data(tmp_path), tmp_path / "model.pt"
        file.write_text("not a checkpoint", encoding="utf-8")
        with pytest.raises(ValueError, match=r"model\.pt cannot be loaded as a model"):
            draw_side_by_side({"a": file}, str(data), tmp_path / "sheet.png", count=1)
        assert not (tmp_path / "sheet.png").exists()

    def test_draw__no_such_model(self, tmp_path):
        with pytest.raises(InputError, match=r"no model .*none\.pt"):
            draw_side_by_side({"a": tmp_path / "none.pt"}, "none.yaml", tmp_path / "sheet.png")
