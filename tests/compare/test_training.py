"""A training that is stopped, damaged and goes on ends with every epoch once."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from ultralytics.utils import LOGGER

from lidd_yolo.compare import worker as training
from lidd_yolo.compare.run_folder import incompletely_validated, restore_snapshot
from lidd_yolo.compare.worker import TimeIsUpError, train_run
from lidd_yolo.training.callbacks import train_channels_last
from tests.helpers.generated import generated_data


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    data = generated_data(tmp_path_factory.mktemp("data"))
    return {"data": str(data), "epochs": 3, "imgsz": 64, "batch": 4, "nbs": 4, "seed": 7, "plots": False}


def column(folder, name):
    header, *rows = [line.split(",") for line in (folder / "results.csv").read_text().splitlines()]
    return [float(row[[h.strip() for h in header].index(name)]) for row in rows]


class TestTrainRun:
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


class TestKeeper:
    @pytest.fixture
    def kept(self, monkeypatch):
        """Epochs of which a snapshot was kept."""
        epochs = []
        monkeypatch.setattr(training, "keep_snapshot", lambda _, epoch: epochs.append(epoch))
        return epochs

    @pytest.fixture
    def clock(self, monkeypatch):
        """A clock that stands where it is put."""
        clock = SimpleNamespace(now=1000.0)
        monkeypatch.setattr(training, "time", SimpleNamespace(time=lambda: clock.now))
        return clock

    def test_keeper__all_but_the_last(self, kept, tmp_path):
        keeper = training._Keeper(tmp_path, None)
        keeper(SimpleNamespace(stop=False, epoch=0, epochs=2))
        keeper(SimpleNamespace(stop=True, epoch=1, epochs=2))
        assert kept == [1]

    def test_keeper__stops_before_an_epoch_that_would_end_too_late(self, kept, clock, tmp_path):
        """Epochs of 10 s from second 1000 on, and 1035 as the limit: the third ends in time, a fourth would not."""
        keeper = training._Keeper(tmp_path, 1035.0)
        for epoch in (0, 1):
            clock.now += 10
            keeper(SimpleNamespace(stop=False, epoch=epoch, epochs=9))
        clock.now += 10
        with pytest.raises(TimeIsUpError, match="3 of 9"):
            keeper(SimpleNamespace(stop=False, epoch=2, epochs=9))
        assert kept == [1, 2, 3]

    def test_keeper__last_epoch_is_not_stopped(self, clock, tmp_path):
        keeper = training._Keeper(tmp_path, 0.0)
        clock.now += 10
        keeper(SimpleNamespace(stop=True, epoch=8, epochs=9))


class TestBegin:
    def test_begin__resumed_draws_other_numbers(self, tmp_path):
        """Ultralytics seeds a resumed training as its first epoch; order and augmentation would repeat."""
        (tmp_path / "results.csv").write_text("epoch,time\n1,10\n2,25.5\n")

        def drawn(start):
            loader = SimpleNamespace(generator=torch.Generator(), reset=lambda: None)
            trainer = SimpleNamespace(
                start_epoch=start,
                train_time_start=100.0,
                csv=tmp_path / "results.csv",
                args=SimpleNamespace(seed=0, deterministic=False),
                train_loader=loader,
            )
            training._begin(trainer)
            assert trainer.train_time_start == 74.5
            numbers = random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002 - Ultralytics' own
            return *numbers, int(torch.randint(1 << 30, (1,), generator=loader.generator))

        one, other = drawn(2), drawn(3)
        assert one == drawn(2)
        assert all(a != b for a, b in zip(one, other, strict=True))


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

        monkeypatch.setattr(training, "YOLO", Net)
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
                        function(SimpleNamespace(epoch=epoch, stop=True))

        monkeypatch.setattr(training, "YOLO", Net)
        train_run("yolov8n.yaml", {}, tmp_path)
        assert incompletely_validated(tmp_path) == [2]
