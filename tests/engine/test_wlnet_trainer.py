"""WLNet trains on generated pictures with outlines, and its checkpoint predicts masks."""

from pathlib import Path

from ultralytics import YOLO

from lidd_yolo.engine.wlnet_trainer import WLNetTrainer
from lidd_yolo.models.wlnet import WLNetModel
from tests.helpers.generated import generated_data


class TestWLNetTrainer:
    def test_train__then_fine_tune_and_predict(self, tmp_path):
        data = generated_data(tmp_path)
        arguments = {"data": str(data), "epochs": 1, "imgsz": 64, "batch": 4, "device": "cpu", "plots": False}
        model = YOLO("wlnetn.yaml")
        model.train(**arguments, project=str(tmp_path), name="run")
        assert type(model.trainer) is WLNetTrainer
        best = Path(model.trainer.best)
        again = YOLO(best)
        assert type(again.model) is WLNetModel
        again.train(**arguments, project=str(tmp_path), name="again")
        assert type(again.trainer) is WLNetTrainer
        image = next((tmp_path / "data" / "images" / "val").iterdir())
        (result,) = YOLO(best).predict(image, imgsz=64, conf=1e-6, verbose=False)
        assert len(result.boxes) > 0
        assert result.masks.data.shape[0] == len(result.boxes)
