"""Orders of channels in weights, against indexing of the maps themselves."""

import pytest
import torch
from torch import nn

from lidd_yolo.layers.channel_order import order_inputs, order_outputs
from tests.helpers.checks import noise

ORDER = [2, 0, 3, 1]


class TestOrder:
    def test_inputs__as_if_put_back(self):
        conv, x = nn.Conv2d(4, 6, 3).double(), noise(2, 4, 5, 5, dtype=torch.float64)
        want = conv(x)
        order_inputs(conv, ORDER)
        torch.testing.assert_close(conv(x[:, ORDER]), want, rtol=0, atol=1e-12)

    @pytest.mark.parametrize("bias", [True, False])
    def test_outputs__rearranged(self, bias):
        conv, x = nn.Conv2d(3, 4, 1, bias=bias), noise(2, 3, 5, 5)
        want = conv(x)
        order_outputs(conv, ORDER)
        torch.testing.assert_close(conv(x), want[:, ORDER])

    def test_depthwise__both(self):
        conv, x = nn.Conv2d(4, 4, 3, groups=4), noise(2, 4, 5, 5)
        want = conv(x)
        order_outputs(conv, ORDER)
        torch.testing.assert_close(conv(x[:, ORDER]), want[:, ORDER])

    @pytest.mark.parametrize("order", [[0, 1, 2], [0, 1, 2, 2], [1, 2, 3, 4]])
    def test_order__of_other_channels(self, order):
        with pytest.raises(ValueError, match="names each of them once"):
            order_inputs(nn.Conv2d(4, 2, 1), order)
        with pytest.raises(ValueError, match="names each of them once"):
            order_outputs(nn.Conv2d(2, 4, 1), order)
