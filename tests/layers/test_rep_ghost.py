"""RepGhostBlock: the stacked form of its branches, the merge, counts."""

import pickle
from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.rep_ghost import DepthwiseBranches, RepDepthwise, RepGhostBlock
from tests.helpers.checks import (
    assert_close_to_size,
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    batch_norms,
    noise,
    num_params,
)
from tests.helpers.randomise import randomise_batch_norm


def _separate_branches(layer: DepthwiseBranches, c: int, k: int) -> list[nn.Sequential]:
    """Copy each branch of the stacked convolution into a convolution and normalisation of its own."""
    branches = []
    for j in range(layer.n):
        branch = nn.Sequential(nn.Conv2d(c, c, k, padding=k // 2, groups=c, bias=False), nn.BatchNorm2d(c)).double()
        conv, bn = branch
        conv.weight.data.copy_(layer.conv.weight[j * c : (j + 1) * c])
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(bn, name).data.copy_(getattr(layer.bn, name)[j * c : (j + 1) * c])
        branches.append(branch)
    return branches


class TestDepthwiseBranches:
    @pytest.mark.parametrize("k", [1, 3])
    @pytest.mark.parametrize("training", [False, True])
    def test_forward__equals_separate_branches(self, k, training):
        layer = randomise_batch_norm(DepthwiseBranches(6, k).double(), seed=0).train(training)
        branches = _separate_branches(layer, 6, k)
        x = noise(3, 6, 7, 5, dtype=torch.float64)
        want = sum(branch.train(training)(x) for branch in branches)
        torch.testing.assert_close(layer(x), want, rtol=0, atol=1e-12)
        for j, branch in enumerate(branches):
            torch.testing.assert_close(
                layer.bn.running_var[j * 6 : (j + 1) * 6], branch[1].running_var, rtol=0, atol=1e-12
            )

    @pytest.mark.parametrize("momentum", [0.03, 0.1, 0.0, None])
    def test_statistics__after_several_batches(self, momentum):
        """Without a momentum they are the mean over all batches: the way to measure them anew before folding."""
        layer = DepthwiseBranches(6, 3).double().train()
        layer.bn.momentum = momentum
        branches = _separate_branches(layer, 6, 3)
        for seed in range(3):
            x = noise(3, 6, 7, 5, dtype=torch.float64, seed=seed) * (seed + 1)
            layer(x)
            for branch in branches:
                branch[1].momentum = momentum
                branch.train()(x)
        for name in ("running_mean", "running_var"):
            want = torch.cat([getattr(branch[1], name) for branch in branches])
            torch.testing.assert_close(getattr(layer.bn, name), want, rtol=0, atol=1e-12)
        assert layer.bn.num_batches_tracked == branches[0][1].num_batches_tracked == 3

    @pytest.mark.parametrize("k", [1, 3])
    def test_merged__one_convolution(self, k):
        layer = randomise_batch_norm(DepthwiseBranches(6, k).double(), seed=0).eval()
        kernel, bias = layer.merged()
        x = noise(3, 6, 7, 5, dtype=torch.float64)
        assert kernel.shape == (6, 1, k, k)
        assert_close_to_size(F.conv2d(x, kernel, bias, padding=k // 2, groups=6), layer(x))

    def test_parameters__as_separate_branches(self):
        assert num_params(DepthwiseBranches(6, 3, n=5)) == 5 * (9 * 6 + 2 * 6)


class TestRepDepthwise:
    def test_forward__is_the_activated_sum_of_nine_branches(self, monkeypatch):
        monkeypatch.setattr(Conv, "default_act", nn.LeakyReLU(0.1))
        layer = randomise_batch_norm(RepDepthwise(6).double(), seed=0).eval()
        x = noise(2, 6, 5, 5, dtype=torch.float64)
        branches = [*_separate_branches(layer.point, 6, 1), *_separate_branches(layer.spatial, 6, 3)]
        total = layer.identity(x) + sum(branch.eval()(x) for branch in branches)
        torch.testing.assert_close(layer(x), torch.where(total > 0, total, 0.1 * total), rtol=0, atol=1e-12)

    def test_parameters__before_and_after(self):
        layer = RepDepthwise(96)
        assert num_params(layer) == 2 * 96 + 4 * 3 * 96 + 4 * 11 * 96
        assert layer.reparameterize() is True
        assert num_params(layer) == 960
        assert layer.reparameterize() is False

    def test_reparameterize__keeps_output(self):
        layer = assert_fold_keeps_output(RepDepthwise(6), RepDepthwise.reparameterize, 2, 6, 7, 5)
        assert [type(m) for m in layer.children()] == [type(layer.act), nn.Conv2d]

    def test_reparameterize__hand_made_kernel(self):
        """Identity 2x + 1, every 1x1 branch 3x and every 3x3 branch all-ones: centre 2 + 4 * 3 + 4, others 4."""
        layer = RepDepthwise(1).double()
        for bn in batch_norms(layer):
            bn.eps = 0.0
        layer.identity.weight.data.fill_(2)
        layer.identity.bias.data.fill_(1)
        layer.point.conv.weight.data.fill_(3)
        layer.spatial.conv.weight.data.fill_(1)
        layer.reparameterize()
        assert layer.conv.weight.flatten().tolist() == [4, 4, 4, 4, 18, 4, 4, 4, 4]
        assert layer.conv.bias.tolist() == [1]


class TestRepGhostBlock:
    @pytest.mark.parametrize("size", [(1, 1), (7, 5), (12, 12)])
    def test_forward__shape(self, size):
        assert RepGhostBlock(24, 16).eval()(noise(2, 24, *size)).shape == (2, 16, *size)

    def test_forward__is_the_sum_of_its_paths(self):
        block = randomise_batch_norm(RepGhostBlock(24, 16), seed=0).eval()
        x = noise(2, 24, 7, 5)
        main = block.project(block.branches(block.expand(x)))
        want = main + block.shortcut[1](block.shortcut[0](x))
        assert torch.equal(block(x), want)

    def test_activation__only_in_the_first_half(self):
        block = RepGhostBlock(24, 16)
        acts = [m.act for m in block.modules() if isinstance(m, Conv)]
        assert [isinstance(a, nn.Identity) for a in acts] == [False, False, True, True, True, True]

    def test_parameters__before_and_after(self):
        block = RepGhostBlock(192, 96)
        assert num_params(block) == 45_984
        assert block.reparameterize() is True
        parts = (block.expand, block.branches, block.project, block.shortcut)
        assert [num_params(p) for p in parts] == [10_512, 960, 5_904, 23_520]
        assert num_params(block) == 40_896
        assert block.reparameterize() is False

    def test_reparameterize__keeps_output(self):
        block = assert_fold_keeps_output(RepGhostBlock(24, 16), RepGhostBlock.reparameterize, 2, 24, 9, 7)
        assert not batch_norms(block)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_reparameterize__half(self, dtype):
        block = randomise_batch_norm(RepGhostBlock(24, 16), seed=0).eval()
        x = noise(2, 24, 9, 7)
        with torch.no_grad():
            want = block(x)
            block.to(dtype).reparameterize()
            got = block(x.to(dtype)).float()
        assert {p.dtype for p in block.parameters()} == {dtype}
        assert ((got - want).abs().max() / want.abs().max()).item() < 20 * torch.finfo(dtype).eps

    def test_copy__and_pickle_of_folded_block(self):
        block = randomise_batch_norm(RepGhostBlock(24, 16), seed=0).eval()
        block.reparameterize()
        x = noise(2, 24, 7, 5)
        assert torch.equal(deepcopy(block)(x), block(x))
        assert torch.equal(pickle.loads(pickle.dumps(block))(x), block(x))

    def test_gradient__reaches_every_parameter(self):
        assert_every_parameter_learns(RepGhostBlock(24, 16), noise(2, 24, 7, 5))

    def test_state_dict__keys_of_the_branches(self):
        keys = [k for k in RepGhostBlock(24, 16).state_dict() if k.startswith("branches.") and k.endswith(".weight")]
        branches = [f"branches.{b}.{p}.weight" for b in ("point", "spatial") for p in ("conv", "bn")]
        assert keys == ["branches.identity.weight", *branches]

    @pytest.mark.parametrize("folded", [False, True])
    def test_export__parity(self, folded):
        block = randomise_batch_norm(RepGhostBlock(24, 16), seed=0)
        assert not folded or block.reparameterize()
        assert_exports(block, noise(1, 24, 7, 5))
