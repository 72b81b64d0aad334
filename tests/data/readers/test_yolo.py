"""YOLO data sets read by their YAML."""

from lidd_yolo.data.labels.annotation import Box
from lidd_yolo.data.readers.yolo import read_yolo_data
from tests.helpers.folders import yolo_set

_GOOD, _NAN = "0 0.5 0.5 0.5 0.5\n", "0 nan 0 1 1\n"


class TestReadYoloData:
    def test_sides_names_and_labels(self, tmp_path):
        file = yolo_set(tmp_path, {"train/a": "1 0.5 0.5 0.5 0.25\n", "val/b": ""})
        (tmp_path / "labels/val/b.txt").unlink()
        items, problems, names = read_yolo_data(file)
        assert (problems, names) == ([], ("a", "b"))
        assert [(item.side, item.name) for item in items] == [("train", "a.png"), ("val", "b.png")]
        [thing] = items[0].annotation.objects
        assert (thing.class_name, thing.box) == ("b", Box(10, 15, 30, 25))
        assert items[1].annotation.objects == ()

    def test_damaged__named_the_others_done(self, tmp_path):
        file = yolo_set(tmp_path, {"train/a": "", "train/b": "", "train/c": _NAN, "train/d": _GOOD + _NAN})
        (tmp_path / "images/train/a.png").write_bytes(b"")
        (tmp_path / "labels/train/b.txt").write_bytes(b"\xff\xfe\xff")
        items, problems, _ = read_yolo_data(file)
        assert [item.name for item in items] == ["d.png"]
        assert [(p.file.name, p.where) for p in problems] == [
            ("a.png", ""),
            ("b.txt", ""),
            ("c.txt", "line 1"),
            ("c.png", ""),
            ("d.txt", "line 2"),
        ]
