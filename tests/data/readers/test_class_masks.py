"""Folders of binary masks, one for each class."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.labels.annotation import Box
from lidd_yolo.data.readers.folders import read_class_mask_folder
from tests.helpers.folders import picture


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
        items, problems, names = read_class_mask_folder(tmp_path, None)
        assert (problems, names) == ([], ("line", "spot"))
        found = {item.name: [(o.class_name, o.box) for o in item.annotation.objects] for item in items}
        assert found == {"a.png": [("line", Box(3, 1, 6, 4)), ("spot", Box(2, 1, 5, 4))], "b.png": []}

    def test_mvtec__mask_ending_and_folders_of_defects(self, tmp_path):
        for kind in ("cut", "hole"):
            picture(tmp_path / "test" / kind / "000.png")
            _mask(tmp_path / "ground_truth" / kind / "000_mask.png", 2)
        picture(tmp_path / "test/good/000.png")
        items, problems, names = read_class_mask_folder(tmp_path, None)
        assert (problems, names) == ([], ("cut", "hole"))
        found = {item.name: [o.class_name for o in item.annotation.objects] for item in items}
        assert found == {"cut/000.png": ["cut"], "hole/000.png": ["hole"], "good/000.png": []}
        assert {item.side for item in items} == {"test"}

    def test_unusable__named_never_taken_for_no_defect(self, tmp_path):
        for name in ("a.png", "b.png"):
            picture(tmp_path / "images" / name)
        _mask(tmp_path / "masks/spot/a.png", 2)
        (tmp_path / "masks/spot/b.png").write_bytes(b"")
        _mask(tmp_path / "masks/rust/a.png", 2)
        _mask(tmp_path / "masks/spot/c.png", 2)
        _mask(tmp_path / "masks/a.png", 2)
        items, problems, names = read_class_mask_folder(tmp_path, ("spot",))
        assert ([item.name for item in items], names) == (["a.png"], ("spot",))
        assert {p.reason for p in problems} == {
            "class 'rust' is none of spot",
            "it has no picture",
            "no folder says its class",
            "it cannot be decoded as a picture",
        }

    def test_no_masks(self, tmp_path):
        picture(tmp_path / "a.png")
        with pytest.raises(ValueError, match="masks/CLASS/"):
            read_class_mask_folder(tmp_path, None)
