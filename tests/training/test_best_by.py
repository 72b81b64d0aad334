"""``best_by: recall@false-alarms``: the figure by hand, and trainings whose best checkpoint has most of it."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from ultralytics import YOLO

from lidd_yolo.models.options import most_false_alarms
from lidd_yolo.training.best_by import recall_at
from tests.helpers.tiny import write_tiny_data

ROOT = Path(__file__).resolve().parents[2]
SCORES = [np.array([0.9, 0.3]), np.array([0.6]), np.array([0.8, 0.1]), np.array([0.5])]
CORRECT = [np.array([1, 0]), np.array([1]), np.array([0, 0]), np.array([0])]
LABELS = [1, 2, 0, 0]


class TestOption:
    @pytest.mark.parametrize(
        ("text", "share"), [("map", None), ("recall@false-alarms=1%", 0.01), ("recall@false-alarms=0.5%", 0.005)]
    )
    def test_share(self, text, share):
        assert most_false_alarms(text) == share

    @pytest.mark.parametrize("text", ["recall", "recall@false-alarms=1", "recall@false-alarms=100%", "mAP", 1, None])
    def test_unknown(self, text):
        with pytest.raises(ValueError, match="best_by"):
            most_false_alarms(text)


class TestRecallAt:
    @pytest.mark.parametrize(
        ("share", "good", "recall"),
        [
            (0.0, 2, 1 / 3),  # threshold 0.8: the detection of 0.9 alone
            (0.5, 2, 2 / 3),  # 0.5: that of 0.6 too
            (0.25, 4, 2 / 3),  # two good pictures more, without a detection and without a row
            (0.5, 4, 2 / 3),  # 0: every detection counts, and one label has none
        ],
    )
    def test_by_hand(self, share, good, recall):
        assert recall_at(SCORES, CORRECT, LABELS, good=good, share=share) == pytest.approx(recall)

    def test_nothing_labelled(self):
        assert recall_at([np.zeros(0)], [np.zeros(0)], [0], good=1, share=0.1) == 0.0


def with_good_pictures(folder, count):
    file = write_tiny_data(folder, size=64, train=4, val=2)
    for number in range(count):
        cv2.imwrite(str(folder / "images" / "val" / f"good{number}.png"), np.full((64, 64, 3), 120, np.uint8))
    return file


def train(model, task, data, folder):
    """Train for two epochs by a YAML that asks for the figure; return the trainer."""
    source = yaml.safe_load((ROOT / "cfg" / "models" / model.replace("wlnetn", "wlnet")).read_text(encoding="utf-8"))
    source["lidd_yolo"] = {**(source.get("lidd_yolo") or {}), "best_by": "recall@false-alarms=50%"}
    file = folder / model
    file.write_text(yaml.safe_dump(source, sort_keys=False))
    network = YOLO(file, task=task)
    words = {"data": str(data), "imgsz": 64, "epochs": 2, "batch": 2, "workers": 0, "device": "cpu", "plots": True}
    network.train(**words, project=str(folder), name="run", verbose=False)
    return network.trainer


@pytest.mark.trains
class TestTraining:
    @pytest.mark.parametrize(("model", "task"), [("lidd.yaml", "detect"), ("wlnetn.yaml", "segment")])
    def test_best__has_most_recall(self, model, task, tmp_path):
        data = with_good_pictures(tmp_path / "set", 2)
        if task == "segment":
            for label in (tmp_path / "set" / "labels").rglob("*.txt"):
                rows = [line.split() for line in label.read_text().splitlines()]
                label.write_text("\n".join(outline(*row) for row in rows))
        trainer = train(model, task, data, tmp_path)
        with (tmp_path / "run" / "results.csv").open() as file:
            rows = list(csv.DictReader(file))
        recalls = [float(row["recall@false-alarms=50%"]) for row in rows]
        assert len(recalls) == 2
        assert all(0 <= recall <= 1 for recall in recalls)
        assert trainer.best_fitness == pytest.approx(max(recalls), abs=1e-5)
        assert (tmp_path / "run" / "results.png").is_file()
        assert torch.load(trainer.best, weights_only=False)["model"].yaml["lidd_yolo"]["best_by"].startswith("recall")

    def test_no_good_picture__said_before_the_first_epoch(self, tmp_path):
        with pytest.raises(ValueError, match="best_by: recall@false-alarms=50% needs good pictures in val"):
            train("lidd.yaml", "detect", with_good_pictures(tmp_path / "set", 0), tmp_path)


def outline(c, *box):
    x, y, w, h = map(float, box)
    corners = [(x - w / 2, y - h / 2), (x + w / 2, y - h / 2), (x + w / 2, y + h / 2), (x - w / 2, y + h / 2)]
    return " ".join([c, *(f"{value:.6f}" for corner in corners for value in corner)])
