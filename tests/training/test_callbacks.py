"""What a trainer gives its network: classes, channels, names, weights."""

from types import SimpleNamespace

import pytest
import torch

from lidd_yolo.models.lidd import LIDDModel
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
