"""A repaired copy: clean where that needs no person, good lines untouched, the original too."""

import hashlib

import cv2
import numpy as np
import pytest
import yaml

from lidd_yolo.data.checks import repair
from lidd_yolo.data.checks.repair import repair_set, repaired_labels
from lidd_yolo.data.checks.set_check import check_yolo_set
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from tests.helpers.pictures import encoded, frames, noise, pillow, turned_by_exif
from tests.helpers.yolo_sets import GOOD, write_yolo_set

TRIANGLE = "0 0.1 0.1 0.9 0.1 0.5 0.9\n"


def _repair(file, target):
    data = read_yolo_set(file)
    left_out = repair_set(data, check_yolo_set(data).pairs, {}, target)
    return check_yolo_set(read_yolo_set(target / "data.yaml")), left_out


def _state(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _labels(tmp_path, text, size=(40, 30)):
    (tmp_path / "a.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    return repaired_labels(tmp_path / "a.txt", ("scratch", "pit"), size)


class TestRepairSet:
    def test_pictures__as_training_sees_them(self, tmp_path):
        odd = {
            "cmyk.jpg": pillow("CMYK", "JPEG"),
            "palette.png": pillow("P", "PNG"),
            "alpha.png": pillow("RGBA", "PNG"),
            "moving.png": frames("PNG"),
            "turned.jpg": turned_by_exif(6),
            "png.jpg": encoded(noise(5), ".png"),
        }
        labels = {f"train/{name.partition('.')[0]}": GOOD + "1 0.2 0.2 0.3 0.3\n" for name in odd}
        pictures = {f"train/{name}": data for name, data in odd.items()}
        file = write_yolo_set(tmp_path / "set", {**labels, "val/v": GOOD}, pictures)
        before = _state(tmp_path / "set")
        done, left_out = _repair(file, tmp_path / "new")
        assert (done.findings, left_out) == ((), 0)
        assert _state(tmp_path / "set") == before
        for name in odd:
            seen = cv2.imread(str(tmp_path / "set/images/train" / name))
            copy = cv2.imread(str((tmp_path / "new/images/train" / name).with_suffix(".png")))
            np.testing.assert_array_equal(copy, seen)

    def test_ending__of_the_content(self, tmp_path):
        image = noise(width=120, height=90)
        data = {f"train/{k}.bmp": encoded(image, ending) for k, ending in enumerate((".jpg", ".webp", ".jp2"))}
        file = write_yolo_set(tmp_path / "set", {f"train/{k}": GOOD for k in range(3)}, data)
        _repair(file, tmp_path / "new")
        assert sorted(p.name for p in (tmp_path / "new/images/train").iterdir()) == ["0.jpg", "1.webp", "2.jp2"]

    def test_16_bits__one_scale_for_all(self, tmp_path):
        deep = {f"train/{k}.png": encoded(np.full((30, 40), 1000 * k, np.uint16), ".png") for k in (1, 4)}
        file = write_yolo_set(tmp_path / "set", {"train/1": GOOD, "train/4": GOOD}, deep)
        _repair(file, tmp_path / "new")
        values = [cv2.imread(str(tmp_path / f"new/images/train/{k}.png"), cv2.IMREAD_UNCHANGED) for k in (1, 4)]
        # 4000 has 12 bits, so that 4 are dropped
        assert [value.dtype for value in values] == [np.uint8] * 2
        assert [int(value.max()) for value in values] == [1000 >> 4, 4000 >> 4]

    def test_unusable__left_out_with_their_labels(self, tmp_path):
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD, "train/b": GOOD, "val/c": GOOD}, {"train/b.jpg": b""})
        done, left_out = _repair(file, tmp_path / "new")
        assert left_out == 1
        assert sorted(p.name for p in (tmp_path / "new/labels").rglob("*.txt")) == ["a.txt", "c.txt"]
        assert done.counts() == {"class-unused": 1}

    def test_folder_inside_called_images__labels_found_again(self, tmp_path):
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD, "val/b": GOOD})
        for folder in ("images", "labels"):
            (tmp_path / "set/images/train/left" / folder).mkdir(parents=True)
        (tmp_path / "set/images/train/left/images/c.png").write_bytes(encoded(noise(9), ".png"))
        (tmp_path / "set/images/train/left/labels/c.txt").write_text("1 0.5 0.5 0.5 0.5\n")
        done, left_out = _repair(file, tmp_path / "new")
        assert left_out == 0
        assert done.counts() == {}

    def test_32_bits__left_out_by_name_the_others_done(self, tmp_path):
        pictures = {"train/deep.tif": encoded(np.ones((30, 40), np.float32), ".tif")}
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD, "train/deep": GOOD, "val/b": GOOD}, pictures)
        found = check_yolo_set(read_yolo_set(file)).findings
        [reason] = [one.reason for one in found if one.kind == "picture-unreadable"]
        assert reason.startswith("its numbers have a sign, a point or more than 16 bits: training stops at it")
        _, left_out = _repair(file, tmp_path / "new")
        assert left_out == 1
        assert [p.name for p in (tmp_path / "new/images/train").iterdir()] == ["a.jpg"]

    def test_changed_meanwhile__left_out_by_name_the_others_done(self, tmp_path):
        odd = {"train/odd.png": pillow("P", "PNG")}
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD, "train/odd": GOOD, "val/b": GOOD}, odd)
        data = read_yolo_set(file)
        pairs = check_yolo_set(data).pairs
        (tmp_path / "set/images/train/odd.png").write_bytes(b"")
        assert repair_set(data, pairs, {}, tmp_path / "new") == 1
        report = yaml.safe_load((tmp_path / "new" / repair.REPORT).read_text())
        assert report == {"cannot be saved again": [str(tmp_path / "set/images/train/odd.png")]}
        assert [p.name for p in (tmp_path / "new/labels/train").iterdir()] == ["a.txt"]

    def test_no_line_usable__picture_left_out(self, tmp_path):
        labels = {"train/a": GOOD, "train/b": "9 0.5 0.5 0.1 0.1\n", "train/c": "", "train/d": None}
        _, left_out = _repair(write_yolo_set(tmp_path / "set", labels), tmp_path / "new")
        assert left_out == 1
        assert sorted(p.name for p in (tmp_path / "new/images/train").iterdir()) == ["a.jpg", "c.jpg", "d.jpg"]

    def test_in_two_splits__taken_out_of_train(self, tmp_path):
        same = encoded(noise(7))
        pictures = {"train/a.jpg": same, "val/b.jpg": same}
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD, "val/b": GOOD, "train/c": GOOD}, pictures)
        done, left_out = _repair(file, tmp_path / "new")
        assert left_out == 1
        assert done.figures["pictures"] == {"train": 1, "val": 1}
        assert "in-two-splits" not in done.counts()

    def test_good__byte_for_byte(self, tmp_path):
        file = write_yolo_set(tmp_path / "set", {"train/sub/a": GOOD + "1  0.20  0.2 0.3 0.3\n", "val/b": ""})
        _repair(file, tmp_path / "new")
        for name in ("images/train/sub/a.jpg", "images/val/b.jpg", "labels/train/sub/a.txt", "labels/val/b.txt"):
            assert (tmp_path / "new" / name).read_bytes() == (tmp_path / "set" / name).read_bytes()
        content = yaml.safe_load((tmp_path / "new/data.yaml").read_text())
        assert content == {"train": "images/train", "val": "images/val", "names": {0: "scratch", 1: "pit"}}
        assert (tmp_path / "new" / repair.REPORT).is_file()

    def test_two_pictures_of_one_name__both_kept_apart(self, tmp_path):
        pictures = {"train/a.jpg": encoded(noise(7)), "train/a.png": encoded(noise(8), ".png")}
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD + "1 0.2 0.2 0.3 0.3\n", "val/v": GOOD}, pictures)
        done, _ = _repair(file, tmp_path / "new")
        assert sorted(p.name for p in (tmp_path / "new/images/train").iterdir()) == ["a.jpg", "a_2.png"]
        assert done.findings == ()

    def test_failure__nothing_is_left(self, tmp_path, monkeypatch):
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD, "train/b": GOOD})
        calls = []

        def fail_second(*args):
            calls.append(args)
            if len(calls) == 2:
                raise OSError("disk full")
            return GOOD

        monkeypatch.setattr(repair, "repaired_labels", fail_second)
        data = read_yolo_set(file)
        with pytest.raises(OSError, match="disk full"):
            repair_set(data, check_yolo_set(data).pairs, {}, tmp_path / "new")
        assert [path.name for path in tmp_path.iterdir()] == ["set"]

    def test_target__must_be_new_and_outside(self, tmp_path):
        data = read_yolo_set(write_yolo_set(tmp_path / "set", {"train/a": GOOD}))
        pairs = check_yolo_set(data).pairs
        with pytest.raises(FileExistsError, match="not empty"):
            repair_set(data, pairs, {}, tmp_path / "set")
        with pytest.raises(ValueError, match="lies in the data set"):
            repair_set(data, pairs, {}, tmp_path / "set/new")


class TestRepairedLabels:
    def test_bad_lines_go__good_ones_stay_as_written(self, tmp_path):
        bad = ["9 0.5 0.5 0.1 0.1", "0 nan 0.5 0.1 0.1", "0 0.5", "x", "0 3 0.5 0.1 0.1", "0 0.5 0.5 0 0.1"]
        good = ["0 0.50 0.5 0.5 0.5", "1 .25 0.25 0.123456789 0.2"]
        text = "\n".join([good[0], *bad, good[1], good[0], ""])
        assert _labels(tmp_path, text) == good[0] + "\n" + good[1] + "\n"

    def test_over_edge__clipped(self, tmp_path):
        # 40 pixels wide: 30 to 44 becomes 30 to 40
        assert _labels(tmp_path, "0 0.925 0.5 0.35 0.2\n") == "0 0.875000 0.500000 0.250000 0.200000\n"

    def test_box_among_outlines__its_corners(self, tmp_path):
        text = _labels(tmp_path, TRIANGLE + "1 0.5 0.5 0.5 0.2\n")
        assert text == TRIANGLE + "1 0.250000 0.400000 0.750000 0.400000 0.750000 0.600000 0.250000 0.600000\n"

    def test_utf_16__written_as_utf_8(self, tmp_path):
        assert _labels(tmp_path, GOOD.encode("utf-16")) == GOOD

    def test_unreadable__empty(self, tmp_path):
        assert repaired_labels(tmp_path / "none.txt", ("a",), (9, 9)) == ""
