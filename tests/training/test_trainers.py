"""Which trainer a model gets."""

import inspect

import pytest
import torch
from ultralytics import YOLO
from ultralytics.engine.trainer import BaseTrainer
from ultralytics.utils import callbacks

from lidd_yolo.models.criterion import LIDDCriterion
from lidd_yolo.training.callbacks import train_channels_last
from lidd_yolo.training.trainers import LIDDTrainer, MaskRCNNTrainer, WLNetTrainer, part_for


class TestPartFor:
    def test_part_for__ours_and_stock(self):
        ours = YOLO("lidd.yaml", verbose=False).model
        assert part_for(ours, "trainer") is LIDDTrainer
        assert part_for(ours, "validator") is None
        assert part_for(YOLO("wlnetn.yaml", verbose=False).model, "trainer") is WLNetTrainer
        assert part_for(YOLO("maskrcnn.yaml", verbose=False).model, "trainer") is MaskRCNNTrainer
        assert part_for(YOLO("yolov8n.yaml", verbose=False).model, "trainer") is None


class TestOurTrainer:
    @pytest.mark.parametrize("trainer", [LIDDTrainer, WLNetTrainer])
    def test_channels_last__registered_once_beside_a_callback_of_the_user(self, trainer, tiny_yaml, tmp_path):
        """`lidd compare` registers it for every network."""
        given = {**callbacks.get_default_callbacks(), "on_train_start": [train_channels_last]}
        arguments = {"model": "lidd.yaml", "data": str(tiny_yaml), "project": str(tmp_path), "device": "cpu"}
        made = trainer(overrides=arguments, _callbacks=given)
        assert made.callbacks["on_train_start"].count(train_channels_last) == 1


class TestOutOfMemory:
    def test_first_epoch__begins_again_with_half_the_batch(self, tiny_yaml, tmp_path, monkeypatch):
        if "_oom_retries" not in inspect.getsource(BaseTrainer):
            pytest.skip("this release ends there")
        batches = []

        def once_too_large(criterion, preds, batch, loss=LIDDCriterion.__call__):
            batches.append(len(batch["img"]))
            if len(batches) == 2:
                raise torch.cuda.OutOfMemoryError("CUDA out of memory")
            return loss(criterion, preds, batch)

        monkeypatch.setattr(LIDDCriterion, "__call__", once_too_large)
        quiet = {"plots": False, "verbose": False, "workers": 0, "device": "cpu"}
        run = {"epochs": 1, "imgsz": 64, "batch": 4, "project": str(tmp_path), "name": "run"}
        net = YOLO("lidd.yaml")
        net.train(data=str(tiny_yaml), **run, **quiet)
        assert batches[:6] == [4, 4, 2, 2, 2, 2]
        assert (tmp_path / "run/weights/best.pt").is_file()
