"""The picture of the learning curves."""

import cv2
import pytest

from lidd_yolo.benchmark.curves import draw_curves, step_ratios

CURVE = {"epoch": [1, 2], "time": [60, 120], "map50": [0.1, 0.4], "map": [0.05, 0.2]}
ENTRY = {"name": "a", "model": "lidd.yaml", "curve": CURVE}


class TestDrawCurves:
    def test_draw_curves__one_line_a_run(self, tmp_path):
        target = tmp_path / "plots" / "curves.png"
        draw_curves([ENTRY], {"lidd.yaml": 2.0}, target)
        one = cv2.imread(str(target))
        other = {**ENTRY, "name": "b", "curve": {**CURVE, "map50": [0.2, 0.3]}}
        draw_curves([ENTRY, other], {"lidd.yaml": 2.0}, target)
        two = cv2.imread(str(target))
        assert one.shape == two.shape
        assert (one != two).any()

    def test_draw_curves__unknown_step_time(self, tmp_path):
        with pytest.raises(ValueError, match=r"no step time of lidd\.yaml"):
            draw_curves([ENTRY], {}, tmp_path / "c.png")


class TestStepRatios:
    def test_step_ratios__default_head(self):
        entry = {"results": {"yolov8n.yaml": {"ratio": 1.0}, "lidd.yaml aux=light": {"ratio": 1.7}}}
        assert step_ratios(entry) == {"yolov8n.yaml": 1.0, "lidd.yaml aux=light": 1.7, "lidd.yaml": 1.7}
