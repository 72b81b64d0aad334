"""What an export is compared with: both forms of a network, wrong files, and the pictures."""

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from ultralytics.data.augment import LetterBox

from lidd_yolo.errors import InputError
from lidd_yolo.export.reference import choose_pictures, load_reference, read_input, run_network
from tests.helpers.checkpoints import write_wlnet
from tests.helpers.folders import picture


class TestLoad:
    def test_forms__trained_and_folded(self, lidd):
        assert [m for m in lidd.trained.modules() if isinstance(m, nn.BatchNorm2d)]
        assert not [m for m in lidd.folded.modules() if isinstance(m, nn.BatchNorm2d)]
        assert (lidd.task, lidd.imgsz, lidd.stride, lidd.channels) == ("detect", 64, 32, 3)
        assert len(lidd.names) == 2

    def test_missing(self, tmp_path):
        with pytest.raises(InputError, match=r"best.pt: no such checkpoint"):
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


class TestChoose:
    def test_spread__over_the_whole_split(self, tiny):
        names = [file.stem for file in choose_pictures(tiny, "train", 4)]
        assert names == ["1", "3", "5", "7"]  # of 0 to 7, the middle of each quarter

    def test_more_than_there_are__all(self, tiny):
        assert choose_pictures(tiny, "val", 99) == list(tiny.pictures["val"])

    @pytest.mark.parametrize(("split", "count", "told"), [("test", 4, "no pictures in test"), ("val", 0, "1 or more")])
    def test_none__says_why(self, tiny, split, count, told):
        with pytest.raises(ValueError, match=told):
            choose_pictures(tiny, split, count)


class TestRead:
    def test_colour__rgb_between_0_and_1(self, tmp_path):
        pixels = np.zeros((4, 4, 3), np.uint8)
        pixels[..., 0] = 255  # OpenCV's order begins with blue
        file = tmp_path / "blue.png"
        assert cv2.imwrite(str(file), pixels)
        (read,) = read_input([file], (4, 4))
        assert read.dtype == torch.float32
        assert read.mean((1, 2)).tolist() == [0, 0, 1]

    def test_wide__grey_border_above_and_below(self, tmp_path):
        read = read_input([picture(tmp_path / "wide.png", 20, 10, value=255)], (40, 40))
        assert read.shape == (1, 3, 40, 40)
        assert read[0, :, 10:30].min() == 1
        border = torch.cat((read[0, :, :10], read[0, :, 30:]), 1)
        assert border.unique().tolist() == pytest.approx([114 / 255])

    def test_values__as_the_predictor_of_ultralytics(self, pictures):
        got = read_input(pictures, (32, 64))
        for file, one in zip(pictures, got, strict=True):
            want = LetterBox((32, 64))(image=cv2.imread(str(file)))[..., ::-1].transpose(2, 0, 1) / 255
            np.testing.assert_allclose(one, want, atol=1e-6)

    def test_grey__one_channel(self, pictures):
        assert read_input(pictures[:1], (64, 64), channels=1).shape == (1, 1, 64, 64)

    def test_damaged__named(self, tmp_path):
        file = tmp_path / "cut.png"
        file.write_bytes(b"\x89PNG")
        with pytest.raises(ValueError, match=r"cut.png: it cannot be decoded"):
            read_input([file], (64, 64))
