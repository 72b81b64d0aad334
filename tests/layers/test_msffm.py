"""MSFFM: its branches one by one, counts, folding."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.msffm import MSFFM, SharedDilatedConv
from lidd_yolo.layers.reparam import fold_all_batch_norm
from tests.helpers.checks import (
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    batch_norms,
    noise,
    num_params,
)
from tests.helpers.randomise import randomise_batch_norm


def _dilated_by_loops(x: torch.Tensor, kernel: torch.Tensor, rate: int) -> torch.Tensor:
    """Correlate one map ``(H, W)`` with a 3x3 kernel whose taps are ``rate`` apart, zeros outside."""
    h, w = x.shape
    out = torch.zeros_like(x)
    for i in range(h):
        for j in range(w):
            for a in range(3):
                for b in range(3):
                    y, z = i + (a - 1) * rate, j + (b - 1) * rate
                    if 0 <= y < h and 0 <= z < w:
                        out[i, j] += kernel[a, b] * x[y, z]
    return out


class TestSharedDilatedConv:
    def test_forward__equals_loops(self, monkeypatch):
        monkeypatch.setattr(Conv, "default_act", nn.LeakyReLU(0.1))
        layer = randomise_batch_norm(SharedDilatedConv(2).double(), seed=0).eval()
        x = noise(1, 2, 5, 4, dtype=torch.float64)
        want = torch.zeros_like(x)
        for rate, bn in zip((1, 2, 3), layer.bns, strict=True):
            maps = [_dilated_by_loops(x[0, c], layer.weight[c, 0].detach(), rate) for c in range(2)]
            response = bn(torch.stack(maps)[None])
            want += torch.where(response > 0, response, 0.1 * response)
        torch.testing.assert_close(layer(x), want, rtol=0, atol=1e-12)

    def test_parameters__kernel_shared_then_not(self):
        """Shared: one kernel and three affine pairs. Folded: three kernels and three biases."""
        layer = SharedDilatedConv(8)
        assert num_params(layer) == 9 * 8 + 3 * 2 * 8
        assert layer.fold_batch_norm() is True
        assert num_params(layer) == 3 * (9 * 8 + 8)
        assert layer.fold_batch_norm() is False

    def test_fold__keeps_output(self):
        layer = assert_fold_keeps_output(SharedDilatedConv(8), SharedDilatedConv.fold_batch_norm, 2, 8, 7, 5)
        assert not batch_norms(layer)
        assert [c.dilation for c in layer.convs] == [(1, 1), (2, 2), (3, 3)]

    def test_gradient__reaches_every_parameter(self):
        assert_every_parameter_learns(SharedDilatedConv(8), noise(2, 8, 7, 5))


class TestMSFFM:
    @pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 5), (15, 15)])
    def test_forward__shape(self, size):
        assert MSFFM(32, 32).eval()(noise(2, 32, *size)).shape == (2, 32, *size)

    def test_forward__is_the_sum_of_its_branches(self):
        block = randomise_batch_norm(MSFFM(16, 16).double(), seed=0).eval()
        x = noise(2, 16, 5, 4, dtype=torch.float64)
        pooled = F.avg_pool2d(x[:, :, :4], 2)
        last_row = (x[:, :, 4:, 0::2] + x[:, :, 4:, 1::2]) / 2  # an incomplete window averages what it holds
        pooled = torch.cat((pooled, last_row), 2)
        squeezed = F.conv2d(pooled, block.squeeze.conv.kernel(), padding=1)
        squeezed = block.squeeze.act(block.squeeze.bn(squeezed))
        context = squeezed.repeat_interleave(2, 2).repeat_interleave(2, 3)[:, :, :5, :4]
        want = x + block.dilated(x) + F.conv2d(context, block.restore.weight)
        torch.testing.assert_close(block(x), want, rtol=0, atol=1e-12)

    def test_parameters__exact(self):
        block = MSFFM(256, 256)
        assert num_params(block) == 65_568
        assert block.reparameterize() is True
        assert num_params(block) == 44_832
        assert block.reparameterize() is False

    def test_parameters__all_batch_norm_folded(self):
        """Two more 9 * 256 kernels, 3 * 256 + 16 biases instead of twice as many affine parameters."""
        block = MSFFM(256, 256)
        fold_all_batch_norm(block)
        assert num_params(block) == 44_832 + 2 * 9 * 256 - 3 * 256 - 16
        assert not batch_norms(block)

    @pytest.mark.parametrize(("c1", "c2", "message"), [(32, 16, "keeps its channels"), (24, 24, "divisible by 16")])
    def test_channels__refused(self, c1, c2, message):
        with pytest.raises(ValueError, match=message):
            MSFFM(c1, c2)

    @pytest.mark.parametrize("rates", [[], [1, 0]])
    def test_rates__refused(self, rates):
        with pytest.raises(ValueError, match=r"dilations of at least 1, got \["):
            MSFFM(32, 32, rates=rates)

    def test_rates__of_a_yaml_row(self):
        block = MSFFM(32, 32, 0, [1, 2])
        assert block.dilated.rates == (1, 2)
        folded = assert_fold_keeps_output(block, fold_all_batch_norm, 2, 32, 7, 5)
        assert [conv.dilation for conv in folded.dilated.convs] == [(1, 1), (2, 2)]

    @pytest.mark.parametrize("fold", [MSFFM.reparameterize, MSFFM.fold_batch_norm, fold_all_batch_norm])
    @pytest.mark.parametrize("pw_mul", [0, 4])
    def test_fold__keeps_output(self, fold, pw_mul):
        assert_fold_keeps_output(MSFFM(32, 32, pw_mul), fold, 2, 32, 7, 5)

    def test_gradient__reaches_every_parameter(self):
        assert_every_parameter_learns(MSFFM(32, 32, 4), noise(2, 32, 7, 5))

    def test_state_dict__one_shared_kernel(self):
        keys = [k for k in MSFFM(32, 32).state_dict() if k.endswith("weight")]
        norms = [f"dilated.bns.{i}.weight" for i in range(3)]
        squeeze = ["squeeze.conv.weight", "squeeze.bn.weight"]
        assert keys == ["dilated.weight", *norms, *squeeze, "restore.weight"]

    def test_trace__size_stays_dynamic(self):
        block = MSFFM(16, 16).eval()
        traced = torch.jit.trace(block, noise(1, 16, 6, 6), check_trace=False)
        x = noise(1, 16, 7, 3)
        torch.testing.assert_close(traced(x), block(x))

    def test_export__parity(self):
        assert_exports(MSFFM(16, 16), noise(1, 16, 7, 5))
