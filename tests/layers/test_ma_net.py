"""MANet: counts, order of the aggregated maps, gradients, folding, export."""

import pytest
import torch
from torch import nn

from lidd_yolo.layers.ma_net import MANet
from lidd_yolo.layers.reparam import fold_all_batch_norm
from tests.helpers.checks import (
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    assert_gradients_are_exact,
    noise,
)
from tests.helpers.randomise import randomise_batch_norm


class TestMANet:
    @pytest.mark.parametrize(("size", "k"), [((7, 5), 3), ((4, 4), 5), ((1, 3), 5)])
    def test_forward__shape(self, size, k):
        assert MANet(6, 8, 2, True, 2, k)(noise(2, 6, *size)).shape == (2, 8, *size)

    @pytest.mark.parametrize("n", [0, 1, 3])
    @pytest.mark.parametrize(("p", "k"), [(1, 3), (2, 5)])
    def test_parameters__count(self, n, p, k):
        c1, c2, h = 24, 16, 8
        weights = sum(m.weight.numel() for m in MANet(c1, c2, n, True, p, k).modules() if isinstance(m, nn.Conv2d))
        separable = 4 * p * h**2 + 2 * p * h * k**2 + 2 * p * h**2
        assert weights == 2 * h * c1 + 2 * h**2 + separable + 18 * n * h**2 + (4 + n) * h * c2

    @pytest.mark.parametrize("shortcut", [True, False])
    def test_forward__order_of_the_maps(self, shortcut):
        """Point, separable, the two halves of the stem, then each bottleneck on the one before it."""
        layer = randomise_batch_norm(MANet(6, 8, 2, shortcut, 2, 5), seed=0).eval()
        seen = []
        layer.merge.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        x = noise(2, 6, 7, 5)
        layer(x)
        stem = layer.stem(x)
        first = layer.chain[0].cv2(layer.chain[0].cv1(stem[:, 4:])) + shortcut * stem[:, 4:]
        second = layer.chain[1].cv2(layer.chain[1].cv1(first)) + shortcut * first
        maps = (layer.point(stem), layer.separable(stem), stem[:, :4], stem[:, 4:], first, second)
        assert [m.shape[1] for m in maps] == [4] * 6
        torch.testing.assert_close(seen[0], torch.cat(maps, 1))

    def test_kernels__one_by_one_around_the_depthwise(self):
        layer = MANet(6, 8, 1, False, 2, 5)
        kernels = [(conv.conv.kernel_size[0], conv.conv.groups) for conv in layer.separable]
        assert kernels == [(1, 1), (5, 16), (1, 1)]

    def test_arguments__odd_channels(self):
        with pytest.raises(ValueError, match="must be even, got 7"):
            MANet(4, 7)

    def test_gradient__finite_differences(self):
        assert_gradients_are_exact(MANet(3, 4, 1, True, 1, 3), 2, 3, 3, 3)

    @pytest.mark.parametrize("shortcut", [True, False])
    def test_gradient__reaches_every_parameter(self, shortcut):
        assert_every_parameter_learns(MANet(6, 8, 2, shortcut, 2, 5), noise(2, 6, 7, 5))

    def test_fold__keeps_output(self):
        assert_fold_keeps_output(MANet(6, 8, 2, True, 2, 5), fold_all_batch_norm, 2, 6, 7, 5)

    def test_export__parity(self):
        assert_exports(MANet(6, 8, 2, True, 2, 5), noise(1, 6, 7, 5))
