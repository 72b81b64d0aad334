"""CSEBChain against the blocks that it is made of, and what it cuts and joins against counts by hand."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from lidd_yolo.layers.cse import CSEB
from lidd_yolo.layers.cse_chain import CSEBChain
from lidd_yolo.layers.reparam import fold_all_batch_norm
from tests.helpers.checks import assert_exports, noise, num_params
from tests.helpers.randomise import randomise_batch_norm


def folded(c, n, dtype=torch.float64):
    """Return blocks as in a network that has been trained and folded."""
    blocks = randomise_batch_norm(nn.Sequential(*(CSEB(c, c) for _ in range(n))), seed=2).to(dtype).eval()
    fold_all_batch_norm(blocks)
    return blocks


class TestCSEBChain:
    @pytest.mark.parametrize(("c", "n"), [(16, 1), (32, 2), (64, 3), (48, 7), (128, 7)])
    @pytest.mark.parametrize("shuffled", [False, True])
    def test_forward__blocks_in_another_order(self, c, n, shuffled):
        blocks, x = folded(c, n), noise(2, c, 5, 4, dtype=torch.float64)
        order = torch.randperm(c, generator=torch.Generator().manual_seed(3)).tolist() if shuffled else list(range(c))
        with torch.no_grad():
            want = blocks(x)
            chain = CSEBChain(list(deepcopy(blocks)), order)
            got = chain(x[:, order])
        assert sorted(chain.order) == list(range(c))
        torch.testing.assert_close(got, want[:, chain.order], rtol=0, atol=1e-9)

    def test_pieces__by_hand(self):
        """16 channels are 6 active, 5 shared, 5 passed on; block 0 leaves them in three tensors.

        Block 1 convolves what block 0 passed and the first 3 it enhanced. Of the pool it takes passed-on 0-2 and
        enhanced 3-4 (channels 6-10 of the shuffled output are left 3, 4, 5 and right 3, 4).
        """
        chain = CSEBChain(list(folded(16, 2)), range(16))
        assert chain.sizes == [[6, 5, 3, 2], [3], [3, 2, 3], [3], [8]]
        assert chain.joins == [[0], [1], [4, 5], [2, 6], [3, 7, 8, 9]]

    def test_parameters__only_rearranged(self):
        blocks = folded(32, 3)
        before, keys = num_params(blocks), blocks.state_dict().keys()
        chain = CSEBChain(list(blocks), range(32))
        assert num_params(chain) == before
        assert chain.state_dict().keys() == keys

    def test_order__of_other_channels(self):
        with pytest.raises(ValueError, match="is not in"):
            CSEBChain(list(folded(16, 1)), [0] * 16)

    def test_export__parity(self):
        assert_exports(CSEBChain(list(folded(32, 3, torch.float32)), range(32)), noise(1, 32, 6, 5))
