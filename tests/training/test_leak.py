"""The leak of a data set is logged once before training, and nothing where it is unknown."""

import json
from types import SimpleNamespace

import pytest
import yaml
from ultralytics import YOLO

from lidd_yolo.cli.main import main
from lidd_yolo.data.groups.picture_groups import PictureGroups
from lidd_yolo.data.splits.report import SplitReport
from lidd_yolo.training.callbacks import known_leak, leak_message, log_leak
from lidd_yolo.training.trainers import LIDDTrainer, NWDDetectionTrainer, WLNetTrainer
from tests.helpers.tiny import write_tiny_data


@pytest.fixture
def logged(monkeypatch):
    """Lines that the module logs."""
    lines = []
    monkeypatch.setattr("lidd_yolo.training.callbacks.LOGGER", SimpleNamespace(info=lines.append))
    return lines


class TestLeakMessage:
    @pytest.mark.parametrize(
        ("leak", "line"),
        [
            ({"val": 0.0, "test": 0.0}, "leak 0.0 %"),
            ({"val": 0.714}, "leak 71 %: this figure measures memory"),
            ({"val": 0.5, "test": 0.5}, "leak 50 %: this figure measures memory"),
            ({"val": 0.0, "test": 0.964}, "leak val 0.0 %, test 96 %: this figure measures memory"),
            ({"val": 0.004}, "leak 0.4 %: this figure measures memory"),
        ],
    )
    def test_line(self, leak, line):
        assert leak_message(leak) == line


class TestKnownLeak:
    def data(self, folder, **keys):
        return {"path": folder, "train": str(folder / "images" / "train"), **keys}

    def test_yaml__first(self, tmp_path):
        (tmp_path / "split.json").write_text('{"leak": {"val": 0.5}}')
        assert known_leak(self.data(tmp_path, leak={"val": 0.25})) == {"val": 0.25}

    def test_split_json__of_the_converted_release(self, tmp_path):
        (tmp_path / "split.json").write_text('{"leak": {"val": 0.5}}')
        assert known_leak(self.data(tmp_path)) == {"val": 0.5}

    def test_split_json__not_of_another_split_of_its_pictures(self, tmp_path):
        (tmp_path / "split.json").write_text('{"leak": {"val": 0.5}}')
        assert known_leak({"path": tmp_path, "train": str(tmp_path / "my-train.txt")}) == {}

    @pytest.fixture
    def listed(self, tmp_path):
        """Half of val shows what b shows, none of it what a shows; the list has a alone."""
        groups = PictureGroups(("a", "b", "c", "d"), (0, 1, 1, 2))
        SplitReport.of(groups, {"train": ["a", "b"], "val": ["c", "d"]}).write(tmp_path)
        (tmp_path / "train-10.txt").write_text("./images/train/a\n")
        sides = {"train": str(tmp_path / "train-10.txt"), "val": str(tmp_path / "images" / "val")}
        return {"path": tmp_path, **sides}

    def test_list__leak_of_the_pictures_it_names(self, listed, tmp_path):
        assert known_leak(self.data(tmp_path)) == {"val": 0.5}
        assert known_leak(listed) == {"val": 0.0}
        (tmp_path / "train-10.txt").write_text("./images/train/b\n./images/val/d\n")
        assert known_leak(listed) == {"val": 1.0}

    def test_list__unknown_for_another_val_and_other_pictures(self, listed, tmp_path):
        assert known_leak({**listed, "val": str(tmp_path / "val.txt")}) == {}
        (tmp_path / "train-10.txt").write_text("./images/train/a\n./images/train/new\n")
        assert known_leak(listed) == {}

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"leak": 3}', '{"leak": {"val": "x"}}'])
    def test_damaged__unknown(self, tmp_path, text):
        (tmp_path / "split.json").write_text(text)
        assert known_leak(self.data(tmp_path)) == {}

    def test_nothing__unknown(self, tmp_path):
        assert known_leak(self.data(tmp_path)) == {}
        assert known_leak({}) == {}


class TestLogLeak:
    def test_known__one_line(self, logged):
        log_leak(SimpleNamespace(data={"leak": {"val": 0.71}}))
        assert logged == ["leak 71 %: this figure measures memory"]

    def test_unknown__silent(self, logged, tmp_path):
        log_leak(SimpleNamespace(data={"path": tmp_path}))
        assert logged == []

    def test_other_processes__silent(self, logged, monkeypatch):
        monkeypatch.setattr("lidd_yolo.training.callbacks.RANK", 1)
        log_leak(SimpleNamespace(data={"leak": {"val": 0.71}}))
        assert logged == []

    @pytest.mark.parametrize("trainer", [LIDDTrainer, NWDDetectionTrainer, WLNetTrainer])
    def test_trainers__call_it(self, trainer, tmp_path):
        data = write_tiny_data(tmp_path / "set")
        made = trainer(
            overrides={"model": "yolov8n.yaml", "data": str(data), "project": str(tmp_path), "device": "cpu"}
        )
        assert made.callbacks["on_pretrain_routine_end"].count(log_leak) == 1


class TestTraining:
    @pytest.mark.trains
    def test_split_by_lidd_data__logged_once(self, tmp_path, logged):
        """Groups by hand: the split is made by the command, the training reads its YAML."""
        data = write_tiny_data(tmp_path / "set")
        names = [f"images/{path.parent.name}/{path.name}" for path in data.parent.rglob("*.png")]
        (tmp_path / "groups.json").write_text(json.dumps({"pictures": {name: name for name in names}}))
        words = ["split", str(data), "--groups", str(tmp_path / "groups.json"), "--target", str(tmp_path / "out")]
        assert main(["data", *words, "--ratio", "2:1"]) == 0
        file = tmp_path / "out" / "data.yaml"
        assert yaml.safe_load(file.read_text())["leak"] == {"val": 0.0}
        arguments = {"epochs": 1, "imgsz": 64, "batch": 4, "device": "cpu", "plots": False, "val": False}
        YOLO("lidd.yaml").train(data=str(file), project=str(tmp_path), name="run", **arguments)
        assert logged == ["leak 0.0 %"]
