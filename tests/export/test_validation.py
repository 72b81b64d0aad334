"""mAP50-95 of the three forms by the stock validator."""

import pytest
import torch
from torch import nn
from ultralytics import YOLO

from lidd_yolo.export.validation import Validation, largest_difference
from tests.helpers.folders import tree, yolo_set


@pytest.fixture
def validation(tiny_yaml, tmp_path):
    return Validation(tiny_yaml, "val", 64, tmp_path / "stage")


class TestValidation:
    def test_trained__not_folded(self, validation, lidd, monkeypatch):
        """The network that the validator runs still has its batch normalisations; of the folded one none is left."""
        seen = []

        def val(model, **words):
            assert (words["rect"], words["imgsz"], words["split"]) == (False, 64, "val")
            network = model.model.fuse(verbose=False)
            seen.append(sum(isinstance(m, nn.BatchNorm2d) for m in network.modules()))
            return type("Metrics", (), {"box": type("Box", (), {"map": 0.5})})

        monkeypatch.setattr(YOLO, "val", val)
        assert validation.of_trained(lidd) == {"box": 0.5}
        assert validation.of_folded(lidd) == {"box": 0.5}
        assert seen[0] > 0
        assert seen[1] == 0

    def test_figures__of_the_stock_validator(self, validation, lidd, tiny_yaml, tmp_path):
        before = tree(lidd.weights.parent)
        trained, folded = validation.of_trained(lidd), validation.of_folded(lidd)
        words = {"imgsz": 64, "rect": False, "device": "cpu", "workers": 0, "plots": False, "project": str(tmp_path)}
        stock = YOLO(lidd.weights).val(data=str(tiny_yaml), **words)
        assert folded["box"] == pytest.approx(float(stock.box.map), abs=1e-9)
        assert trained["box"] == pytest.approx(folded["box"], abs=1e-3)
        assert tree(lidd.weights.parent) == before

    def test_segment__boxes_and_masks(self, wlnet, tmp_path):
        pictures = generated_set(tmp_path)
        found = Validation(pictures, "val", 64, tmp_path / "stage").of_folded(wlnet)
        assert found.keys() == {"box", "mask"}
        assert all(0 <= value <= 1 for value in found.values())

    def test_exported__by_its_own_file(self, validation, lidd, tmp_path):
        file = tmp_path / "best.torchscript"
        traced = torch.jit.trace(lidd.folded, torch.zeros(1, 3, 64, 64), strict=False, check_trace=False)
        metadata = (
            '{"stride": 32, "task": "detect", "batch": 1, "imgsz": [64, 64], "names": {"0": "dark", "1": "bright"}}'
        )
        traced.save(str(file), _extra_files={"config.txt": metadata})
        exported = validation.of_exported(file, "detect", 1)
        assert exported["box"] == pytest.approx(validation.of_folded(lidd)["box"], abs=1e-3)


class TestLargestDifference:
    def test_boxes_and_masks(self):
        assert largest_difference({"box": 0.4, "mask": 0.5}, {"box": 0.41, "mask": 0.47}) == pytest.approx(0.03)


def generated_set(folder):
    """Write a segmentation set of two classes: a square with its outline in each picture."""
    outline = "0.2 0.2 0.8 0.2 0.8 0.8 0.2 0.8"
    return yolo_set(folder / "set", {f"{side}/{i}": f"{i} {outline}\n" for side in ("train", "val") for i in (0, 1)})
