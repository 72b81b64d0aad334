"""A finished run becomes a ledger entry."""

import json

import pytest
from ultralytics import YOLO

from lidd_yolo.benchmark.record import _model_name, read_curve, record_run, write_entry


class TestReadCurve:
    def test_read_curve__columns_of_ultralytics(self, tmp_path):
        file = tmp_path / "results.csv"
        file.write_text(
            "epoch,time,metrics/precision(B),  metrics/mAP50(B),metrics/mAP50-95(B)\n"
            "1,10.5,0,0.1,0.05\n2,20,0,0.3,0.1\n"
        )
        assert read_curve(file) == {"epoch": [1, 2], "time": [10.5, 20], "map50": [0.1, 0.3], "map": [0.05, 0.1]}

    def test_read_curve__masks_where_there_are_any(self, tmp_path):
        file = tmp_path / "results.csv"
        file.write_text(
            "epoch,time,metrics/mAP50(B),metrics/mAP50-95(B),metrics/mAP50(M),metrics/mAP50-95(M)\n1,9,0.4,0.2,0.3,0.1\n"
        )
        assert read_curve(file)["mask_map50"] == [0.3]
        assert read_curve(file)["mask_map"] == [0.1]


class TestRecordRun:
    def test_record_run__unfinished_run(self, tmp_path):
        (tmp_path / "args.yaml").write_text("model: lidd.yaml")
        with pytest.raises(FileNotFoundError, match=r"results\.csv.*not a finished training run"):
            record_run(tmp_path)

    def test_model__of_a_resumed_run_is_its_first(self, tmp_path):
        """Its arguments name the checkpoint it went on from."""
        YOLO("lidd.yaml").save(tmp_path / "best.pt")
        resumed = {"model": "run/weights/last.pt", "resume": "run/weights/last.pt"}
        assert _model_name(resumed, tmp_path / "best.pt") == "lidd.yaml"
        assert _model_name({"model": "some/yolov8n.yaml"}, tmp_path / "best.pt") == "yolov8n.yaml"


class TestWriteEntry:
    def test_write_entry__whole_or_not_at_all(self, tmp_path):
        file = write_entry({"name": "one", "results": {"val": {"map": 0.5}}}, tmp_path / "new")
        assert json.loads(file.read_text()) == {"name": "one", "results": {"val": {"map": 0.5}}}
        with pytest.raises(TypeError):
            write_entry({"name": "one", "results": object()}, tmp_path / "new")
        assert [f.name for f in (tmp_path / "new").iterdir()] == ["one.json"]
