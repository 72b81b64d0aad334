"""Training with NWD: the constant is measured once, kept by the checkpoint, and measured again on other data."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ultralytics import YOLO

from lidd_yolo.models.nwd import NWDDetectionModel
from lidd_yolo.models.wlnet import WLNetModel
from lidd_yolo.training.trainers import NWDDetectionTrainer, WLNetTrainer, mean_relative_size
from tests.helpers.generated import generated_data
from tests.helpers.tiny import write_tiny_data
from tests.models.test_nwd import stock_yaml


def labels(shape, *sizes):
    return {"shape": shape, "bboxes": np.array([[0.5, 0.5, w, h] for w, h in sizes], np.float32).reshape(-1, 4)}


class TestMeanRelativeSize:
    def test_value__by_hand(self):
        """100 x 200 picture: box of 50 x 20 px; 100 x 100: boxes of 10 x 40 and 90 x 10 px, and one without."""
        data = SimpleNamespace(
            labels=[
                labels((100, 200), (50 / 200, 20 / 100)),
                labels((100, 100), (0.1, 0.4), (0.9, 0.1)),
                labels((64, 64)),
            ]
        )
        want = (math.sqrt(50 * 20) / 200 + math.sqrt(10 * 40) / 100 + math.sqrt(90 * 10) / 100) / 3
        assert mean_relative_size(data) == pytest.approx(want, rel=1e-6)

    def test_value__data_sets_joined(self):
        parts = [SimpleNamespace(labels=[labels((10, 10), (s, s))]) for s in (0.2, 0.4)]
        assert mean_relative_size(SimpleNamespace(datasets=parts)) == pytest.approx(0.3)

    @pytest.mark.parametrize("found", [[], [labels((64, 64))]])
    def test_value__no_box_to_measure(self, found):
        with pytest.raises(ValueError, match="train has none; give it a number"):
            mean_relative_size(SimpleNamespace(labels=found))


def measured(file):
    return torch.load(file, map_location="cpu", weights_only=False)["model"].nwd.measured


class TestWLNetTrainer:
    @pytest.mark.trains
    def test_train__then_fine_tune_and_predict(self, tmp_path):
        data = generated_data(tmp_path)
        arguments = {"data": str(data), "epochs": 1, "imgsz": 64, "batch": 4, "device": "cpu", "plots": False}
        model = YOLO("wlnetn.yaml")
        model.train(**arguments, project=str(tmp_path), name="run")
        assert type(model.trainer) is WLNetTrainer
        assert model.trainer.args.optimizer == "SGD"
        assert model.trainer.model.model[0].conv.weight.is_contiguous(memory_format=torch.channels_last)
        best = Path(model.trainer.best)
        assert YOLO(best).model.model[0].conv.weight.is_contiguous()
        first = measured(best)
        assert first == mean_relative_size(model.trainer.train_loader.dataset)
        again = YOLO(best)
        assert type(again.model) is WLNetModel
        other = generated_data(tmp_path / "other", seed=5)
        again.train(**{**arguments, "data": str(other)}, project=str(tmp_path), name="again")
        assert type(again.trainer) is WLNetTrainer
        assert measured(again.trainer.best) != first
        image = next((tmp_path / "data" / "images" / "val").iterdir())
        (result,) = YOLO(best).predict(image, imgsz=64, conf=1e-6, verbose=False)
        assert len(result.boxes) > 0
        assert result.masks.data.shape[0] == len(result.boxes)

    @pytest.mark.trains
    def test_resume__keeps_the_constant(self, tmp_path):
        """Stopped after its first epoch; the labels then change, the constant does not."""
        data = generated_data(tmp_path)
        model = YOLO("wlnetn.yaml")
        model.add_callback("on_model_save", _stop)
        with pytest.raises(KeyboardInterrupt):
            model.train(
                data=str(data),
                epochs=2,
                imgsz=64,
                batch=4,
                device="cpu",
                plots=False,
                val=False,
                project=str(tmp_path),
                name="run",
            )
        last = tmp_path / "run" / "weights" / "last.pt"
        before = torch.load(last, map_location="cpu", weights_only=False)["ema"].nwd.measured
        for file in (tmp_path / "data" / "labels" / "train").glob("*.txt"):
            file.write_text("0 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9\n", encoding="utf-8")
        for cache in (tmp_path / "data" / "labels").glob("*.cache"):
            cache.unlink()
        resumed = YOLO(last)
        resumed.train(resume=True)
        assert resumed.trainer.epoch == 1
        assert measured(resumed.trainer.last) == before
        assert mean_relative_size(resumed.trainer.train_loader.dataset) > before


def _stop(_trainer):
    raise KeyboardInterrupt


class TestStockRows:
    @pytest.mark.trains
    def test_train__yolov8_with_nwd(self, tmp_path):
        data = write_tiny_data(tmp_path / "data")
        model = YOLO(stock_yaml("yolov8", {"nwd": {"iou_weight": 0.5}}, tmp_path))
        assert type(model.model) is NWDDetectionModel
        model.train(
            data=str(data),
            epochs=1,
            imgsz=64,
            batch=4,
            device="cpu",
            plots=False,
            project=str(tmp_path),
            name="run",
        )
        assert type(model.trainer) is NWDDetectionTrainer
        assert measured(model.trainer.best) == mean_relative_size(model.trainer.train_loader.dataset)
        assert type(YOLO(model.trainer.best).model) is NWDDetectionModel
