"""Timing of ``lidd data check`` on small sets."""

import pytest

from lidd_yolo.bench import data_tools as check_time
from lidd_yolo.bench.data_tools import Load, measure_checks, write_load
from lidd_yolo.data.checks.set_check import check_yolo_set
from lidd_yolo.data.readers.data_yaml import read_yolo_set

SMALL = (Load(labels=40, each=4, side=64), Load(labels=40, each=10, side=64, corners=60))


class TestWriteLoad:
    @pytest.mark.parametrize("load", SMALL)
    def test_set__clean_and_of_the_size_it_says(self, tmp_path, load):
        done = check_yolo_set(read_yolo_set(write_load(tmp_path, load)))
        assert set(done.counts()) <= {"class-unused"}
        assert sum(count["train"] for count in done.figures["objects"].values()) == 40
        assert done.figures["pictures"] == {"train": 40 // load.each}
        assert done.figures["picture_sizes"] == {"64x64": 40 // load.each}


class TestMeasureChecks:
    def test_seconds_of_each(self):
        results = measure_checks(SMALL)
        assert list(results) == [
            "40 boxes, 10 pictures of 64x64",
            "40 outlines of 60 corners, 4 pictures of 64x64",
        ]
        assert all(0 < figures["seconds"] < 60 for figures in results.values())

    def test_findings__refused(self, monkeypatch):
        monkeypatch.setattr(check_time, "_line", lambda *_: "9 0.5 0.5 0.1 0.1\n")
        with pytest.raises(ValueError, match=r"40 boxes.* status 1"):
            measure_checks(SMALL[:1])
