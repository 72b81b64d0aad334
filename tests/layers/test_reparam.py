"""Folding rules on single convolutions, and on the three whole networks of the paper's table 2."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from ultralytics.nn.modules import Conv
from ultralytics.nn.modules.conv import Conv2

from lidd_yolo.layers.do_conv import DOConvBN
from lidd_yolo.layers.reparam import (
    BatchNormFoldable,
    Reparameterizable,
    batch_norm_scale_shift,
    center_kernel,
    conv_from_kernel,
    fold_all_batch_norm,
    fold_batch_norm,
    fold_conv_block,
    fold_conv_blocks,
    reparameterize_model,
)
from tests.helpers.checks import (
    TOLERANCE,
    assert_close_to_size,
    assert_fold_keeps_output,
    batch_norms,
    noise,
    num_params,
)
from tests.helpers.networks import baseline, lidd_net, with_cisb_net
from tests.helpers.randomise import randomise_batch_norm


def _known_batch_norm() -> nn.BatchNorm2d:
    """Return gamma 3, beta 1, mean 2, variance 4 (eps 0): scale 3 / 2 = 1.5, shift 1 - 1.5 * 2 = -2."""
    bn = nn.BatchNorm2d(1, eps=0.0).eval()
    for tensor, value in ((bn.weight, 3.0), (bn.bias, 1.0), (bn.running_mean, 2.0), (bn.running_var, 4.0)):
        tensor.data.fill_(value)
    return bn


class TestBatchNormScaleShift:
    def test_value__by_hand(self):
        scale, shift = batch_norm_scale_shift(_known_batch_norm())
        assert (scale.item(), shift.item()) == (1.5, -2.0)
        assert scale.dtype == torch.float64

    def test_statistics__missing(self):
        with pytest.raises(ValueError, match="running statistics"):
            batch_norm_scale_shift(nn.BatchNorm2d(1, track_running_stats=False))


class TestFoldBatchNorm:
    def test_value__without_bias(self):
        kernel, bias = fold_batch_norm(torch.tensor([[[[2.0]]]]), None, _known_batch_norm())
        assert (kernel.item(), bias.item()) == (3.0, -2.0)

    def test_value__with_bias(self):
        # scale * (2x + 10) + shift = 3x + 15 - 2
        kernel, bias = fold_batch_norm(torch.tensor([[[[2.0]]]]), torch.tensor([10.0]), _known_batch_norm())
        assert (kernel.item(), bias.item()) == (3.0, 13.0)

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
    def test_dtype__kept(self, dtype):
        kernel, bias = fold_batch_norm(torch.ones(1, 1, 1, 1, dtype=dtype), None, _known_batch_norm())
        assert kernel.dtype == bias.dtype == dtype

    def test_precision__tiny_variance(self):
        """The bias beta - gamma / sqrt(var + eps) * mean is exact to the last float32 digit."""
        bn = nn.BatchNorm2d(1, eps=1e-5)
        bn.running_var.fill_(1e-9)
        bn.running_mean.fill_(0.1)
        bn.bias.data.fill_(31.0)
        _, bias = fold_batch_norm(torch.ones(1, 1, 1, 1), None, bn)
        mean, variance = bn.running_mean.item(), bn.running_var.item()
        assert bias.item() == pytest.approx(31.0 - mean / (variance + 1e-5) ** 0.5, abs=1e-7)


class TestCenterKernel:
    def test_pad__1_to_3(self):
        padded = center_kernel(torch.tensor([[[[5.0]]]]), 3)
        assert padded.flatten().tolist() == [0, 0, 0, 0, 5, 0, 0, 0, 0]


class TestConvFromKernel:
    def test_forward__equals_functional(self):
        kernel, bias, x = noise(6, 2, 3, 3), noise(6, seed=1), noise(1, 4, 9, 8, seed=2)
        conv = conv_from_kernel(kernel, bias, stride=2, padding=2, dilation=2, groups=2)
        want = torch.nn.functional.conv2d(x, kernel, bias, 2, 2, 2, 2)
        assert torch.equal(conv(x), want)
        assert (conv.in_channels, conv.out_channels) == (4, 6)

    def test_kernel__is_a_copy(self):
        kernel = torch.ones(1, 1, 1, 1)
        conv = conv_from_kernel(kernel, None)
        kernel.zero_()
        assert conv.weight.item() == 1
        assert conv.bias is None


class TestFoldConvBlock:
    def test_output__kept(self):
        block = assert_fold_keeps_output(Conv(4, 6, 3, 2), fold_conv_block, 2, 4, 9, 8)
        assert not batch_norms(block)

    def test_second_call__reports_nothing(self):
        block = Conv(4, 6)
        assert fold_conv_block(block) is True
        assert fold_conv_block(block) is False

    def test_copy__of_folded_block_is_independent(self):
        block = randomise_batch_norm(Conv(4, 6), 0).eval()
        fold_conv_block(block)
        copy = deepcopy(block)
        copy.conv.weight.data.zero_()
        x = noise(1, 4, 3, 3)
        assert not torch.equal(copy(x), block(x))


class TestFoldConvBlocks:
    def test_count__skips_upstream_two_branch_block(self):
        model = nn.Sequential(Conv(4, 4), nn.Sequential(Conv(4, 4)), Conv2(4, 4, 3))
        assert fold_conv_blocks(model) == 2
        assert fold_conv_blocks(model) == 0
        assert len(batch_norms(model)) == 1


class TestProtocols:
    def test_instances__by_method(self):
        assert isinstance(DOConvBN(4, 4), Reparameterizable)
        assert not isinstance(DOConvBN(4, 4), BatchNormFoldable)
        assert not isinstance(Conv(4, 4), Reparameterizable)


class TestReparameterizeModel:
    def test_count__replaced_children_are_not_counted(self):
        model = nn.Sequential(DOConvBN(4, 4, 3), nn.ReLU(), DOConvBN(4, 4))
        assert reparameterize_model(model) == 2
        assert reparameterize_model(model) == 0

    @pytest.mark.parametrize(
        ("build", "trained", "merged", "folded"),
        [
            (baseline, 1_169_212, 1_169_212, 1_157_634),
            (with_cisb_net, 641_040, 620_304, 616_264),
            (lidd_net, 669_456, 628_368, 626_248),
        ],
    )
    def test_network__parameter_totals(self, build, trained, merged, folded):
        """The merged totals are the paper's table 2 (1.1718 M, 620.3 k, 628.7 k) up to its unexplained rest."""
        model = build()
        assert num_params(model) == trained
        reparameterize_model(model)
        assert num_params(model) == merged
        fold_all_batch_norm(model)
        assert num_params(model) == folded
        assert not batch_norms(model)

    @pytest.mark.parametrize("fold", [reparameterize_model, fold_all_batch_norm])
    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
    def test_network__output_kept(self, fold, dtype):
        model = randomise_batch_norm(lidd_net(), seed=3).to(dtype).eval()
        x = noise(1, 3, 192, 224, dtype=dtype)
        with torch.no_grad():
            want = model(x)
            assert fold(model) > 0
            got = model(x)
            assert fold(model) == 0
        assert max(w.std().item() for w in want) > 1e3 * TOLERANCE[dtype]
        for level_got, level_want in zip(got, want, strict=True):
            assert_close_to_size(level_got, level_want)
