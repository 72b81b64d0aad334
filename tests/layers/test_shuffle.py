"""Channel shuffle by hand."""

import pytest
import torch

from lidd_yolo.layers.channel_order import channel_shuffle


class TestChannelShuffle:
    @pytest.mark.parametrize(
        ("c", "groups", "want"),
        [(8, 2, [0, 4, 1, 5, 2, 6, 3, 7]), (6, 3, [0, 2, 4, 1, 3, 5]), (4, 1, [0, 1, 2, 3])],
    )
    def test_order__by_hand(self, c, groups, want):
        x = torch.arange(c).view(1, c, 1, 1).expand(2, c, 3, 2)
        out = channel_shuffle(x, groups)
        assert out.shape == (2, c, 3, 2)
        assert (out == torch.tensor(want).view(1, c, 1, 1)).all()

    def test_positions__stay(self):
        x = torch.arange(2 * 4 * 3 * 2).view(2, 4, 3, 2)
        assert torch.equal(channel_shuffle(x), x[:, [0, 2, 1, 3]])
