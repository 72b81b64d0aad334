"""mAP50-95 of the three forms by the stock validator."""

import pytest
import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.utils import LOGGER

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

    def test_nms_given_up__no_figure(self, validation, lidd, monkeypatch, capfd):
        """A figure of detections that were left out would be wrong, whichever side it is on."""

        def val(*_, **__):
            LOGGER.info("another line")
            LOGGER.warning("WARNING NMS time limit 2.800s exceeded")

        monkeypatch.setattr(YOLO, "val", val)
        before = LOGGER.level, list(LOGGER.filters)
        with pytest.raises(TimeoutError, match="gave up NMS"):
            validation.of_folded(lidd)
        assert (LOGGER.level, LOGGER.filters) == before
        assert capfd.readouterr() == ("", "")

    @pytest.mark.trains
    def test_exported__by_its_own_file(self, validation, lidd, tmp_path):
        file = tmp_path / "best.torchscript"
        traced = torch.jit.trace(lidd.folded, torch.zeros(1, 3, 64, 64), strict=False, check_trace=False)
        metadata = (
            '{"stride": 32, "task": "detect", "batch": 1, "imgsz": [64, 64], "names": {"0": "dark", "1": "bright"}}'
        )
        traced.save(str(file), _extra_files={"config.txt": metadata})
        exported = validation.of_exported(file, "detect", 1)
        assert exported["box"] == pytest.approx(validation.of_folded(lidd)["box"], abs=1e-3)


FOUND = [  # xywh in pixels of 64, scores of both classes
    [32.0, 32, 38, 38, 0.6, 0],  # the first picture's object
    [32.0, 32, 20, 20, 0, 0.3],  # too small for the second's
    [32.0, 32, 37, 37, 0, 0.2],  # good, with a low score
]


class Fixed(nn.Module):
    """Finds the same in every picture."""

    def __init__(self):
        super().__init__()
        self.register_buffer("found", torch.tensor(FOUND).T[None])

    def forward(self, x):
        return self.found + 0 * x.mean()


class TestRecall:
    """Worked out by hand: class 0 is found above 0.25, class 1 only above 0.1."""

    @pytest.fixture
    def fixed(self, tmp_path):
        """A data set with an object of 38 pixels of 64 in each picture, and a file that finds `FOUND`."""
        yaml = generated_set(tmp_path)
        file = tmp_path / "best.torchscript"
        text = '{"stride": 32, "task": "detect", "batch": 1, "imgsz": [64, 64], "names": {"0": "a", "1": "b"}}'
        torch.jit.trace(Fixed(), torch.zeros(1, 3, 64, 64)).save(str(file), _extra_files={"config.txt": text})
        return Validation(yaml, "val", 64, tmp_path / "stage"), file

    @pytest.mark.parametrize(("conf", "recall"), [(0.1, {0: 1, 1: 1}), (0.25, {0: 1, 1: 0}), (0.7, {})])
    def test_exported__at_the_score(self, fixed, conf, recall):
        validation, file = fixed
        found = validation.recall_of_exported(file, "detect", 1, conf)["box"]
        assert {c: r for c, r in found.items() if r or c in recall} == pytest.approx(recall)

    def test_trained__not_folded(self, validation, lidd, monkeypatch):
        def val(model, **words):
            assert words["conf"] == 0.25
            assert any(isinstance(m, nn.BatchNorm2d) for m in model.model.fuse(verbose=False).modules())
            box = type("Box", (), {"r_curve": [[0.75, 0.0]], "ap_class_index": [1]})
            return type("Metrics", (), {"box": box})

        monkeypatch.setattr(YOLO, "val", val)
        assert validation.recall_of_trained(lidd, 0.25) == {"box": {1: 0.75}}

    def test_segment__masks_too(self, wlnet, tmp_path):
        found = Validation(generated_set(tmp_path), "val", 64, tmp_path / "stage").recall_of_trained(wlnet, 0.01)
        assert found.keys() == {"box", "mask"}


class TestLargestDifference:
    def test_boxes_and_masks(self):
        assert largest_difference({"box": 0.4, "mask": 0.5}, {"box": 0.41, "mask": 0.47}) == pytest.approx(0.03)


def generated_set(folder):
    """Write a segmentation set of two classes: a square with its outline in each picture."""
    outline = "0.2 0.2 0.8 0.2 0.8 0.8 0.2 0.8"
    return yolo_set(folder / "set", {f"{side}/{i}": f"{i} {outline}\n" for side in ("train", "val") for i in (0, 1)})
