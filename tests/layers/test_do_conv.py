"""DO-Conv against loops over its definition, and its folding."""

from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from ultralytics.nn.modules import Conv
from ultralytics.utils.torch_utils import fuse_conv_and_bn

from lidd_yolo.layers.do_conv import DOConv2d, DOConvBN
from tests.helpers.checks import (
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    noise,
    num_params,
)
from tests.helpers.randomise import randomise_batch_norm


def _kernel_by_loops(conv: DOConv2d, k: int) -> torch.Tensor:
    """Compose the kernel from its definition, one multiplication at a time."""
    c2, c1_group, depth = conv.weight.shape
    taps, group_size = k * k, conv.out_channels // conv.groups
    kernel = torch.zeros(c2, c1_group, taps, dtype=conv.weight.dtype)
    for o, i, t, s in product(range(c2), range(c1_group), range(taps), range(depth)):
        channel = (o // group_size) * c1_group + i
        constant = 1 / depth if taps == 1 else float(s % taps == t)
        kernel[o, i, t] += (conv.depthwise[channel, t, s].item() + constant) * conv.weight[o, i, s].item()
    return kernel.view(c2, c1_group, k, k)


class TestDOConv2d:
    @pytest.mark.parametrize(
        ("k", "options"),
        [(3, {}), (3, {"d_mul": 13}), (3, {"g": 2}), (3, {"g": 4}), (1, {"pw_mul": 1}), (1, {"pw_mul": 4})],
    )
    def test_kernel__equals_loops(self, k, options):
        conv = randomise_batch_norm(DOConv2d(4, 4, k, **options).double(), seed=0)
        torch.testing.assert_close(conv.kernel(), _kernel_by_loops(conv, k), rtol=0, atol=1e-14)

    @pytest.mark.parametrize(("s", "d", "g", "p"), [(1, 1, 1, None), (2, 1, 2, None), (1, 3, 4, None), (2, 2, 1, 0)])
    def test_forward__is_a_convolution_with_the_kernel(self, s, d, g, p):
        conv = randomise_batch_norm(DOConv2d(4, 8, 3, s, p, d=d, g=g).double(), seed=0)
        x = noise(2, 4, 11, 10, dtype=torch.float64)
        want = F.conv2d(x, _kernel_by_loops(conv, 3), None, s, d if p is None else p, d, g)
        torch.testing.assert_close(conv(x), want, rtol=0, atol=1e-12)

    def test_start__is_a_plain_convolution(self):
        conv = DOConv2d(4, 6, 3)
        assert torch.equal(conv.kernel().flatten(2), conv.weight)
        assert not conv.depthwise.any()

    @pytest.mark.parametrize(("k", "pw_mul", "extra"), [(1, 0, 0), (1, 4, 4 * 4 + 3 * 4 * 6), (3, 0, 4 * 9 * 9)])
    def test_parameters__extra_over_plain(self, k, pw_mul, extra):
        """D has c1 * K * S values; with ``pw_mul`` S also W has S - 1 more copies of its c1 * c2 values."""
        assert num_params(DOConv2d(4, 6, k, pw_mul=pw_mul)) == 4 * 6 * k * k + extra

    def test_state_dict__without_constant(self):
        assert set(DOConv2d(4, 6, 3).state_dict()) == {"weight", "depthwise"}
        assert set(DOConv2d(4, 6, 1).state_dict()) == {"weight"}

    @pytest.mark.parametrize(("k", "options"), [(3, {"d_mul": 8}), (3, {"d_mul": 0}), (1, {"pw_mul": -1})])
    def test_depth__too_small(self, k, options):
        with pytest.raises(ValueError, match="must be at least"):
            DOConv2d(4, 4, k, **options)

    @pytest.mark.parametrize("options", [{"k": 3}, {"k": 3, "g": 2, "s": 2, "d_mul": 12}, {"k": 1, "pw_mul": 4}])
    def test_reparameterize__keeps_output(self, options):
        folded = assert_fold_keeps_output(DOConv2d(4, 6, **options), DOConv2d.reparameterize, 2, 4, 9, 8)
        assert set(folded.state_dict()) == {"weight"}
        assert not list(folded.buffers())

    def test_reparameterize__acts_once(self):
        conv = DOConv2d(4, 6, 3)
        assert (conv.reparameterize(), conv.reparameterize()) == (True, False)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_reparameterize__half(self, dtype):
        conv = randomise_batch_norm(DOConv2d(4, 6, 3), seed=0).to(dtype)
        want = conv.kernel()
        conv.reparameterize()
        assert torch.equal(conv.kernel(), want)
        assert conv.weight.dtype == dtype

    def test_to_conv2d__keeps_geometry(self):
        conv = randomise_batch_norm(DOConv2d(4, 6, 3, 2, d=2, g=2), seed=0)
        plain, x = conv.to_conv2d(), noise(1, 4, 9, 8)
        assert type(plain) is nn.Conv2d
        assert torch.equal(plain(x), conv(x))

    def test_gradient__reaches_both_factors(self):
        assert_every_parameter_learns(DOConv2d(4, 6, 3), noise(2, 4, 5, 5))


class TestDOConvBN:
    @pytest.mark.parametrize(("k", "s", "size"), [(1, 1, (7, 5)), (3, 1, (7, 5)), (3, 2, (4, 3))])
    def test_forward__shape(self, k, s, size):
        assert DOConvBN(4, 6, k, s)(noise(2, 4, 7, 5)).shape == (2, 6, *size)

    def test_forward__is_norm_and_activation_of_the_convolution(self):
        block = randomise_batch_norm(DOConvBN(4, 6, 3, act=nn.LeakyReLU(0.1)), seed=0).eval()
        x = noise(2, 4, 5, 5)
        response = block.bn(F.conv2d(x, block.conv.kernel(), padding=1))
        assert torch.allclose(block(x), torch.maximum(response, 0.1 * response), atol=1e-6)
        assert (block(x) < 0).any()

    def test_parameters__exact(self):
        assert num_params(DOConvBN(32, 32)) == 32 * 32 + 2 * 32

    @pytest.mark.parametrize(("k", "pw_mul"), [(3, 0), (1, 0), (1, 4)])
    def test_reparameterize__leaves_upstream_conv(self, k, pw_mul):
        block = assert_fold_keeps_output(DOConvBN(4, 6, k, pw_mul=pw_mul), DOConvBN.reparameterize, 2, 4, 5, 5)
        assert type(block.conv) is nn.Conv2d
        assert block.reparameterize() is False
        assert set(block.state_dict()) == set(Conv(4, 6, k).state_dict())

    def test_upstream_fuse__keeps_output(self):
        """Ultralytics' own folding finishes the merged block."""
        block = randomise_batch_norm(DOConvBN(4, 6, 3), seed=0).eval()
        x = noise(2, 4, 5, 5)
        with torch.no_grad():
            want = block(x)
            block.reparameterize()
            block.conv = fuse_conv_and_bn(block.conv, block.bn)
            assert torch.allclose(block.forward_fuse(x), want, atol=1e-5)

    def test_gradient__reaches_every_parameter(self):
        assert_every_parameter_learns(DOConvBN(4, 6, 3), noise(2, 4, 5, 5))

    def test_export__parity(self):
        assert_exports(DOConvBN(4, 6, 3), noise(1, 4, 5, 5))
