"""COCO data sets: JSON files and the pictures they name."""

import json

import pytest

from lidd_yolo.data.labels.annotation import Box
from lidd_yolo.data.readers.coco import read_coco_folder
from tests.helpers.folders import picture, text


def _json(file, *names, width=20, height=10):
    images = [{"id": k, "file_name": name, "width": width, "height": height} for k, name in enumerate(names)]
    objects = [{"id": k, "image_id": k, "category_id": 1, "bbox": [1, 2, 3, 4]} for k in range(len(names))]
    content = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "x"}]}
    return text(file, json.dumps(content))


class TestReadCocoFolder:
    def test_one_file__pictures_beside_it(self, tmp_path):
        picture(tmp_path / "images/a.png")
        read = read_coco_folder(_json(tmp_path / "all.json", "a.png"))
        [item], problems = read.items, read.problems
        assert problems == []
        assert (item.side, item.name, item.annotation.objects[0].box) == ("train", "a.png", Box(1, 2, 4, 6))

    def test_sides__same_name_in_both(self, tmp_path):
        for side in ("train2017", "val2017"):
            picture(tmp_path / side / "a.png")
            _json(tmp_path / f"annotations/instances_{side}.json", "a.png")
        read = read_coco_folder(tmp_path)
        items, problems = read.items, read.problems
        assert problems == []
        assert {item.side: item.picture.parent.name for item in items} == {"train": "train2017", "val": "val2017"}

    def test_side__of_the_json_file_where_no_folder_says(self, tmp_path):
        picture(tmp_path / "images/a.png")
        _json(tmp_path / "annotations/instances_val.json", "a.png")
        read = read_coco_folder(tmp_path)
        [item], _ = read.items, read.problems
        assert item.side == "val"

    def test_folders_in_names__tell_pictures_apart(self, tmp_path):
        for folder, width in (("x", 20), ("y", 30)):
            picture(tmp_path / folder / "a.png", width)
        read = read_coco_folder(_json(tmp_path / "all.json", "y/a.png", width=30))
        items, problems = read.items, read.problems
        assert [item.name for item in items] == ["y/a.png"]
        assert [(p.file, p.reason) for p in problems] == [(tmp_path / "x/a.png", "no JSON file names it")]

    def test_outside__never_taken(self, tmp_path):
        picture(tmp_path / "secret.png")
        _json(tmp_path / "set/all.json", "../secret.png", str(tmp_path / "secret.png"))
        with pytest.raises(ValueError, match=r"2 of 2 pictures that it names are not below .*, such as \.\./secret"):
            read_coco_folder(tmp_path / "set")

    def test_wrong_size_missing_doubled__named(self, tmp_path):
        for name in ("a.png", "b.png"):
            picture(tmp_path / name)
        _json(tmp_path / "1.json", "a.png", "gone.png")
        _json(tmp_path / "2.json", "a.png")
        _json(tmp_path / "3.json", "b.png", width=21)
        read = read_coco_folder(tmp_path)
        items, problems = read.items, read.problems
        assert [item.name for item in items] == ["a.png"]
        reasons = [p.reason for p in problems]
        assert reasons == ["there is no such picture", "the picture came before", "it is 20x10, 3.json says 21x10"]

    def test_all_objects_lost__picture_is_not_taken_for_clean(self, tmp_path):
        """Of four pictures the last has no object, the one before it none that can be used."""
        boxes = {1: [[1, 1, 5, 5]], 2: [[1, 1, 5, 5], [1, 1, 0, 5]], 3: [[90, 1, 5, 5], [1, 1, 5, -5]], 4: []}
        images = [{"id": key, "file_name": f"{key}.png", "width": 20, "height": 10} for key in boxes]
        objects = [{"image_id": key, "category_id": 1, "bbox": box} for key, of_one in boxes.items() for box in of_one]
        content = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "x"}]}
        (tmp_path / "all.json").write_text(json.dumps(content))
        for key in boxes:
            picture(tmp_path / f"{key}.png")
        read = read_coco_folder(tmp_path)
        items, problems = read.items, read.problems
        found = {item.name: len(item.annotation.objects) for item in items}
        assert found == {"1.png": 1, "2.png": 1, "4.png": 0}
        assert [(p.file.name, p.where) for p in problems] == [
            *(("all.json", f"annotation {number}") for number in (3, 4, 5)),
            ("3.png", ""),
        ]

    def test_no_json(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="no JSON file"):
            read_coco_folder(tmp_path)
