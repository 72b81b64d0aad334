"""Ghost and GhostBlock: wiring and the arithmetic of the neck swap."""

import pytest
import torch
from torch import nn
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.ghost_pan import Ghost, GhostBlock
from lidd_yolo.layers.rep_ghost import RepGhostBlock
from lidd_yolo.layers.reparam import fold_all_batch_norm, reparameterize_model
from tests.helpers.checks import (
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    noise,
    num_params,
)
from tests.helpers.randomise import randomise_batch_norm


class TestGhost:
    def test_forward__second_half_is_made_from_the_first(self):
        ghost = randomise_batch_norm(Ghost(6, 8, 5), seed=0).eval()
        out = ghost(noise(2, 6, 7, 5))
        assert out.shape == (2, 8, 7, 5)
        assert torch.equal(out[:, 4:], ghost.cheap(out[:, :4]))

    def test_parameters__exact(self):
        assert num_params(Ghost(192, 96, 3)) == 192 * 48 + 2 * 48 + 9 * 48 + 2 * 48

    @pytest.mark.parametrize("act", [True, False])
    def test_activation__both_or_none(self, act):
        ghost = Ghost(6, 8, act=act)
        assert [isinstance(m.act, nn.Identity) for m in (ghost.primary, ghost.cheap)] == [not act, not act]

    def test_channels__odd(self):
        with pytest.raises(ValueError, match="must be even, got 7"):
            Ghost(6, 7)


class TestGhostBlock:
    @pytest.mark.parametrize("size", [(1, 1), (7, 5), (12, 12)])
    def test_forward__shape(self, size):
        assert GhostBlock(24, 16).eval()(noise(2, 24, *size)).shape == (2, 16, *size)

    def test_forward__is_the_sum_of_its_paths(self):
        block = randomise_batch_norm(GhostBlock(24, 16), seed=0).eval()
        x = noise(2, 24, 7, 5)
        assert torch.equal(block(x), block.project(block.expand(x)) + block.shortcut(x))

    def test_activation__only_in_the_first_half(self):
        acts = [m.act for m in GhostBlock(24, 16).modules() if isinstance(m, Conv)]
        assert [isinstance(a, nn.Identity) for a in acts] == [False, False, True, True, True, True]

    def test_parameters__exact(self):
        assert num_params(GhostBlock(192, 96)) == 9_840 + 5_232 + 23_808

    def test_neck_swap__adds_8064(self):
        """Four blocks; the paper gives +8.4 k between its rows +CISB-Net and LIDD-Net."""
        block = RepGhostBlock(192, 96)
        block.reparameterize()
        assert 4 * (num_params(block) - num_params(GhostBlock(192, 96))) == 8_064

    def test_reparameterize__nothing_to_merge(self):
        assert reparameterize_model(GhostBlock(24, 16)) == 0

    def test_fold__keeps_output(self):
        assert_fold_keeps_output(GhostBlock(24, 16), fold_all_batch_norm, 2, 24, 7, 5)

    def test_gradient__reaches_every_parameter(self):
        assert_every_parameter_learns(GhostBlock(24, 16), noise(2, 24, 7, 5))

    def test_export__parity(self):
        assert_exports(GhostBlock(24, 16), noise(1, 24, 7, 5))
