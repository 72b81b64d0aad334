"""Which trainer a model gets."""

import inspect

import pytest
import torch
import yaml
from ultralytics import YOLO
from ultralytics.engine.trainer import BaseTrainer
from ultralytics.nn.tasks import yaml_model_load
from ultralytics.utils import callbacks

from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.models.nwd import NWDDetectionModel
from lidd_yolo.models.wlnet import WLNetModel
from lidd_yolo.training.callbacks import train_channels_last
from lidd_yolo.training.trainers import LIDDTrainer, MaskRCNNTrainer, WLNetTrainer, part_for
from tests.helpers.generated import generated_data


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
    @pytest.mark.trains
    @pytest.mark.parametrize(
        ("name", "kind"),
        [("lidd.yaml", LIDDModel), ("wlnett.yaml", WLNetModel), ("yolov8n-nwd.yaml", NWDDetectionModel)],
    )
    def test_first_epoch__begins_again_with_half_the_batch(self, name, kind, tmp_path, monkeypatch):
        if "_oom_retries" not in inspect.getsource(BaseTrainer):
            pytest.skip("this release ends there")
        batches, data = [], generated_data(tmp_path)
        if "nwd" in name:
            network = {**yaml_model_load("yolov8n.yaml"), "lidd_yolo": {"nwd": True}}
            (tmp_path / name).write_text(yaml.safe_dump(network), encoding="utf-8")
            name = str(tmp_path / name)

        def once_too_large(model, batch, preds=None, loss=kind.loss):
            batches.append(len(batch["img"]))
            if len(batches) == 2:
                raise torch.cuda.OutOfMemoryError("CUDA out of memory")
            return loss(model, batch, preds)

        monkeypatch.setattr(kind, "loss", once_too_large)
        quiet = {"plots": False, "verbose": False, "workers": 0, "device": "cpu"}
        run = {"epochs": 1, "imgsz": 64, "batch": 4, "project": str(tmp_path), "name": "run"}
        net = YOLO(name)
        net.train(data=str(data), **run, **quiet)
        assert batches[:6] == [4, 4, 2, 2, 2, 2]
        trained = YOLO(tmp_path / "run/weights/best.pt").model
        assert type(trained) is kind
        assert all(value.isfinite().all() for value in trained.state_dict().values())
        if kind is not LIDDModel:
            assert 0 < trained.nwd.measured < 1
