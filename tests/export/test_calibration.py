"""Calibration pictures: of train alone, one of each group first, the same for the same seed."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.export.calibration import CalibrationBatches, choose_calibration
from lidd_yolo.export.formats import InputShape
from lidd_yolo.export.reference import read_input
from tests.helpers.folders import text, yolo_set


def data_set(folder, groups=None, train=6):
    """Write pictures 0 .. train - 1 in train and two in val, with groups by number in a ``split.json``."""
    places = [*(f"train/{i}" for i in range(train)), "val/a", "val/b"]
    data = read_yolo_set(yolo_set(folder, dict.fromkeys(places, "")))
    if groups:
        entries = {f"images/{place}.png": {"group": g} for place, g in zip(places, groups, strict=True)}
        text(folder / "split.json", json.dumps({"pictures": entries}))
    return data


def stems(calibration):
    return [file.stem for file in calibration.files]


class TestChooseCalibration:
    def test_groups__one_of_each_before_a_second(self, tmp_path):
        data = data_set(tmp_path, groups=[0, 0, 0, 0, 1, 2, 3, 3])
        for seed in range(8):
            chosen = stems(choose_calibration(data, 4, seed))
            assert {"4", "5"} <= set(chosen[:3])
            assert set(chosen[2:] + chosen[:2]) - {"4", "5"} <= {"0", "1", "2", "3"}
        assert choose_calibration(data, 3, 0).groups == 3
        assert choose_calibration(data, 99, 0).as_dict()["pictures"] == 6

    def test_group_on_both_sides__left_out(self, tmp_path):
        found = choose_calibration(data_set(tmp_path, groups=[0, 0, 1, 1, 2, 2, 1, 3]), 99, 0)
        assert sorted(stems(found)) == ["0", "1", "4", "5"]
        assert (found.left_out, found.groups) == (2, 2)

    def test_no_groups__each_picture_its_own(self, tmp_path):
        found = choose_calibration(data_set(tmp_path), 4, 0)
        assert len(set(found.files)) == 4
        assert (found.groups, found.left_out) == (None, 0)

    def test_seed__same_choice_and_hash(self, tmp_path):
        data = data_set(tmp_path)
        first, again = choose_calibration(data, 3, 5), choose_calibration(data, 3, 5)
        assert first == again
        assert len({tuple(choose_calibration(data, 3, seed).files) for seed in range(10)}) > 1
        first.files[0].write_bytes(first.files[1].read_bytes())
        assert choose_calibration(data, 3, 5).sha256 != first.sha256

    def test_val__never_read(self, tmp_path):
        data = data_set(tmp_path)
        for file in data.pictures["val"]:
            text(file, "no picture")
            with pytest.raises(ValueError, match=file.name):
                read_input([file], (64, 64))
        found = choose_calibration(data, 99, 0)
        assert len(list(CalibrationBatches(found.files, InputShape(64, 64), 3))) == 6

    @pytest.mark.parametrize(
        ("pictures", "count", "told"),
        [
            ({"val": ("v.png",)}, 4, "no pictures in train; an int8 file is calibrated on training pictures only"),
            ({"train": (), "val": ("v.png",)}, 4, "no pictures in train"),
            ({"train": ("a.png",), "val": ("a.png",)}, 4, "every training picture, or one of its group, is in another"),
            ({"train": ("a.png",)}, 0, "--calibration must be 1 or more, got 0"),
        ],
    )
    def test_impossible__said(self, tmp_path, pictures, count, told):
        data = data_set(tmp_path)
        files = {split: tuple(tmp_path / name for name in names) for split, names in pictures.items()}
        with pytest.raises(ValueError, match=told):
            choose_calibration(replace(data, pictures=files), count, 0)


class TestCalibrationBatches:
    def test_batches__full_and_again(self, tmp_path):
        data = data_set(tmp_path)
        files = data.pictures["train"][:3]
        batches = CalibrationBatches(files, InputShape(64, 96, 2), 3)
        for _ in range(2):  # NNCF passes over them several times
            found = list(batches)
            assert len(found) == len(batches) == 2
            assert [batch.shape for batch in found] == [(2, 3, 64, 96)] * 2
            np.testing.assert_array_equal(found[1][1], found[0][0])
            np.testing.assert_array_equal(found[0], read_input(files[:2], (64, 96)).numpy())
