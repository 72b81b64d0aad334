"""One run in its own process: killed in the middle of an epoch, stopped by time, and called again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import yaml
from filelock import FileLock

from lidd_yolo.compare import worker
from lidd_yolo.compare.recipe import CAUTIONS
from lidd_yolo.compare.run_folder import claim_folder, progress_of
from lidd_yolo.compare.run_state import asked_of, data_of
from lidd_yolo.results.ledger import find_file, verify
from tests.helpers.generated import generated_data
from tests.helpers.plans import make_run


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return str(generated_data(tmp_path_factory.mktemp("data")))


def prepared(folder, run):
    return claim_folder(folder / "runs" / run.name, run, {**asked_of(run), "data": dict(data_of(run.data))})


def entry_of(folder, run):
    return json.loads(find_file(folder / "ledger", f"{run.name}.json").read_text())


def wait_for(condition, seconds=120):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end
        time.sleep(0.01)


class TestKilled:
    def test_kill__in_the_middle_of_an_epoch(self, data, tmp_path):
        run = make_run(data=data, epochs=4, batch=2, extra={"nbs": 2})
        file = prepared(tmp_path, run)
        words = [str(file), "--ledger", str(tmp_path / "ledger")]
        process = subprocess.Popen(
            [sys.executable, "-m", "lidd_yolo.compare.worker", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: process.poll() is not None or any((file.parent / "snapshots").glob("epoch-*")))
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        done, _ = progress_of(file.parent)
        assert 1 <= done < 4
        assert not (tmp_path / "ledger").exists()

        assert worker.main(words) == 0
        entry = entry_of(tmp_path, run)
        assert entry["name"] == run.name
        assert entry["curve"]["epoch"] == [1, 2, 3, 4]
        assert entry["epochs_run"] == 4
        assert entry["resumed_after"][0] in {done, done - 1}
        assert verify(tmp_path / "ledger") == []
        assert entry["model"] == "lidd.yaml"


class TestTimeLimit:
    def test_limit__stops_and_goes_on(self, data, tmp_path):
        run = make_run(data=data, model="yolov8n.yaml", recipe="lidd", label="eight")
        file = prepared(tmp_path, run)
        words = [str(file), "--ledger", str(tmp_path / "ledger")]
        assert worker.main([*words, "--until", "0"]) == 75
        assert progress_of(file.parent)[0] == 1
        assert worker.main(words) == 0

        entry = entry_of(tmp_path, run)
        assert entry["curve"]["epoch"] == [1, 2]
        assert entry["resumed_after"] == [1]
        assert set(entry["results"]) == {"val", "test"}
        assert (entry["plan"], entry["label"], entry["recipe"]) == ("tiny", "eight", "lidd")
        assert entry["asked"] == asked_of(run)
        assert entry["note"] == CAUTIONS["lidd"]
        assert (entry["arguments"]["optimizer"], entry["arguments"]["nbs"]) == ("AdamW", 4)
        assert not (file.parent / "snapshots").exists()

        before = (file.parent / "weights" / "best.pt").stat().st_mtime_ns
        find_file(tmp_path / "ledger", f"{run.name}.json").unlink()
        assert worker.main(words) == 0
        assert entry_of(tmp_path, run)["results"] == entry["results"]
        assert (file.parent / "weights" / "best.pt").stat().st_mtime_ns == before


class TestGpu:
    def test_gpu__the_first_visible_whatever_the_run_says(self, data, tmp_path, monkeypatch):
        """The training and the measurement are told of the GPU by the same name."""
        run = make_run(data=data, extra={"device": "3"})
        file, told = prepared(tmp_path, run), []
        monkeypatch.setattr("torch.cuda.init", lambda: told.append("init"))

        def train(_model, arguments, folder, **_):
            (folder / "args.yaml").write_text(json.dumps(arguments))
            told.append(arguments["device"])

        def record(folder, **_):
            told.append(yaml.safe_load((folder / "args.yaml").read_text())["device"])
            raise RuntimeError("enough")

        monkeypatch.setattr(worker, "train_run", train)
        monkeypatch.setattr(worker, "record_run", record)
        assert worker.main([str(file), "--ledger", str(tmp_path), "--gpu"]) == 1
        assert told == ["init", "0", "0"]


class TestWaiting:
    def test_elsewhere__waits_for_a_process_that_is_ending(self, data, tmp_path, caplog):
        file = prepared(tmp_path, make_run(data=data, extra={"nbs": 4, "optimizer": "Nonsense"}))
        lock = FileLock(file.parent / "run.lock", thread_local=False)
        lock.acquire()
        threading.Timer(1.0, lock.release).start()
        assert worker.main([str(file), "--ledger", str(tmp_path), "--elsewhere"]) == 1
        assert "another process is at work" not in caplog.text
        assert "Nonsense" in caplog.text


class TestFailed:
    def test_fail__says_why(self, data, tmp_path, caplog):
        run = make_run(data=data, extra={"nbs": 4, "optimizer": "Nonsense"})
        assert worker.main([str(prepared(tmp_path, run)), "--ledger", str(tmp_path)]) == 1
        assert "Nonsense" in caplog.text
        assert "Traceback" in caplog.text

    def test_fail__another_process_is_at_work(self, data, tmp_path, caplog):
        file = prepared(tmp_path, make_run(data=data))
        with FileLock(file.parent / "run.lock"):
            assert worker.main([str(file), "--ledger", str(tmp_path)]) == 1
        assert "another process is at work in" in caplog.text

    def test_fail__other_data_than_asked_for(self, data, tmp_path, caplog):
        """Asked from another machine, it looks before it trains; here the state was looked at a moment ago."""
        run = make_run(data=data)
        asked = {**asked_of(run), "data": {**data_of(run.data), "data_sha256": "0" * 64}}
        file = claim_folder(tmp_path / "runs" / run.name, run, asked)
        assert worker.main([str(file), "--ledger", str(tmp_path), "--elsewhere"]) == 1
        assert "machine that asks" in caplog.text
        assert not (file.parent / "weights").exists()

    def test_fail__no_gpu(self, data, tmp_path, caplog, monkeypatch):
        monkeypatch.setattr("torch.cuda.init", lambda: 1 / 0)
        file = prepared(tmp_path, make_run(data=data))
        assert worker.main([str(file), "--ledger", str(tmp_path), "--gpu"]) == 1
        assert "ZeroDivisionError" in caplog.text
        assert not (file.parent / "weights").exists()

    def test_fail__no_run(self, tmp_path, caplog):
        (tmp_path / "run.json").write_text("{}")
        assert worker.main([str(tmp_path / "run.json")]) == 1
        assert "does not describe a run" in caplog.text
