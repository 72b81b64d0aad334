"""DWSep: shapes, counts, wiring."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lidd_yolo.layers.dw_sep import DWSep
from lidd_yolo.layers.reparam import fold_all_batch_norm
from tests.helpers.checks import (
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    noise,
    num_params,
)
from tests.helpers.randomise import randomise_batch_norm


class TestDWSep:
    @pytest.mark.parametrize(("k", "s", "size"), [(5, 1, (7, 5)), (3, 1, (7, 5)), (5, 2, (4, 3))])
    def test_forward__shape(self, k, s, size):
        assert DWSep(8, 12, k, s)(noise(2, 8, 7, 5)).shape == (2, 12, *size)

    def test_forward__both_halves_are_activated(self):
        block = randomise_batch_norm(DWSep(8, 12).double(), seed=0).eval()
        block.depthwise.act = block.pointwise.act = nn.LeakyReLU(0.1)
        x = noise(2, 8, 7, 5, dtype=torch.float64)
        x_filtered = block.depthwise.bn(F.conv2d(x, block.depthwise.conv.weight, padding=2, groups=8))
        x_filtered = torch.maximum(x_filtered, 0.1 * x_filtered)
        want = block.pointwise.bn(F.conv2d(x_filtered, block.pointwise.conv.weight))
        torch.testing.assert_close(block(x), torch.maximum(want, 0.1 * want), rtol=0, atol=1e-12)

    def test_parameters__exact(self):
        assert num_params(DWSep(96, 96, 5)) == 12_000

    def test_fold__keeps_output(self):
        assert_fold_keeps_output(DWSep(8, 12, 5, 2), fold_all_batch_norm, 2, 8, 7, 5)

    def test_gradient__reaches_every_parameter(self):
        assert_every_parameter_learns(DWSep(8, 12), noise(2, 8, 7, 5))

    def test_export__parity(self):
        assert_exports(DWSep(8, 12), noise(1, 8, 7, 5))
