"""GSConv and its blocks: counts, order of channels, gradients, folding, export."""

import pytest
import torch
from torch import nn

from lidd_yolo.layers.gs_conv import GSBottleneck, GSConv, VoVGSCSP
from lidd_yolo.layers.reparam import fold_all_batch_norm, reparameterize_model
from tests.helpers.checks import (
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    assert_gradients_are_exact,
    batch_norms,
    noise,
)
from tests.helpers.randomise import randomise_batch_norm

LAYERS = [GSConv(6, 8), GSConv(6, 8, 3, 2, act=False), GSBottleneck(8, 8), VoVGSCSP(6, 8), VoVGSCSP(6, 16, 3)]
SMALL_LAYERS = [GSConv(3, 4, 3), GSBottleneck(2, 4), VoVGSCSP(3, 4, 2)]


def weights(module):
    """Return the number of convolution weights, batch normalisation left out."""
    return sum(m.weight.numel() for m in module.modules() if isinstance(m, nn.Conv2d))


class TestGSConv:
    @pytest.mark.parametrize(("s", "size"), [(1, (7, 5)), (2, (4, 3))])
    @pytest.mark.parametrize("k", [1, 3])
    def test_forward__shape(self, k, s, size):
        assert GSConv(6, 8, k, s)(noise(2, 6, 7, 5)).shape == (2, 8, *size)

    def test_forward__channels_take_turns(self):
        layer = randomise_batch_norm(GSConv(6, 8, 3), seed=0).eval()
        x = noise(2, 6, 7, 5)
        dense, out = layer.dense(x), layer(x)
        assert torch.equal(out[:, 0::2], dense)
        assert torch.equal(out[:, 1::2], layer.depthwise(dense))

    def test_forward__impulse_by_hand(self):
        """One pixel of 2 through weights 1 is 2 in the dense half and a 5x5 square of 2 in the depthwise half."""
        layer = GSConv(1, 2, act=False).eval()
        for conv in (layer.dense, layer.depthwise):
            conv.conv.weight.data.fill_(1.0)
            conv.bn.eps = 0.0
        x = torch.zeros(1, 1, 9, 9)
        x[0, 0, 4, 4] = 2.0
        out = layer(x)
        assert torch.equal(out[0, 0], x[0, 0])
        want = torch.zeros(9, 9)
        want[2:7, 2:7] = 2.0
        assert torch.equal(out[0, 1], want)

    @pytest.mark.parametrize(("k", "act"), [(1, True), (3, False)])
    def test_act__of_both_halves(self, k, act):
        layer = GSConv(6, 8, k, act=act)
        kinds = {isinstance(conv.act, nn.Identity) for conv in (layer.dense, layer.depthwise)}
        assert kinds == {not act}

    @pytest.mark.parametrize(("c1", "c2", "k"), [(6, 8, 1), (16, 32, 3)])
    def test_parameters__count(self, c1, c2, k):
        assert weights(GSConv(c1, c2, k)) == c1 * c2 // 2 * k**2 + 25 * c2 // 2

    def test_arguments__odd_channels(self):
        with pytest.raises(ValueError, match="must be even, got 7"):
            GSConv(4, 7)

    def test_state_dict__keys(self):
        keys = [k for k in GSConv(4, 8).state_dict() if k.endswith("weight")]
        assert keys == ["dense.conv.weight", "dense.bn.weight", "depthwise.conv.weight", "depthwise.bn.weight"]


class TestGSBottleneck:
    @pytest.mark.parametrize("c", [8, 32])
    def test_parameters__count(self, c):
        assert weights(GSBottleneck(c, c)) == 6 * c**2 + 25 * c

    def test_forward__adds_linear_paths(self):
        """With an output of GSConv far below zero a last activation would show; the sum passes it on."""
        layer = randomise_batch_norm(GSBottleneck(8, 8), seed=0).eval()
        x = noise(2, 8, 7, 5)
        out = layer(x)
        assert torch.equal(out, layer.gs2(layer.gs1(x)) + layer.shortcut(x))
        assert out.min() < -1  # SiLU never falls below -0.28

    def test_gs_convs__dense_kernels(self):
        layer = GSBottleneck(8, 8)
        assert [gs.dense.conv.kernel_size for gs in (layer.gs1, layer.gs2)] == [(1, 1), (3, 3)]


class TestVoVGSCSP:
    @pytest.mark.parametrize("n", [0, 1, 3])
    @pytest.mark.parametrize(("c1", "c2"), [(24, 16), (8, 32)])
    def test_parameters__count(self, c1, c2, n):
        half = c2 // 2
        assert weights(VoVGSCSP(c1, c2, n)) == 2 * half * c1 + n * (6 * half**2 + 25 * half) + 2 * half * c2

    def test_forward__partial_before_main(self):
        layer = randomise_batch_norm(VoVGSCSP(6, 8, 2), seed=0).eval()
        seen = []
        layer.merge.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        x = noise(2, 6, 7, 5)
        assert layer(x).shape == (2, 8, 7, 5)
        assert torch.equal(seen[0][:, :4], layer.partial(x))
        assert torch.equal(seen[0][:, 4:], layer.main(x))


class TestAll:
    @pytest.mark.parametrize("layer", SMALL_LAYERS, ids=lambda m: type(m).__name__)
    def test_gradient__finite_differences(self, layer):
        assert_gradients_are_exact(layer, 2, layer_channels(layer), 3, 3)

    @pytest.mark.parametrize("layer", LAYERS, ids=lambda m: type(m).__name__)
    def test_gradient__reaches_every_parameter(self, layer):
        assert_every_parameter_learns(layer, noise(2, layer_channels(layer), 7, 5))

    @pytest.mark.parametrize("layer", LAYERS, ids=lambda m: type(m).__name__)
    def test_fold__keeps_output(self, layer):
        assert_fold_keeps_output(layer, fold_all_batch_norm, 2, layer_channels(layer), 7, 5)

    @pytest.mark.parametrize("layer", LAYERS, ids=lambda m: type(m).__name__)
    def test_export__parity(self, layer):
        assert_exports(layer, noise(1, layer_channels(layer), 7, 5))


class TestOrderOfHalves:
    """After folding, GSConv's halves follow each other wherever the next convolution can take them so."""

    @pytest.mark.parametrize("n", [0, 1, 3])
    def test_block__interleaves_nothing(self, n):
        layer = randomise_batch_norm(VoVGSCSP(6, 16, n), seed=0).eval()
        keys = [k for k in layer.state_dict() if k.endswith("conv.weight")]
        fold_all_batch_norm(layer)
        assert not any(m.interleaves for m in layer.modules() if isinstance(m, GSConv))
        assert [k for k in layer.state_dict() if k.endswith("conv.weight")] == keys
        assert not batch_norms(layer)

    def test_block__acts_once(self):
        layer = randomise_batch_norm(VoVGSCSP(6, 16, 2), seed=0)
        assert reparameterize_model(layer) == 3  # the block and its two bottlenecks
        weights = [p.clone() for p in layer.parameters()]
        assert reparameterize_model(layer) == 0
        assert all(torch.equal(a, b) for a, b in zip(weights, layer.parameters(), strict=True))

    def test_inside__halves_of_the_bottlenecks(self):
        """What the bottleneck gives is the same as before, dense half first."""
        layer = randomise_batch_norm(VoVGSCSP(6, 16, 2), seed=0).double().eval()
        x = noise(1, 6, 5, 4, dtype=torch.float64)
        before = layer.main(x)
        fold_all_batch_norm(layer)
        want = torch.cat((before[:, 0::2], before[:, 1::2]), 1)
        torch.testing.assert_close(layer.main(x), want, rtol=0, atol=1e-10)

    def test_alone__keeps_its_order(self):
        """What follows a GSConv or a GSBottleneck by itself is not known."""
        for layer in (GSConv(6, 8, 3), GSBottleneck(8, 8)):
            assert_fold_keeps_output(layer, fold_all_batch_norm, 2, layer_channels(layer), 7, 5)
        conv, bottleneck = GSConv(6, 8), GSBottleneck(8, 8)
        reparameterize_model(conv)
        reparameterize_model(bottleneck)
        assert [conv.interleaves, bottleneck.gs1.interleaves, bottleneck.gs2.interleaves] == [True, False, True]

    def test_training__interleaves(self):
        layer = VoVGSCSP(6, 16, 2).train()
        layer(noise(2, 6, 7, 5))
        assert all(m.interleaves for m in layer.modules() if isinstance(m, GSConv))

    def test_export__parity(self):
        layer = randomise_batch_norm(VoVGSCSP(6, 16, 2), seed=0).eval()
        fold_all_batch_norm(layer)
        assert_exports(layer, noise(1, 6, 7, 5))


def layer_channels(layer):
    """Return the input channels of a layer: those of its first convolution."""
    return next(m for m in layer.modules() if isinstance(m, nn.Conv2d)).in_channels
