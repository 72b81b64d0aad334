"""The order of maps in memory follows from that of the weights."""

import pytest
import torch
from torch import nn

from lidd_yolo.models.folding import prefer_channels_last


@pytest.fixture
def network():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.LeakyReLU(0.1), nn.Conv2d(8, 16, 1))


class TestPreferChannelsLast:
    def test_cpu__maps_follow_the_weights(self, network):
        x = torch.rand(2, 3, 9, 7)
        want = network(x)
        assert not want.is_contiguous(memory_format=torch.channels_last)
        prefer_channels_last(network)
        got = network(x)
        assert got.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(got, want)

    def test_other_device__left(self, network):
        network.to("meta")
        prefer_channels_last(network)
        assert network[0].weight.is_contiguous()
        assert not network[0].weight.is_contiguous(memory_format=torch.channels_last)
