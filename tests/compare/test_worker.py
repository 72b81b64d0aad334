"""One run in its own process: killed in the middle of an epoch, stopped by time, and called again."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from filelock import FileLock

from lidd_yolo.benchmark.ledger import verify
from lidd_yolo.compare import worker
from lidd_yolo.compare.folder import claim_folder, progress_of
from lidd_yolo.compare.identity import asked_of, data_of
from lidd_yolo.compare.recipe import CAUTIONS
from tests.helpers.generated import generated_data
from tests.helpers.plans import make_run


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return str(generated_data(tmp_path_factory.mktemp("data")))


def prepared(folder, run):
    return claim_folder(folder / "runs" / run.name, run, {**asked_of(run), "data": dict(data_of(run.data))})


def entry_of(folder, run):
    return json.loads((folder / "ledger" / f"{run.name}.json").read_text())


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
        (tmp_path / "ledger" / f"{run.name}.json").unlink()
        assert worker.main(words) == 0
        assert entry_of(tmp_path, run)["results"] == entry["results"]
        assert (file.parent / "weights" / "best.pt").stat().st_mtime_ns == before


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

    def test_fail__no_run(self, tmp_path, caplog):
        (tmp_path / "run.json").write_text("{}")
        assert worker.main([str(tmp_path / "run.json")]) == 1
        assert "does not describe a run" in caplog.text
