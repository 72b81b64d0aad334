"""CSE-A and CSE-B: bookkeeping of the channels, counts, folding."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lidd_yolo.layers.cse import CSEA, CSEB
from lidd_yolo.layers.do_conv import DOConv2d
from lidd_yolo.layers.reparam import fold_all_batch_norm, reparameterize_model
from tests.helpers.checks import (
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    batch_norms,
    noise,
    num_params,
)
from tests.helpers.randomise import randomise_batch_norm


def _separate(block: CSEB | CSEA, x: torch.Tensor, stride: int) -> torch.Tensor:
    """Follow the five steps for 16 channels, one output channel at a time (shares 6, 5, 5)."""
    first, second, third = x[:, :6], x[:, 6:11], x[:, 11:]
    y = block.pointwise.bn(F.conv2d(first, block.pointwise.conv.weight))
    y = block.depthwise.bn(F.conv2d(y, block.depthwise.conv.weight, stride=stride, padding=1, groups=6))
    if stride == 2:
        second, third = (F.max_pool2d(t, 3, 2, 1) for t in (second, third))
    fourth, fifth = y[:, :3], y[:, 3:]
    z = torch.cat((fifth, second), 1)
    mean = z.mean((2, 3), keepdim=True)
    deviation = (z - mean) ** 2
    weighted = z * torch.sigmoid(deviation / (4 * (z.var((2, 3), keepdim=True) + 1e-4)) + 0.5)
    e = block.enhance.bn(F.conv2d(weighted, block.enhance.conv.kernel()))
    z = z + block.enhance.act(e)
    left = [*fourth.unbind(1), *third.unbind(1)]
    interleaved = [channel for pair in zip(left, z.unbind(1), strict=True) for channel in pair]
    return torch.stack(interleaved, 1)


class TestCSEB:
    @pytest.mark.parametrize("size", [(1, 1), (7, 5), (24, 24)])
    def test_forward__shape(self, size):
        assert CSEB(32, 32).eval()(noise(2, 32, *size)).shape == (2, 32, *size)

    def test_forward__equals_steps(self):
        block = randomise_batch_norm(CSEB(16, 16).double(), seed=0).eval()
        x = noise(2, 16, 5, 4, dtype=torch.float64)
        torch.testing.assert_close(block(x), _separate(block, x, 1), rtol=0, atol=1e-12)

    def test_forward__last_share_passes_unchanged(self):
        # The left half of the shuffle is (3 convolved, 5 untouched); left channel j comes out as channel 2 j.
        x = noise(2, 16, 5, 4)
        assert torch.equal(CSEB(16, 16)(x)[:, 6:16:2], x[:, 11:])

    @pytest.mark.parametrize(("c", "count"), [(64, 1_976), (128, 7_152), (256, 27_104)])
    def test_parameters__exact(self, c, count):
        assert num_params(CSEB(c, c)) == count

    def test_parameters__depth_of_pointwise(self):
        # S = 4: D has 32 * 4 values, W three more copies of 32 * 32.
        block = CSEB(64, 64, 4)
        assert num_params(block) == 1_976 + 32 * 4 + 3 * 32 * 32
        assert reparameterize_model(block) == 1
        assert num_params(block) == 1_976

    def test_channels__differ(self):
        with pytest.raises(ValueError, match="keeps its channels, got 32 in and 64 out"):
            CSEB(32, 64)

    @pytest.mark.parametrize("c", [0, 8, 24, 100])
    def test_channels__not_divisible(self, c):
        with pytest.raises(ValueError, match=f"divisible by 16, got {c}"):
            CSEB(c, c)

    @pytest.mark.parametrize("pw_mul", [0, 1, 4])
    def test_fold__keeps_output(self, pw_mul):
        block = assert_fold_keeps_output(CSEB(32, 32, pw_mul), fold_all_batch_norm, 2, 32, 7, 5)
        assert not batch_norms(block)
        assert not any(isinstance(m, DOConv2d) for m in block.modules())

    def test_gradient__reaches_every_parameter(self):
        assert_every_parameter_learns(CSEB(32, 32, 4), noise(2, 32, 7, 5))

    def test_state_dict__keys(self):
        norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
        units = ("pointwise", "depthwise", "enhance")
        want = {f"{u}.conv.weight" for u in units} | {f"{u}.bn.{n}" for u in units for n in norm}
        assert set(CSEB(32, 32).state_dict()) == want

    def test_export__parity(self):
        assert_exports(CSEB(32, 32), noise(1, 32, 6, 5))


class TestCSEA:
    @pytest.mark.parametrize(("size", "half"), [((2, 1), (1, 1)), ((7, 5), (4, 3)), ((24, 48), (12, 24))])
    def test_forward__halves_and_rounds_up(self, size, half):
        assert CSEA(24, 64).eval()(noise(2, 24, *size)).shape == (2, 64, *half)

    def test_forward__equals_steps(self):
        block = randomise_batch_norm(CSEA(4, 16).double(), seed=0).eval()
        x = noise(2, 4, 7, 6, dtype=torch.float64)
        raised = block.expand.act(block.expand.bn(F.conv2d(x, block.expand.conv.kernel())))
        torch.testing.assert_close(block(x), _separate(block, raised, 2), rtol=0, atol=1e-12)

    @pytest.mark.parametrize(("c1", "c2", "count"), [(24, 64, 3_640), (64, 128, 15_600), (128, 256, 60_384)])
    def test_parameters__exact(self, c1, c2, count):
        assert num_params(CSEA(c1, c2)) == count

    def test_channels__not_divisible(self):
        with pytest.raises(ValueError, match="divisible by 16, got 40"):
            CSEA(24, 40)

    @pytest.mark.parametrize("pw_mul", [0, 4])
    def test_fold__keeps_output(self, pw_mul):
        block = assert_fold_keeps_output(CSEA(24, 32, pw_mul), fold_all_batch_norm, 2, 24, 7, 5)
        assert not batch_norms(block)

    def test_gradient__reaches_every_parameter(self):
        assert_every_parameter_learns(CSEA(24, 32, 4), noise(2, 24, 7, 5))

    def test_trace__size_stays_dynamic(self):
        block = nn.Sequential(CSEA(8, 16), CSEB(16, 16)).eval()
        traced = torch.jit.trace(block, noise(1, 8, 6, 6), check_trace=False)
        x = noise(1, 8, 9, 4)
        torch.testing.assert_close(traced(x), block(x))

    def test_export__parity(self):
        assert_exports(CSEA(8, 16), noise(1, 8, 7, 6))
