"""Training in another order of memory gives the same network."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lidd_yolo.training import callbacks
from lidd_yolo.training.callbacks import train_channels_last


@pytest.fixture
def network():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.LeakyReLU(0.1), nn.Conv2d(8, 16, 1))


class TestTrainChannelsLast:
    def trainer(self, network, device="cpu"):
        return SimpleNamespace(model=network, device=torch.device(device))

    def in_order(self, network):
        return network[0].weight.is_contiguous(memory_format=torch.channels_last)

    def test_cpu__optimiser_steps_as_before(self, network):
        """Three steps of AdamW give the same weights, whatever order they are in."""
        x, ends = torch.rand(4, 3, 9, 7), []
        start = {key: value.clone() for key, value in network.state_dict().items()}
        for begin in (lambda _: None, train_channels_last):
            network.load_state_dict(start)
            optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
            begin(self.trainer(network))
            for _ in range(3):
                optimizer.zero_grad()
                network(x).square().mean().backward()
                optimizer.step()
            ends.append(network(x))
        assert self.in_order(network)
        torch.testing.assert_close(*ends)

    def test_left__on_a_gpu_and_in_distributed_training(self, network, monkeypatch):
        train_channels_last(self.trainer(network, "cuda:0"))
        assert not self.in_order(network)
        monkeypatch.setattr(callbacks, "RANK", 0)
        train_channels_last(self.trainer(network))
        assert not self.in_order(network)
