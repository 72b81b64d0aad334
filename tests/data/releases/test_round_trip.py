"""The comparison of labels and masks sees what is lost."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from lidd_yolo.data.formats.masks import annotate_mask
from lidd_yolo.data.releases.neu_seg import measure_labels
from lidd_yolo.data.releases.samples import Sample
from tests.helpers.masks import square

_NAMES = ("inclusion", "patches")


@pytest.fixture
def make(tmp_path):
    def _make(number, mask, labelled=None):
        source = tmp_path / f"{number}.png"
        cv2.imwrite(str(source), mask)
        annotation = annotate_mask(mask if labelled is None else labelled, _NAMES, f"{number}.jpg")
        return Sample(tmp_path / f"{number}.jpg", b"", np.zeros_like(mask), annotation, source)

    return _make


class TestMeasureLabels:
    def test_faithful__nothing_differs(self, make):
        frame = square(2, 2, 9, 2, size=20)
        frame[4:6, 4:9] = 0
        report = measure_labels([make(0, frame), make(1, np.zeros((8, 9), np.uint8))], _NAMES, 0)
        assert report["round_trip"] == {"equal": 2, "pixels": 0, "unequal": {}}
        assert report["dropped"]["objects"] == {"inclusion": 0, "patches": 0}

    def test_dropped__counted_and_no_difference(self, make):
        big = square(2, 2, 9, 2, size=20)
        specks = big + square(15, 15, 2, 1, size=20) + square(0, 19, 1, 1, size=20)
        report = measure_labels([make(0, specks, labelled=big)], _NAMES, 5)
        assert report["dropped"] == {
            "min_pixels": 5,
            "objects": {"inclusion": 2, "patches": 0},
            "pixels": {"inclusion": 5, "patches": 0},
        }
        assert report["round_trip"]["equal"] == 1

    def test_difference__pixels_and_iou_worst_first(self, make):
        whole = square(0, 0, 10, 1, size=20)
        half = whole.copy()
        half[5:] = 0
        other = square(0, 0, 10, 2, size=20)
        samples = [make(0, whole, labelled=half), make(1, whole, labelled=other), make(2, whole)]
        report = measure_labels(samples, _NAMES, 0)["round_trip"]
        assert report == {
            "equal": 1,
            "pixels": 150,
            "unequal": {"1.jpg": {"pixels": 100, "iou": 0.0}, "0.jpg": {"pixels": 50, "iou": 0.5}},
        }
        assert list(report["unequal"]) == ["1.jpg", "0.jpg"]

    def test_mask_gone__said(self, make, tmp_path):
        sample = replace(make(0, square(0, 0, 3, 1, size=9)), source=tmp_path / "gone.png")
        with pytest.raises(ValueError, match=r"gone\.png has changed"):
            measure_labels([sample], _NAMES, 0)
