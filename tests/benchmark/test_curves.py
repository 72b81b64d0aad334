"""The picture of the learning curves."""

import cv2

from lidd_yolo.benchmark.curves import draw_curves


class TestDrawCurves:
    def test_draw_curves__one_line_a_run(self, tmp_path):
        entry = {"name": "a", "curve": {"epoch": [1, 2], "time": [60, 120], "map50": [0.1, 0.4], "map": [0.05, 0.2]}}
        target = tmp_path / "plots" / "curves.png"
        draw_curves([entry], target)
        one = cv2.imread(str(target))
        draw_curves([entry, {**entry, "name": "b", "curve": {**entry["curve"], "map50": [0.2, 0.3]}}], target)
        two = cv2.imread(str(target))
        assert one.shape == two.shape
        assert (one != two).any()
