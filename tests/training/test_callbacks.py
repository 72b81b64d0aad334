"""What a trainer gives its network: classes, channels, names, weights."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.training.callbacks import objects_without_points
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
