"""The networks that an export is compared with: both forms, their outputs by name, and wrong files."""

import pytest
import torch
from torch import nn

from lidd_yolo.export.reference import load_reference, run_network
from tests.helpers.checkpoints import write_wlnet


class TestLoad:
    def test_forms__trained_and_folded(self, lidd):
        assert [m for m in lidd.trained.modules() if isinstance(m, nn.BatchNorm2d)]
        assert not [m for m in lidd.folded.modules() if isinstance(m, nn.BatchNorm2d)]
        assert (lidd.task, lidd.imgsz, lidd.stride, lidd.channels) == ("detect", 64, 32, 3)
        assert len(lidd.names) == 2

    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"best.pt: no such checkpoint"):
            load_reference(tmp_path / "best.pt")

    @pytest.mark.parametrize("name", ["best.onnx", "best.pt"])
    def test_no_checkpoint__said(self, tmp_path, name):
        file = tmp_path / name
        file.write_bytes(b"something else")
        with pytest.raises(ValueError, match=rf"{name}: (a checkpoint ends in .pt|not a checkpoint of Ultralytics)"):
            load_reference(file)

    def test_other_task__refused(self, tmp_path):
        file = write_wlnet(tmp_path / "best.pt")
        content = torch.load(file, weights_only=False)
        content["model"].task = content["train_args"]["task"] = "pose"
        torch.save(content, file)
        with pytest.raises(ValueError, match=r"task=pose; certificates are for detect and segment"):
            load_reference(file)


class TestParts:
    def test_detect__boxes_and_scores(self, lidd):
        output = torch.arange(6.0).view(1, 6, 1)
        parts = lidd.parts([output])
        assert {name: part.flatten().tolist() for name, part in parts.items()} == {
            "boxes": [0, 1, 2, 3],
            "scores": [4, 5],
        }

    def test_segment__coefficients_and_prototypes_too(self, wlnet):
        parts = wlnet.parts([torch.zeros(2, 4 + 2 + 32, 5), torch.zeros(2, 32, 8, 8)])
        assert [tuple(part.shape) for part in parts.values()] == [(2, 4, 5), (2, 2, 5), (2, 32, 5), (2, 32, 8, 8)]

    def test_wrong_shape__said(self, lidd, wlnet):
        with pytest.raises(ValueError, match="are not those of detect"):
            lidd.parts([torch.zeros(1, 7, 5)])
        with pytest.raises(ValueError, match="are not those of segment"):
            wlnet.parts([torch.zeros(1, 38, 5)])


class TestRun:
    def test_batch__picture_by_picture(self, wlnet):
        x = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        together = run_network(wlnet.trained, x)
        assert [tuple(output.shape) for output in together] == [(3, 38, 84), (3, 32, 16, 16)]
        alone = run_network(wlnet.trained, x[1:2])
        assert all(torch.equal(a[1:2], b) for a, b in zip(together, alone, strict=True))
