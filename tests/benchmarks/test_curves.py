"""The picture of the learning curves."""

import json

import cv2
import pytest

from benchmarks import curves
from benchmarks.curves import draw_curves, main, step_ratios

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

    def test_draw_curves__without_a_step_time_over_epochs_alone(self, tmp_path):
        other = {**ENTRY, "name": "b", "model": "b.yaml", "curve": {**CURVE, "map50": [0.3, 0.2]}}
        assert draw_curves([ENTRY], {"lidd.yaml": 2.0}, tmp_path / "one.png") == []
        assert draw_curves([ENTRY, other], {"lidd.yaml": 2.0}, tmp_path / "two.png") == ["b.yaml"]
        one, two = (cv2.imread(str(tmp_path / name)) for name in ("one.png", "two.png"))
        orange = [((p > (0, 100, 200)) & (p < (60, 160, 256))).all(-1) for p in (one, two)]
        assert not orange[0].any()
        assert orange[1][:, :500].any()
        assert not orange[1][:, 600:].any()


class TestStepRatios:
    def test_step_ratios__default_head(self):
        entry = {"results": {"yolov8n.yaml": {"ratio": 1.0}, "lidd.yaml aux=light": {"ratio": 1.7}}}
        assert step_ratios(entry) == {"yolov8n.yaml": 1.0, "lidd.yaml aux=light": 1.7, "lidd.yaml": 1.7}


@pytest.fixture
def ledger(tmp_path):
    folder = tmp_path / "ledger"
    folder.mkdir()
    entry = {**ENTRY, "name": "neu-det-a", "arguments": {"imgsz": 192}, "results": {}}
    steps = {"name": "train-step-192", "results": {"lidd.yaml aux=light": {"ratio": 2.0}}}
    for one in (entry, steps):
        (folder / f"{one['name']}.json").write_text(json.dumps(one))
    return folder


class TestMain:
    def test_main__draws(self, ledger, tmp_path):
        assert main(["neu-*", str(tmp_path / "c.png"), "--ledger", str(ledger)]) == 0
        assert (tmp_path / "c.png").stat().st_size > 5000

    def test_main__present_step_times_first(self, ledger, tmp_path, monkeypatch):
        steps = {"name": "train-step-lidd-192-cpu", "results": {"lidd.yaml aux=light": {"ratio": 3.0}}}
        (ledger / "train-step-lidd-192-cpu.json").write_text(json.dumps(steps))
        drawn = []
        monkeypatch.setattr(curves, "draw_curves", lambda *given: drawn.append(given[1]["lidd.yaml"]) or [])
        assert main(["neu-*", str(tmp_path / "c.png"), "--ledger", str(ledger)]) == 0
        assert drawn == [3.0]

    def test_main__without_step_times(self, ledger, tmp_path, capsys):
        (ledger / "train-step-192.json").unlink()
        assert main(["neu-*", str(tmp_path / "c.png"), "--ledger", str(ledger)]) == 2
        assert "lidd bench steps" in capsys.readouterr().err

    def test_main__no_such_entry(self, ledger, tmp_path, capsys):
        assert main(["zzz*", str(tmp_path / "c.png"), "--ledger", str(ledger)]) == 2
        assert "no entry zzz*" in capsys.readouterr().err
