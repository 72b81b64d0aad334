"""A finished run becomes a ledger entry."""

import json
import sys

import pytest
from ultralytics import YOLO

from lidd_yolo.errors import InputError
from lidd_yolo.results.curve import read_curve, read_rows
from lidd_yolo.results.evidence import Evidence
from lidd_yolo.results.ledger import append, verify
from lidd_yolo.results.record import _model_name, evidence_files, record_run
from tests.helpers.hostile_yaml import IN_LISTS


class TestReadRows:
    def test_read_rows__without_one_that_is_being_written(self, tmp_path):
        (tmp_path / "results.csv").write_text("epoch, time\n1,9.5\n2")
        assert read_rows(tmp_path / "results.csv") == [{"epoch": "1", "time": "9.5"}]


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

    def test_read_curve__losses_by_their_columns(self, tmp_path):
        """A loss that is not a number is left out: JSON has none."""
        file = tmp_path / "results.csv"
        file.write_text("epoch, train/box_loss,val/box_loss,lr/pg0\n1,1.5,nan,0.1\n2,1,2,0.1\n")
        assert read_curve(file) == {"epoch": [1, 2], "train/box_loss": [1.5, 1], "val/box_loss": [None, 2]}


@pytest.fixture(scope="module")
def entry(finished_run):
    return record_run(finished_run, name="a-run", note="A note.")


@pytest.mark.trains
class TestRecordRun:
    def test_record_run__what_readers_rely_on(self, entry):
        assert entry["schema"] == 2
        assert entry["name"] == "a-run"
        assert entry["note"] == "A note."
        assert entry["model"] == "yolov8n-seg.yaml"
        assert entry["epochs_run"] == 40 == len(entry["curve"]["train/seg_loss"])
        assert entry["arguments"]["imgsz"] == 64
        assert "data" not in entry["arguments"]
        assert entry["machine"]["versions"]["faster-coco-eval"]
        assert list(entry["results"]) == ["val"]  # the data set has no test part

    def test_record_run__figures_of_every_kind(self, entry):
        results = entry["results"]["val"]
        for kind in ("", "mask_"):
            assert 0.1 < results[f"{kind}map"] < results[f"{kind}map50"]
            classes = results[f"{kind}map_of_class"]
            assert classes.keys() == {"dark", "bright"}
            assert sum(classes.values()) / 2 == pytest.approx(results[f"{kind}map"], abs=1e-5)

    def test_record_run__second_opinion(self, entry):
        """Both rules agree on boxes; masks are judged in other resolutions, of 64 and 16 pixels."""
        results, coco = entry["results"]["val"], entry["results"]["val"]["coco"]
        for key, allowed in {"map50": 0.02, "map": 0.02, "mask_map50": 0.2, "mask_map": 0.4}.items():
            assert coco[key] == pytest.approx(results[key], abs=allowed)
            assert coco["difference"][key] == pytest.approx(coco[key] - results[key], abs=2e-5)

    def test_record_run__counts(self, entry):
        counts = entry["counts"]
        assert counts["imgsz"] == 64
        assert counts["gflops"] == 2 * counts["macs"] / 1e9
        assert counts["parameters_folded"] < counts["parameters"]
        assert entry["size"]["file_bytes"] > 2 * counts["parameters_folded"]

    def test_record_run__evidence(self, entry, finished_run):
        named = entry["evidence"]["val"]
        assert named["file"] == "a-run.val.npz"
        apart = named["difference"]
        assert apart.keys() == entry["results"]["val"].keys() - {"coco"}
        assert all(abs(apart[key]) <= 0.002 for key in ("map50", "map", "mask_map50", "mask_map"))
        assert all(abs(apart[key]) <= 1e-5 for key in ("precision", "recall", "mask_precision", "mask_recall"))
        assert apart["mask_map_of_class"].keys() == {"dark", "bright"}
        figures = Evidence.load(finished_run / "a-run.val.npz").figures()
        assert figures["mask_map"] == pytest.approx(entry["results"]["val"]["mask_map"], abs=0.002)

    def test_record_run__into_the_ledger(self, entry, finished_run, tmp_path):
        file = append(entry, tmp_path, evidence_files(entry, finished_run))
        assert verify(tmp_path) == []
        assert json.loads(file.read_text()) == entry
        assert sorted(f.name for f in file.parent.iterdir()) == ["a-run.json", "a-run.val.npz"]

    def test_record_run__without_the_extra(self, finished_run, monkeypatch):
        monkeypatch.setitem(sys.modules, "faster_coco_eval", None)
        with pytest.raises(ImportError, match=r"lidd-yolo\[compare\]"):
            record_run(finished_run)

    def test_record_run__unfinished_run(self, tmp_path):
        (tmp_path / "args.yaml").write_text("model: lidd.yaml")
        with pytest.raises(FileNotFoundError, match=r"results\.csv.*not a finished training run"):
            record_run(tmp_path)

    @pytest.mark.timeout(60)
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (IN_LISTS, "no valid YAML"),
            ("imgsz: !!bool x", "no valid YAML"),
            ("- a", "keys and values"),
            ("model: lidd.yaml", "it does not say data"),
        ],
        ids=lambda text: text[:8],
    )
    def test_record_run__arguments_that_cannot_be_read(self, tmp_path, text, reason):
        for name, content in (("args.yaml", text), ("results.csv", "epoch,time\n1,2\n"), ("weights/best.pt", "")):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=rf"args\.yaml(, line \d+)?: [^\n]*{reason}[^\n]*$"):
            record_run(tmp_path)

    def test_model__of_a_resumed_run_is_its_first(self, tmp_path):
        """Its arguments name the checkpoint it went on from."""
        YOLO("lidd.yaml").save(tmp_path / "best.pt")
        resumed = {"model": "run/weights/last.pt", "resume": "run/weights/last.pt"}
        assert _model_name(resumed, tmp_path / "best.pt") == "lidd.yaml"
        assert _model_name({"model": "some/yolov8n.yaml"}, tmp_path / "best.pt") == "yolov8n.yaml"
