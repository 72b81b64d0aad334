"""ShuffleUnit against torchvision's ShuffleNetV2."""

import pytest
import torch
from torch import nn
from torchvision.models import shufflenet_v2_x1_0
from torchvision.models.shufflenetv2 import InvertedResidual
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.reparam import fold_all_batch_norm
from lidd_yolo.layers.shuffle_net import ShuffleUnit
from tests.helpers.checks import (
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    noise,
    num_params,
)
from tests.helpers.networks import shuffle_net
from tests.helpers.randomise import randomise_batch_norm


class TestShuffleUnit:
    @pytest.mark.parametrize(("c1", "s", "size"), [(8, 1, (7, 5)), (8, 2, (4, 3)), (6, 2, (4, 3))])
    def test_forward__shape(self, c1, s, size):
        assert ShuffleUnit(c1, 8, s)(noise(2, c1, 7, 5)).shape == (2, 8, *size)

    @pytest.mark.parametrize(("c1", "s"), [(8, 1), (6, 2)])
    def test_forward__equals_torchvision(self, monkeypatch, c1, s):
        monkeypatch.setattr(Conv, "default_act", nn.ReLU())
        unit = ShuffleUnit(c1, 8, s).eval()
        reference = randomise_batch_norm(InvertedResidual(c1, 8, s), seed=0).eval()
        values = reference.state_dict().values()
        unit.load_state_dict(dict(zip(unit.state_dict(), values, strict=True)))
        x = noise(2, c1, 7, 5)
        torch.testing.assert_close(unit(x), reference(x))

    def test_parameters__stages_as_torchvision(self):
        reference = shufflenet_v2_x1_0(weights=None)
        want = [num_params(stage) for stage in (reference.stage2, reference.stage3, reference.stage4)]
        assert [num_params(stage) for stage in shuffle_net()] == want

    @pytest.mark.parametrize(
        ("args", "message"),
        [((8, 7, 2), "must be even"), ((8, 8, 3), "strides 1 and 2, got 3"), ((8, 16, 1), "keeps its channels")],
    )
    def test_arguments__refused(self, args, message):
        with pytest.raises(ValueError, match=message):
            ShuffleUnit(*args)

    @pytest.mark.parametrize(("c1", "s"), [(8, 1), (6, 2)])
    def test_fold__keeps_output(self, c1, s):
        assert_fold_keeps_output(ShuffleUnit(c1, 8, s), fold_all_batch_norm, 2, c1, 7, 5)

    @pytest.mark.parametrize(("c1", "s"), [(8, 1), (6, 2)])
    def test_gradient__reaches_every_parameter(self, c1, s):
        assert_every_parameter_learns(ShuffleUnit(c1, 8, s), noise(2, c1, 7, 5))

    @pytest.mark.parametrize(("c1", "s"), [(8, 1), (6, 2)])
    def test_export__parity(self, c1, s):
        assert_exports(ShuffleUnit(c1, 8, s), noise(1, c1, 7, 5))
