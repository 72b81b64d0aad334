"""``lidd bench`` as a user types it, and ``make bench`` with all commands that measure speed."""

import argparse
import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import torch
from ultralytics.utils import NUM_THREADS

from benchmarks.readme_tables import fill
from lidd_yolo.bench import predict as predict_time
from lidd_yolo.bench import training_step
from lidd_yolo.cli.bench import _subject, _threads, add_arguments
from lidd_yolo.cli.main import main
from lidd_yolo.results.ledger import read_ledger, verify
from tests.helpers.generated import generated_data
from tests.helpers.made_up_certificate import format_of, write_certificate

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger"


class TestBench:
    def test_certificate__whole_into_the_ledger(self, ledger, tmp_path):
        file = write_certificate(tmp_path / "best.parity.json", {"onnx": format_of("onnx", 2e-6)})
        words = ["bench", "--ledger", str(ledger), "certificate", str(file), "--name", "steel"]
        assert main(words) == 0
        kept = json.loads((ledger / "certificates" / "certificate-steel.json").read_text())
        assert kept["results"] == json.loads(file.read_text())
        page = fill("<!-- certificates: certificate-* -->\n<!-- end of certificates -->\n", ledger)
        assert "| certificate-steel | onnx | passed |" in page

    @pytest.mark.parametrize("content", ["[]", '{"weights": {}}', "no JSON"])
    def test_certificate__of_something_else(self, ledger, tmp_path, capsys, content):
        file = tmp_path / "best.parity.json"
        file.write_text(content)
        assert main(["bench", "--ledger", str(ledger), "certificate", str(file), "--name", "steel"]) == 2
        assert str(file) in capsys.readouterr().err
        assert not (ledger / "certificates" / "certificate-steel.json").exists()

    def test_record__not_a_run(self, ledger, tmp_path, capsys):
        assert main(["bench", "--ledger", str(ledger), "record", str(tmp_path)]) == 2
        assert "not a finished training run" in capsys.readouterr().err

    @pytest.mark.trains
    def test_record__without_the_extra(self, ledger, finished_run, capsys, monkeypatch):
        monkeypatch.setitem(sys.modules, "faster_coco_eval", None)
        assert main(["bench", "--ledger", str(ledger), "record", str(finished_run)]) == 2
        assert 'pip install "lidd-yolo[compare]"' in capsys.readouterr().err

    def test_record__writes_entry_and_evidence(self, tmp_path, finished_run, capsys):
        words = ["record", str(finished_run), "--name", "one", "--commit", "abc", "--note", "A note."]
        assert main(["bench", "--ledger", str(tmp_path), *words]) == 0
        assert f"wrote {tmp_path / 'trainings' / 'one.json'}" in capsys.readouterr().out
        entry = json.loads((tmp_path / "trainings" / "one.json").read_text())
        assert (entry["name"], entry["commit"], entry["note"]) == ("one", "abc", "A note.")
        assert (tmp_path / "trainings" / "one.val.npz").is_file()
        assert verify(tmp_path) == []


@pytest.fixture
def bench(tmp_path):
    return lambda *words: main(["bench", "--ledger", str(tmp_path), *words])


class TestLatency:
    def test_pytorch__an_entry_for_each_setting(self, bench, tmp_path, capsys):
        threads = torch.get_num_threads()
        words = ["--models", "yolov8n-seg.yaml", "wlnet-t.yaml", "--runtimes", "pytorch", "--rounds", "1"]
        assert bench("latency", *words, "--imgsz", "32", "64", "--batch", "2") == 0
        assert torch.get_num_threads() == threads
        entries = read_ledger(tmp_path)
        assert [e["name"] for e in entries] == [f"latency-wlnet-t-{side}-batch2-threads1-pytorch" for side in (32, 64)]
        entry = entries[0]
        assert (entry["imgsz"], entry["batch"], entry["runtime"], entry["rounds"]) == (32, 2, "pytorch", 1)
        assert entry["reference"] == "yolov8n-seg.yaml"
        assert len(entry["results"]) == 6
        assert entry["machine"]["threads"] == 1
        assert all(figures["min_s"] > 0 for figures in entry["results"].values())
        assert "x yolov8n-seg.yaml" in capsys.readouterr().out
        assert verify(tmp_path) == []

    @pytest.mark.trains
    def test_onnx__on_all_threads(self, bench, tmp_path, capsys):
        pytest.importorskip("onnxruntime", reason="needs the extra lidd-yolo[export]")
        words = ["--models", "yolov8n.yaml", "lidd.yaml", "--runtimes", "onnx", "--rounds", "1", "--imgsz", "64"]
        assert bench("latency", *words, "--threads", "all") == 0
        assert "exporting lidd.yaml for onnx, 64 px, batch 1" in capsys.readouterr().out
        (entry,) = read_ledger(tmp_path)
        assert set(entry["results"]) == {"yolov8n.yaml", "lidd.yaml"}
        assert entry["machine"]["threads"] == _threads("all") >= 1
        assert "| lidd.yaml | onnx | 64 | 1 |" in fill(
            "<!-- latency: latency-* -->\n<!-- end of latency -->\n", tmp_path
        )

    def test_numbers__too_small(self, bench, tmp_path, capsys):
        assert bench("latency", "--runtimes", "pytorch", "--batch", "0") == 2
        assert "must be at least 1, got 0" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []

    def test_runtime__unknown(self, bench, capsys):
        assert bench("latency", "--runtimes", "tflite") == 2
        assert "tflite: no such runtime; there are pytorch, onnx, openvino" in capsys.readouterr().err


class TestOperators:
    @pytest.mark.trains
    def test_operators__an_entry_and_its_table(self, bench, tmp_path, capsys):
        pytest.importorskip("onnxruntime", reason="needs the extra lidd-yolo[export]")
        words = ["--models", "lidd.yaml", "--runtimes", "onnx", "--rounds", "2", "--imgsz", "64"]
        assert bench("operators", *words) == 0
        assert "us in operators" in capsys.readouterr().out
        (entry,) = read_ledger(tmp_path)
        assert (entry["name"], entry["rounds"]) == ("operators-lidd-64-onnx", 2)
        assert entry["results"]["lidd.yaml"]["operators"]["Conv"]["count"] > 50
        filled = fill("<!-- operators: operators-* -->\n<!-- end of operators -->\n", tmp_path)
        assert "| onnx, 64 px | lidd.yaml: number | us | share |" in filled

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["--runtimes", "pytorch"], "for PyTorch see torch.profiler"),
            (["--runtimes", "onnx", "--rounds", "0"], "must be at least 1, got 192 and 0"),
        ],
    )
    def test_words__wrong(self, words, told, bench, tmp_path, capsys):
        pytest.importorskip("onnxruntime", reason="needs the extra lidd-yolo[export]")
        assert bench("operators", *words) == 2
        assert told in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []


class TestPredict:
    def test_predict__writes_an_entry(self, bench, tmp_path, capsys, monkeypatch):
        alone = {"first_at": 0.0, "imported_mib": 300.0, "peak_mib": 350.0}
        monkeypatch.setattr(predict_time, "measured_alone", lambda *_: alone)
        words = ["--models", "lidd.yaml", "--imgsz", "64", "--pictures", "2", "--chunk", "1", "--starts", "1"]
        assert bench("predict", *words) == 0
        (entry,) = read_ledger(tmp_path)
        assert (entry["name"], entry["pictures"], entry["reference"]) == ("predict-lidd-64", 2, "lidd.yaml")
        assert entry["machine"]["threads"] >= 1
        assert "pictures/s, time 1.00 x lidd.yaml" in capsys.readouterr().out
        assert "| lidd.yaml | 64 |" in fill("<!-- predict: predict-* -->\n<!-- end of predict -->\n", tmp_path)

    def test_chunk__does_not_divide(self, bench, capsys):
        assert bench("predict", "--pictures", "10", "--chunk", "3") == 2
        assert "multiple of --chunk, got 10 and 3" in capsys.readouterr().err


class TestSteps:
    @pytest.mark.trains
    @pytest.mark.parametrize("network", ["lidd", "wlnet"])
    def test_steps__writes_an_entry(self, network, bench, tmp_path, capsys, monkeypatch):
        asked = []

        def memory(name, **setting):
            asked.append((name, setting["aux"], setting["imgsz"], setting["batch"], setting["device"]))
            return 12.5

        monkeypatch.setattr(training_step, "step_memory", memory)
        assert bench("steps", "--network", network, "--imgsz", "64", "--batch", "2", "--rounds", "1") == 0
        (entry,) = read_ledger(tmp_path)
        assert (entry["name"], entry["device"]) == (f"train-step-{network}-64-cpu", "cpu")
        assert len(asked) == len(entry["results"]) == {"lidd": 4, "wlnet": 2}[network]
        last = {"lidd": ("lidd.yaml", "dense"), "wlnet": ("wlnet.yaml", "")}[network]
        assert asked[-1] == (*last, 64, 2, "cpu")
        assert all(figures["peak_mib"] == 12.5 for figures in entry["results"].values())
        assert "MiB" in capsys.readouterr().out

    def test_device__not_there(self, bench, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
        assert bench("steps", "--device", "0") == 2
        assert "--device 0: there are cpu and 0 GPU(s)" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []


class TestLoading:
    @pytest.mark.trains
    def test_loading__writes_an_entry(self, bench, tmp_path, capsys):
        data = generated_data(tmp_path / "pictures")
        words = ["--data", str(data), "--imgsz", "64", "--batch", "4", "--steps", "1"]
        assert bench("loading", "--models", "yolov8n.yaml", "lidd.yaml", *words) == 0
        (entry,) = read_ledger(tmp_path)
        assert (entry["name"], entry["batch"], entry["steps"]) == ("loading-lidd-64-cpu", 4, 1)
        assert all(0 < found["waiting"] < 1 for found in entry["results"].values())
        assert "% of the time waiting for pictures" in capsys.readouterr().out
        table = fill("<!-- loading: loading-* -->\n<!-- end of loading -->\n", tmp_path)
        assert f"| lidd.yaml | data | 64 | 4 | CPU, {NUM_THREADS} thread(s) | 0 |" in table

    def test_data__missing(self, bench, tmp_path, capsys):
        assert bench("loading", "--models", "lidd.yaml", "--data", str(tmp_path / "no.yaml")) == 2
        assert "no.yaml" in capsys.readouterr().err


@pytest.fixture(scope="module")
def commands():
    """What ``make bench`` would run, as parsed arguments."""
    if not shutil.which("make"):
        pytest.skip("needs make")
    words = ["make", "--dry-run", "--always-make", "bench", "LEDGER=some/ledger"]
    text = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = [line.split()[1:] for line in text.replace("\\\n", "").splitlines() if line.startswith(".venv/bin/lidd")]
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return [parser.parse_args(words[1:]) for words in lines]


class TestMakeBench:
    def test_commands__write_where_they_are_told(self, commands):
        assert {str(args.ledger) for args in commands} == {"some/ledger"}
        assert {args.action for args in commands} == {"latency", "operators", "predict", "steps", "loading"}

    def test_settings__of_both_networks(self, commands):
        found = {
            (*args.models, imgsz, batch, threads)
            for args in commands
            if args.action == "latency" and args.runtimes == "pytorch,onnx,openvino"
            for imgsz in args.imgsz
            for batch in args.batch
            for threads in args.threads
        }
        every = _threads("all")
        for pair, sides in (
            (("yolov8n.yaml", "lidd.yaml"), (192, 320)),
            (("yolov8s-seg.yaml", "wlnet.yaml"), (224, 640)),
        ):
            for side in sides:
                wanted = {(*pair, side, batch, threads) for batch in (1, 8) for threads in (1, every)}
                assert found >= wanted | {(*pair, side, 32, every)}

    def test_page__shows_every_entry(self, commands):
        """The patterns of docs/speed.md match the names that the commands write under."""
        patterns = re.findall(
            r"<!-- (latency|operators|predict|steps|loading): (\S+) -->", (ROOT / "docs/speed.md").read_text("utf-8")
        )
        for args in commands:
            if args.action == "steps":
                names = [f"train-step-{args.network}-{args.imgsz}-cpu"]
            elif args.action == "predict":
                names = [f"predict-{_subject(args.models)}-{args.imgsz}"]
            elif args.action == "loading":
                subject = _subject(args.models)
                names = [f"loading-{subject}-{args.imgsz}-cpu"]
            elif args.action == "operators":
                subject = _subject(args.models)
                names = [f"operators-{subject}-{args.imgsz}-{runtime}" for runtime in args.runtimes.split(",")]
            else:
                names = [
                    f"latency-{_subject(args.models)}-{imgsz}-batch{batch}-threads1-{runtime}"
                    for imgsz in args.imgsz
                    for batch in args.batch
                    for runtime in args.runtimes.split(",")
                ]
            assert all(any(kind == args.action and fnmatch(n, p) for kind, p in patterns) for n in names)
