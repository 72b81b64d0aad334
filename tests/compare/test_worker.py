"""One run: stopped, killed in the middle of an epoch or damaged, it goes on and ends with every epoch once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
import torch
import yaml
from filelock import FileLock
from ultralytics.utils import LOGGER

from lidd_yolo.compare import worker
from lidd_yolo.compare.plan import CAUTIONS
from lidd_yolo.compare.run_folder import claim_folder, incompletely_validated, progress_of, restore_snapshot
from lidd_yolo.compare.run_state import data_of, identity_of
from lidd_yolo.compare.worker import TimeIsUpError, train_run
from lidd_yolo.results.ledger import find_file, verify
from lidd_yolo.training.callbacks import train_channels_last
from tests.helpers.generated import generated_data
from tests.helpers.plans import make_run


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    data = generated_data(tmp_path_factory.mktemp("data"))
    return {"data": str(data), "epochs": 3, "imgsz": 64, "batch": 4, "nbs": 4, "seed": 7, "plots": False}


def column(folder, name):
    header, *rows = [line.split(",") for line in (folder / "results.csv").read_text().splitlines()]
    return [float(row[[h.strip() for h in header].index(name)]) for row in rows]


class TestTrainRun:
    @pytest.mark.trains
    def test_train__stopped_damaged_and_gone_on(self, arguments, tmp_path):
        folder = tmp_path / "run"
        with pytest.raises(TimeIsUpError, match="1 of 3 epochs are done"):
            train_run("lidd.yaml", arguments, folder, until=0.0)
        first = yaml.safe_load((folder / "began_with.yaml").read_text())
        assert (first["model"], first["seed"], first["epochs"]) == ("lidd.yaml", 7, 3)
        (folder / "weights" / "last.pt").write_bytes(b"half a checkpoint")
        with (folder / "results.csv").open("a") as file:
            file.write("2,99,0.5\n")
        assert restore_snapshot(folder) == 1
        train_run("lidd.yaml", arguments, folder, done=1)
        assert column(folder, "epoch") == [1, 2, 3]
        times = column(folder, "time")
        assert times == sorted(times)
        assert yaml.safe_load((folder / "began_with.yaml").read_text()) == first
        final = torch.load(folder / "weights" / "best.pt", weights_only=False)
        assert final["optimizer"] is None
        assert final["model"].head.latm is None

    @pytest.mark.trains
    def test_train__stopped_twice_is_exactly_one_that_was_not(self, arguments, tmp_path):
        """Stock networks too: else they would suffer more from a time limit than ours."""
        model = "yolov8n.yaml"
        arguments = {**arguments, "workers": 0, "device": "cpu"}
        train_run(model, arguments, tmp_path / "straight")
        for done in (0, 1):
            with pytest.raises(TimeIsUpError):
                train_run(model, arguments, tmp_path / "stopped", done=done, until=0.0)
            assert restore_snapshot(tmp_path / "stopped") == done + 1
        train_run(model, arguments, tmp_path / "stopped", done=2)
        files = [tmp_path / name / "weights" / "last.pt" for name in ("straight", "stopped")]
        one, other = (torch.load(file, weights_only=False)["model"].state_dict() for file in files)
        assert all(torch.equal(a, b) for a, b in zip(one.values(), other.values(), strict=True))
        for name in ("train/box_loss", "val/box_loss"):
            assert column(tmp_path / "straight", name) == column(tmp_path / "stopped", name)


class TestKeeper:
    @pytest.fixture
    def kept(self, monkeypatch):
        """Epochs of which a snapshot was kept."""
        epochs = []
        monkeypatch.setattr(worker, "keep_snapshot", lambda _, epoch: epochs.append(epoch))
        return epochs

    @pytest.fixture
    def clock(self, monkeypatch):
        """A clock that stands where it is put."""
        clock = SimpleNamespace(now=1000.0)
        monkeypatch.setattr(worker, "time", SimpleNamespace(time=lambda: clock.now))
        return clock

    def test_keeper__all_but_the_last(self, kept, tmp_path):
        keeper = worker._Keeper(tmp_path, None)
        keeper(SimpleNamespace(stop=False, epoch=0, epochs=2))
        keeper(SimpleNamespace(stop=True, epoch=1, epochs=2))
        assert kept == [1]

    def test_keeper__stops_before_an_epoch_that_would_end_too_late(self, kept, clock, tmp_path):
        """Epochs of 10 s from second 1000 on, and 1035 as the limit: the third ends in time, a fourth would not."""
        keeper = worker._Keeper(tmp_path, 1035.0)
        for epoch in (0, 1):
            clock.now += 10
            keeper(SimpleNamespace(stop=False, epoch=epoch, epochs=9))
        clock.now += 10
        with pytest.raises(TimeIsUpError, match="3 of 9"):
            keeper(SimpleNamespace(stop=False, epoch=2, epochs=9))
        assert kept == [1, 2, 3]

    def test_keeper__clock_put_back__goes_on(self, kept, clock, tmp_path):
        """An epoch that seems to have taken less than nothing counts as none, and the next from the new time."""
        keeper = worker._Keeper(tmp_path, 1035.0)
        clock.now -= 500
        keeper(SimpleNamespace(stop=False, epoch=0, epochs=9))
        clock.now += 530
        with pytest.raises(TimeIsUpError, match="2 of 9"):
            keeper(SimpleNamespace(stop=False, epoch=1, epochs=9))
        assert kept == [1, 2]

    def test_keeper__last_epoch_is_not_stopped(self, clock, tmp_path):
        keeper = worker._Keeper(tmp_path, 0.0)
        clock.now += 10
        keeper(SimpleNamespace(stop=True, epoch=8, epochs=9))


class TestBegin:
    def test_begin__resumed_counts_its_time_on(self, tmp_path):
        (tmp_path / "results.csv").write_text("epoch,time\n1,10\n2,25.5\n")
        trainer = SimpleNamespace(start_epoch=2, train_time_start=100.0, csv=tmp_path / "results.csv")
        worker._begin(trainer)
        assert trainer.train_time_start == 74.5


class TestOrder:
    def test_train__stock_networks_in_channels_last_order_too(self, monkeypatch, tmp_path):
        begun = []

        class Net:
            def __init__(self, model):
                assert model == "yolov8n.yaml"

            def add_callback(self, event, function):
                begun.append((event, function))

            def train(self, **_):
                """Train nothing."""

        monkeypatch.setattr(worker, "YOLO", Net)
        train_run("yolov8n.yaml", {}, tmp_path)
        assert ("on_train_start", train_channels_last) in begun


class TestIncompleteValidation:
    def test_train__notes_the_epochs_in_which_nms_was_given_up(self, monkeypatch, tmp_path):
        class Net:
            def __init__(self, _):
                self.callbacks = []

            def add_callback(self, event, function):
                self.callbacks += [function] if event == "on_model_save" else []

            def train(self, **_):
                """Three epochs, in the second of which the machine is busy."""
                for epoch in range(3):
                    if epoch == 1:
                        LOGGER.warning("NMS time limit 2.800s exceeded")
                    for function in self.callbacks:
                        function(SimpleNamespace(epoch=epoch, stop=True, wdir=tmp_path))

        monkeypatch.setattr(worker, "YOLO", Net)
        train_run("yolov8n.yaml", {}, tmp_path)
        assert incompletely_validated(tmp_path) == [2]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return str(generated_data(tmp_path_factory.mktemp("data")))


def prepared(folder, run):
    return claim_folder(folder / "runs" / run.name, run, {**identity_of(run), "data": dict(data_of(run.data))})


def entry_of(folder, run):
    return json.loads(find_file(folder / "ledger", f"{run.name}.json").read_text())


def wait_for(condition, seconds=120):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end
        time.sleep(0.01)


class TestKilled:
    @pytest.mark.trains
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
    @pytest.mark.trains
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
        assert entry["asked"] == identity_of(run)
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
        """The training and the measurement name the GPU by the same name."""
        run = make_run(data=data, extra={"device": "3"})
        file, devices = prepared(tmp_path, run), []
        monkeypatch.setattr("torch.cuda.init", lambda: devices.append("init"))

        def train(_model, arguments, folder, **_):
            (folder / "args.yaml").write_text(json.dumps(arguments))
            devices.append(arguments["device"])

        def record(folder, **_):
            devices.append(yaml.safe_load((folder / "args.yaml").read_text())["device"])
            raise RuntimeError("enough")

        monkeypatch.setattr(worker, "train_run", train)
        monkeypatch.setattr(worker, "record_run", record)
        assert worker.main([str(file), "--ledger", str(tmp_path), "--gpu"]) == 1
        assert devices == ["init", "0", "0"]


class TestWaiting:
    @pytest.mark.trains
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
        asked = {**identity_of(run), "data": {**data_of(run.data), "data_sha256": "0" * 64}}
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
