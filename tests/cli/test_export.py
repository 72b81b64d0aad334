"""Command ``lidd export``: exit status, messages, and that a killed run leaves nothing beside the weights."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ultralytics import YOLO

from lidd_yolo.cli import main as cli
from lidd_yolo.export import float_check as format_check
from tests.helpers.checkpoints import write_lidd
from tests.helpers.folders import text, tree
from tests.helpers.points import write_point

ROOT = Path(__file__).resolve().parents[2]
SLOW_EXPORT = """
import sys, time
from pathlib import Path
from ultralytics import YOLO
from lidd_yolo.cli.main import main

def export(model, **words):
    Path(model.ckpt_path).with_suffix(".torchscript").write_text("half")
    sys.__stdout__.write("exporting\\n")  # what an exporter writes itself is held back
    sys.__stdout__.flush()
    time.sleep(120)

YOLO.export = export
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def weights(tmp_path):
    return write_lidd(tmp_path / "weights" / "best.pt")


def words(weights, data, *more):
    return ["export", str(weights), "--data", str(data), "--formats", "torchscript", *more]


class TestStatus:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch):
        monkeypatch.setattr(format_check, "probes", lambda *_: ([], []))

    @pytest.mark.trains
    def test_passed__0(self, weights, tiny_yaml, capsys):
        assert cli.main(words(weights, tiny_yaml, "--no-map", "--pictures", "2", "dynamic=True")) == 0
        out, err = capsys.readouterr()
        assert out.splitlines()[0].startswith("folding     passed: ")
        assert out.splitlines()[1].startswith("torchscript passed: ")
        assert "dynamic, made with 64x64, batch 1" in out.splitlines()[1]
        assert out.splitlines()[-1] == f"wrote {weights.with_name('best.parity.json')}"
        assert err.splitlines()[-1] == "exporting and comparing torchscript"
        assert "nobody compared" not in out + err

    @pytest.mark.trains
    def test_failed__1(self, weights, tiny_yaml, capsys, monkeypatch):
        def fail(*_):
            raise RuntimeError("no such operator")

        monkeypatch.setattr(format_check, "open_runtime", fail)
        assert cli.main(words(weights, tiny_yaml, "--no-map", "--pictures", "2")) == 1
        assert "torchscript FAILED: static 64x64, batch 1" in capsys.readouterr().out
        assert not weights.with_suffix(".torchscript").exists()


class TestOperating:
    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"weights_sha256": "1" * 64}, "operating.yaml: made for other weights (111111111111...), not for "),
            ({"format": 7}, "operating.yaml: format: has to be 1, not 7"),
        ],
    )
    def test_refused__one_line_and_nothing_written(self, weights, tiny_yaml, tmp_path, capsys, changed, reason):
        point = write_point(tmp_path / "operating.yaml", weights, {"a": 0.5}, **changed)
        before = tree(weights.parent)
        assert cli.main(words(weights, tiny_yaml, "--operating", str(point))) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert reason in err
        assert tree(weights.parent) == before


class TestInt8:
    @pytest.mark.trains
    def test_random_network__stated_and_judged(self, weights, tiny_yaml, capsys):
        """Everything real: a random network finds nothing that counts, so nothing may pass."""
        pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")
        given = ["--int8", "--formats", "onnx", "--calibration", "4", "--pictures", "2", "--conf", "0.9"]
        thresholds = dict.fromkeys(YOLO(weights).names.values(), 0.4)
        given += ["--operating", str(write_point(weights.with_name("operating.yaml"), weights, thresholds))]
        assert cli.main(["export", str(weights), "--data", str(tiny_yaml), *given]) == 1
        told = pytest.importorskip("onnx").load(weights.with_name("best_int8.onnx.failed")).metadata_props
        carried = {entry.key: entry.value for entry in told}["operating"]
        assert json.loads(carried)["thresholds"] == thresholds
        out = capsys.readouterr().out
        assert "onnx-int8   FAILED: the trained network finds nothing of the split above 0.9" in out
        assert "calibrated on 4 pictures of train, seed 0, " in out
        assert f"kept for a look as {weights.with_name('best_int8.onnx.failed')}" in out
        assert not weights.with_name("best_int8.onnx").exists()


class TestWrongInput:
    @pytest.mark.trains
    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"weights": "none.pt"}, "none.pt: no such checkpoint"),
            ({"weights": "notes.pt"}, "notes.pt: not a checkpoint of Ultralytics"),
            ({"data": "none.yaml"}, "none.yaml: no such data YAML"),
            ({"more": ["--formats", "onnx,pdf"]}, "--formats: pdf: no such format"),
            ({"more": ["dynamik=True"]}, "'dynamik=True' is no argument of Ultralytics' export"),
            ({"more": ["half=True"]}, "'half=True' cannot be passed on: --half"),
            ({"more": ["--keep-float", "3"]}, "--keep-float goes with --int8"),
            ({"more": ["--int8"]}, "--int8: not for torchscript; it can be made for onnx, openvino"),
            ({"more": ["--split", "test"]}, "no pictures in test"),
        ],
    )
    def test_message__one_line_and_2(self, weights, tiny_yaml, tmp_path, monkeypatch, capsys, change, told):
        monkeypatch.chdir(tmp_path)
        text(tmp_path / "notes.pt", "something else")
        before = tree(weights.parent)
        given = words(change.get("weights", weights), change.get("data", tiny_yaml), *change.get("more", ()))
        assert cli.main(given) == 2
        out, err = capsys.readouterr()
        message = err.splitlines()[-1]
        assert message.startswith("lidd export: ")
        assert told in message
        assert out == ""
        assert tree(weights.parent) == before


class TestKilled:
    @pytest.mark.trains
    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
    def test_weights__alone_again(self, weights, tiny_yaml, tmp_path, how):
        """In the middle of an export; a polite kill leaves no stage either."""
        stages = tmp_path / "stages"
        stages.mkdir()
        command = [sys.executable, "-c", SLOW_EXPORT, *words(weights, tiny_yaml, "--no-map")]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
        env |= {"TMPDIR": str(stages), "OMP_NUM_THREADS": "1"}
        before = tree(weights.parent)
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
            assert any(line == "exporting\n" for line in run.stdout)
            time.sleep(0.2)
            run.send_signal(how)
            run.stdout.read()
        assert run.returncode != 0
        assert tree(weights.parent) == before
        if how == signal.SIGTERM:
            assert not list(stages.glob("lidd-export-*"))


class TestForYolo:
    def test_words_of_ultralytics__handed_over(self, monkeypatch):
        given = ["export", "model=best.pt", "format=onnx"]
        seen = []
        monkeypatch.setattr(sys, "argv", ["lidd"])
        monkeypatch.setattr("ultralytics.cfg.entrypoint", lambda: seen.append(list(sys.argv)))
        assert cli.main(given) == 0
        assert seen == [["ultralytics", *given]]
