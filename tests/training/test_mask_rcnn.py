"""Mask R-CNN through the stock trainer, validator and predictor."""

from pathlib import Path

import pytest
import torch
import yaml
from ultralytics import YOLO

from lidd_yolo.models.mask_rcnn import MASK_RCNN_LOSS_NAMES, MaskRCNNModel
from lidd_yolo.training.trainers import MaskRCNNTrainer
from tests.helpers.generated import generated_data
from tests.helpers.mask_rcnn_model import FEW, few_objects

SMALL = {"imgsz": 64, "batch": 2, "workers": 0, "device": "cpu", "plots": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mask-rcnn")


@pytest.fixture(scope="module")
def data(folder):
    """Four pictures to train with, one of them without an object."""
    file = generated_data(folder, train=4, val=2, size=64)
    next((folder / "data" / "labels" / "train").iterdir()).write_text("")
    return str(file)


@pytest.fixture(scope="module")
def trained(folder, data):
    """Stopped after the first of two epochs, and resumed."""
    (folder / "maskrcnn.yaml").write_text(yaml.safe_dump({k: v for k, v in few_objects().items() if k != "yaml_file"}))
    net = YOLO(folder / "maskrcnn.yaml")
    net.add_callback("on_model_save", _stop)
    with pytest.raises(KeyboardInterrupt):
        net.train(data=data, epochs=2, project=str(folder), name="run", **SMALL)
    resumed = YOLO(folder / "run" / "weights" / "last.pt")
    resumed.train(resume=True)
    return resumed.trainer


def _stop(_trainer):
    raise KeyboardInterrupt


@pytest.mark.trains
class TestMaskRCNNTrainer:
    def test_train__recipe_and_losses(self, trained):
        assert type(trained) is MaskRCNNTrainer
        assert (trained.epoch, trained.args.optimizer, trained.args.lr0, trained.args.nbs) == (1, "SGD", 0.02, 16)
        header, *rows = (trained.save_dir / "results.csv").read_text().replace(" ", "").splitlines()
        for side in ("train", "val"):
            assert ",".join(f"{side}/{name}" for name in MASK_RCNN_LOSS_NAMES) in header
        figures = [dict(zip(header.split(","), map(float, row.split(",")), strict=True)) for row in rows]
        assert len(figures) == 2
        assert all(row[f"val/{name}"] > 0 for row in figures for name in MASK_RCNN_LOSS_NAMES if name != "seg_loss")

    def test_checkpoint__val_and_predict(self, trained, data, folder):
        best = YOLO(trained.best)
        assert type(best.model) is MaskRCNNModel
        assert next(best.model.parameters()).dtype == torch.float32
        metrics = best.val(data=data, project=str(folder), name="val", **SMALL)
        assert 0 <= metrics.seg.map50 <= 1
        assert metrics.results_dict.keys() >= {"metrics/mAP50(M)", "metrics/mAP50(B)"}
        picture = next((Path(data).parent / "data" / "images" / "val").iterdir())
        (result,) = best.predict(picture, imgsz=64, conf=0.001, verbose=False, project=str(folder))
        assert len(result.boxes) <= FEW
        assert result.names == trained.data["names"]
