"""Finishing a checkpoint: nothing lost but the training branch, and small."""

import pytest
import torch
from torch import nn
from ultralytics import YOLO

from lidd_yolo.training.callbacks import finish_checkpoint, share_storage


class TestShareStorage:
    def test_share_storage__same_values_one_storage_for_each_type(self):
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))
        before = {name: t.clone() for name, t in model.state_dict().items()}
        share_storage(model)
        for name, tensor in model.state_dict().items():
            assert torch.equal(tensor, before[name])
        assert len({t.untyped_storage().data_ptr() for t in model.state_dict().values()}) == 2  # float32 and int64

    def test_share_storage__still_trains(self):
        model = nn.Linear(2, 1)
        share_storage(model)
        model(torch.ones(1, 2)).sum().backward()
        before = model.weight.detach().clone()
        torch.optim.SGD(model.parameters(), lr=1.0).step()
        torch.testing.assert_close(model.weight.detach(), before - 1)


class TestFinishCheckpoint:
    @pytest.fixture
    def model(self):
        return YOLO("lidd.yaml", verbose=False).model.half()

    @pytest.mark.trains
    def test_finish_checkpoint__keeps_everything_else(self, model, tmp_path):
        file = tmp_path / "last.pt"
        torch.save({"model": None, "ema": model, "epoch": 3}, file)
        finish_checkpoint(file)
        after = torch.load(file, weights_only=False)
        assert after["epoch"] == 3
        assert after["ema"].head.latm is None
        kept = {k: v for k, v in model.state_dict().items() if ".latm." not in k}
        assert after["ema"].state_dict().keys() == kept.keys()
        assert all(torch.equal(v, kept[k]) for k, v in after["ema"].state_dict().items())
        assert file.stat().st_size < 1_600_000
        assert [f.name for f in tmp_path.iterdir()] == ["last.pt"]

    def test_finish_checkpoint__foreign_file_untouched(self, tmp_path):
        file = tmp_path / "other.pt"
        torch.save({"model": nn.Linear(1, 1)}, file)
        before = file.read_bytes()
        finish_checkpoint(file)
        assert file.read_bytes() == before
