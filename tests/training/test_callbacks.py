"""What a trainer gives its network: classes, channels, names, weights."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.training.callbacks import objects_without_points, small_defects, warn_of_small_defects
from lidd_yolo.training.trainers import LIDDTrainer


def trainer(**args):
    data = {"nc": 2, "names": {0: "dark", 1: "bright"}, "channels": 1}
    return SimpleNamespace(data=data, args=SimpleNamespace(**args), network=LIDDModel)


class TestGetModel:
    @pytest.mark.parametrize("args", [{}, {"cls_remap": True}])
    def test_build__for_the_data_set(self, args):
        model = LIDDTrainer.get_model(trainer(**args), "lidd.yaml", verbose=False)
        assert model.head.nc == 2
        assert model.names == {0: "dark", 1: "bright"}
        assert model.model[0].conv.in_channels == 1

    def test_build__weights_that_fit(self):
        torch.manual_seed(1)
        source = LIDDModel("lidd.yaml", ch=1, nc=2, verbose=False)
        model = LIDDTrainer.get_model(trainer(), "lidd.yaml", source, verbose=False)
        assert all(torch.equal(a, b) for a, b in zip(source.parameters(), model.parameters(), strict=True))


class TestSmallObjects:
    def test_count__by_trying_every_point(self):
        rng = np.random.default_rng(0)
        labels = []
        for shape in ((100, 200), (64, 64), (300, 100)):
            size = rng.uniform(0.002, 0.2, (40, 2))
            labels.append({"bboxes": np.concatenate((rng.uniform(0.1, 0.9, (40, 2)), size), 1), "shape": shape})
        strides, imgsz, without = (8, 16, 32), 160, 0
        points = np.array(
            [((x + 0.5) * s, (y + 0.5) * s) for s in strides for x in range(160 // s) for y in range(160 // s)]
        )
        for label in labels:
            scale = imgsz / max(label["shape"])
            height, width = (scale * side for side in label["shape"])
            for x, y, w, h in label["bboxes"]:
                middle = (x * width + (imgsz - width) / 2, y * height + (imgsz - height) / 2)
                away = np.abs(points - middle) < (w * width / 2, h * height / 2)
                without += not away.all(1).any()
        assert 0 < without < 120
        assert objects_without_points(labels, imgsz, strides) == (without, 120)

    def test_no_labels(self):
        assert objects_without_points([], 64, (8,)) == (0, 0)


class TestSmallDefects:
    def labels(self, *sizes, shape=(640, 640)):
        """Return a picture with square objects of these sides in pixels."""
        height, width = shape
        boxes = [(0.5, 0.5, size / width, size / height) for size in sizes]
        return {"bboxes": np.array(boxes).reshape(-1, 4), "shape": shape}

    def test_small__tile_that_would_not_be(self):
        text = "median defect 5 px at imgsz=640: lidd data tile --tile 400 would make it 8 px"
        assert small_defects([self.labels(4, 5, 100)], 640) == text

    def test_small__in_pictures_that_are_shrunk(self):
        """20 pixels in a picture of 4000 are 3.2 at 640; in tiles of 1600 pixels they are 8."""
        text = "median defect 3.2 px at imgsz=640: lidd data tile --tile 1600 would make it 8 px"
        assert small_defects([self.labels(20, 20, shape=(3000, 4000)), self.labels()], 640) == text

    def test_small__below_the_smallest_tile(self):
        assert small_defects([self.labels(2)], 64) == "median defect 0.2 px at imgsz=64: use a larger imgsz"

    @pytest.mark.parametrize("sizes", [(), (8,), (8, 8, 1)])
    def test_not_small__nothing(self, sizes):
        assert small_defects([self.labels(*sizes)], 640) == ""
        assert small_defects([], 640) == ""

    def test_logged__as_a_warning_of_every_trainer_of_ours(self, monkeypatch):
        lines = []
        monkeypatch.setattr("lidd_yolo.training.callbacks.LOGGER", SimpleNamespace(warning=lines.append))
        loader = SimpleNamespace(dataset=SimpleNamespace(labels=[self.labels(5)]))
        warn_of_small_defects(SimpleNamespace(train_loader=loader, args=SimpleNamespace(imgsz=640)))
        assert [line[:18] for line in lines] == ["median defect 5 px"]
