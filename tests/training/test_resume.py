"""A training that was stopped and resumed ends as one that was not; ``results.csv`` has every epoch once."""

import csv
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from ultralytics import YOLO
from ultralytics.nn.tasks import yaml_model_load

from lidd_yolo.training import resume
from lidd_yolo.training.resume import STATE, cut_results, go_on, keep_state
from tests.helpers.generated import generated_data

HEAD = "epoch,time,  metrics/mAP50(B)\n"


class StopError(Exception):
    """What stops a training between two epochs."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return generated_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """LIDD-Net whose branch is detached in the third epoch, and WLNet, whose constant is measured."""
    folder = tmp_path_factory.mktemp("networks")
    lidd = yaml_model_load("lidd.yaml")
    lidd["lidd_yolo"] = {**lidd["lidd_yolo"], "detach_epoch": 2}
    for key in ("yaml_file", "scale"):
        del lidd[key]
    (folder / "lidd.yaml").write_text(yaml.safe_dump(lidd))
    return {"lidd": str(folder / "lidd.yaml"), "wlnet": "wlnetn.yaml"}


def train(model, data, folder, *, stop_after=None, **more):
    """Train four epochs, or stop after some; return what is left in memory of network and average."""
    arguments = {"epochs": 4, "imgsz": 64, "batch": 4, "nbs": 4, "workers": 0, "device": "cpu", "plots": False}
    place = {"project": str(folder.parent), "name": folder.name, "exist_ok": True}
    net = YOLO(model)

    def stop(trainer):
        if trainer.epoch + 1 == stop_after:
            raise StopError

    net.add_callback("on_model_save", stop)
    if stop_after:
        with pytest.raises(StopError):
            net.train(data=str(data), **arguments, **place, **more)
        return None
    net.train(**({"resume": True} if more.get("resume") else {"data": str(data), **arguments, **place, **more}))
    trainer = net.trainer
    return {"trained": trainer.model.state_dict(), "averaged": trainer.ema.ema.state_dict()}


def largest_difference(one, other):
    return max((a.float() - b.float()).abs().max().item() for a, b in zip(one.values(), other.values(), strict=True))


def losses(folder):
    """Return the rows of ``results.csv`` without the time."""
    with (folder / "results.csv").open() as file:
        return [
            {key.strip(): text for key, text in row.items() if key.strip() != "time"} for row in csv.DictReader(file)
        ]


@pytest.mark.trains
class TestExact:
    @pytest.mark.parametrize(("name", "more"), [("lidd", {}), ("wlnet", {"close_mosaic": 3})])
    def test_two_and_two_epochs__equal_four(self, networks, data, tmp_path, name, more):
        """With average, detach epoch, measured constant, and mosaic that is closed already."""
        straight = train(networks[name], data, tmp_path / "straight", **more)
        train(networks[name], data, tmp_path / "stopped", stop_after=2, **more)
        weights = tmp_path / "stopped" / "weights"
        assert (weights / STATE).is_file()
        with (tmp_path / "stopped" / "results.csv").open("a") as file:
            file.write("3,99,0.5\n")  # as a kill between the row and the checkpoint leaves it
        resumed = train(weights / "last.pt", data, tmp_path / "stopped", resume=True)
        for part in ("trained", "averaged"):
            assert largest_difference(straight[part], resumed[part]) == 0
        assert losses(tmp_path / "straight") == losses(tmp_path / "stopped")
        assert sorted(file.name for file in weights.iterdir()) == ["best.pt", "last.pt"]


def fake_trainer(folder, *, start=2, stop=False):
    """Return what of a trainer is asked here, with one weight; ``folder`` has its files."""
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    average = torch.nn.Linear(3, 2)
    average.load_state_dict({key: value.half().float() for key, value in model.state_dict().items()})
    loader = SimpleNamespace(generator=torch.Generator(), num_workers=2, reset=lambda: None)
    return SimpleNamespace(
        wdir=folder,
        csv=folder / "results.csv",
        stop=stop,
        epoch=start - 1,
        start_epoch=start,
        epochs=9,
        model=model,
        ema=SimpleNamespace(ema=average, updates=7),
        optimizer=torch.optim.AdamW(model.parameters(), lr=np.float64(0.1)),
        scaler=SimpleNamespace(state_dict=dict),
        stopper=SimpleNamespace(best_fitness=np.float64(0.5), best_epoch=1),
        args=SimpleNamespace(seed=0, deterministic=False, resume=str(folder / "last.pt"), close_mosaic=0),
        train_loader=loader,
    )


class TestState:
    def test_state__of_this_checkpoint(self, tmp_path):
        trainer = fake_trainer(tmp_path)
        keep_state(trainer)
        kept, expected = trainer.model.weight.detach().clone(), torch.rand(1)
        with torch.no_grad():
            trainer.model.weight += 1
        trainer.stopper.best_fitness = 0.0
        go_on(trainer)
        assert torch.equal(trainer.model.weight, kept)
        assert torch.rand(1) == expected
        assert trainer.stopper.best_fitness == 0.5

    @pytest.mark.parametrize("other", ["epoch", "updates", "average"])
    def test_state__of_another_checkpoint_is_left_alone(self, tmp_path, other):
        trainer = fake_trainer(tmp_path)
        keep_state(trainer)
        with torch.no_grad():
            trainer.model.weight += 1
            trainer.ema.ema.weight += other == "average"
        trainer.start_epoch += other == "epoch"
        trainer.ema.updates += other == "updates"
        now = trainer.model.weight.detach().clone()
        go_on(trainer)
        assert torch.equal(trainer.model.weight, now)

    def test_state__runs_no_code(self, tmp_path):
        """A colleague could have written the file."""
        trainer = fake_trainer(tmp_path)
        torch.save({"epoch": 1, "averaged": Bomb(tmp_path / "went off")}, tmp_path / STATE)
        go_on(trainer)
        assert not (tmp_path / "went off").exists()

    def test_last_epoch__removed(self, tmp_path):
        keep_state(fake_trainer(tmp_path))
        assert (tmp_path / STATE).is_file()
        keep_state(fake_trainer(tmp_path, stop=True))
        assert list(tmp_path.iterdir()) == []

    def test_disk_full__training_goes_on(self, tmp_path, monkeypatch, caplog):
        keep_state(fake_trainer(tmp_path))

        def full(_, file):
            Path(file).write_bytes(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(resume.torch, "save", full)
        monkeypatch.setattr(resume.LOGGER, "propagate", True)
        keep_state(fake_trainer(tmp_path))
        assert list(tmp_path.iterdir()) == []
        assert "resume.pt cannot be written" in caplog.text
        assert "No space left" in caplog.text


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


class TestOtherNumbers:
    def test_without_a_state__other_numbers_than_at_the_start(self, tmp_path):
        """Ultralytics seeds a resumed training as its first epoch; order and augmentation would repeat."""

        def drawn(start):
            trainer = fake_trainer(tmp_path, start=start)
            go_on(trainer)
            numbers = random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002 - Ultralytics' own
            return *numbers, int(torch.randint(1 << 30, (1,), generator=trainer.train_loader.generator))

        one, other = drawn(2), drawn(3)
        assert one == drawn(2)
        assert all(a != b for a, b in zip(one, other, strict=True))

    def test_new_training__nothing_is_touched(self):
        go_on(SimpleNamespace(start_epoch=0))


class TestCutResults:
    @pytest.mark.parametrize(
        ("rows", "kept"),
        [
            ("1,1,0.1\n2,2,0.2\n", "1,1,0.1\n2,2,0.2\n"),
            ("1,1,0.1\n2,2,0.2\n3,3,0.3\n", "1,1,0.1\n2,2,0.2\n"),
            ("1,1,0.1\n2,2,0.2\n3,3", "1,1,0.1\n2,2,0.2\n"),
            ("1,1,0.1\n2,2,0.2\n2,5,0.25\n", "1,1,0.1\n2,5,0.25\n"),
            ("", ""),
        ],
    )
    def test_rows__one_for_each_epoch_of_the_checkpoint(self, tmp_path, rows, kept):
        file = tmp_path / "results.csv"
        file.write_text(HEAD + rows)
        cut_results(file, 2)
        assert file.read_text() == HEAD + kept

    def test_file__none_or_empty(self, tmp_path):
        cut_results(tmp_path / "results.csv", 2)
        assert list(tmp_path.iterdir()) == []
        (tmp_path / "results.csv").touch()
        cut_results(tmp_path / "results.csv", 2)
        assert (tmp_path / "results.csv").read_text() == ""
