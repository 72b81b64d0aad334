"""Size and shape of WLNet at every scale, and of the two networks beside it in the paper's ablation."""

import pytest
import torch
from ultralytics.nn.tasks import SegmentationModel

from lidd_yolo.layers.gs_conv import VoVGSCSP
from tests.helpers.checks import batch_norms, num_params
from tests.helpers.macs import count_macs
from tests.helpers.wlnet_model import build_wlnet

# (rows of scale s that differ between the networks are left out) row: channels, stride, parameters
ROWS_S = {
    0: (32, 2, 928),
    1: (64, 4, 18_560),
    2: (64, 4, 49_280),
    3: (128, 8, 73_984),
    5: (256, 16, 295_424),
    7: (512, 32, 1_180_672),
    8: (512, 32, 3_032_064),
    9: (512, 32, 656_896),
    10: (32, 16, 0),
    11: (64, 16, 0),
    12: (128, 16, 0),
    13: (512, 16, 0),
    14: (992, 16, 0),
    15: (256, 16, 254_464),
    16: (256, 16, 66_304),
    17: (256, 16, 762_368),
    18: (256, 32, 0),
    19: (768, 32, 0),
    20: (512, 32, 394_240),
    21: (512, 16, 0),
    23: (256, 8, 0),
    24: (384, 8, 0),
    26: (128, 16, 147_712),
    27: (384, 16, 0),
    29: (256, 32, 590_336),
    30: (768, 32, 0),
}
OWN_ROWS_S = {
    "wlnet-base.yaml": {
        4: (128, 8, 279_040),
        6: (256, 16, 1_098_752),
        22: (256, 16, 827_904),
        25: (128, 8, 225_536),
        28: (256, 16, 795_136),
        31: (512, 32, 1_969_152),
    },
    "wlnet-vov.yaml": {
        4: (128, 8, 279_040),
        6: (256, 16, 1_098_752),
        22: (256, 16, 299_904),
        25: (128, 8, 92_608),
        28: (256, 16, 267_136),
        31: (512, 32, 1_058_560),
    },
    "wlnet.yaml": {
        4: (128, 8, 192_768),
        6: (256, 16, 762_368),
        22: (256, 16, 299_904),
        25: (128, 8, 92_608),
        28: (256, 16, 267_136),
        31: (512, 32, 1_058_560),
    },
}
HEAD_S = 1_475_065


def row_shapes(model, size):
    """Return the output shape of every row but the head."""
    shapes = {}
    for row in list(model.model)[:-1]:
        row.register_forward_hook(lambda m, _, out: shapes.__setitem__(m.i, tuple(out.shape)))
    with torch.no_grad():
        model.eval()(torch.rand(1, 3, *size))
    return shapes


@pytest.mark.trains
class TestParameters:
    @pytest.mark.parametrize(
        ("name", "fused", "unfused"),
        [
            ("wlnet-t-base.yaml", 2_935_705, 2_943_113),
            ("wlnet-n-base.yaml", 3_873_785, 3_885_385),
            ("wlnet-base.yaml", 14_171_225, 14_193_817),  # paper 14.17 M
            ("wlnet-m-base.yaml", 32_083_161, 32_117_609),
            ("wlnet-l-base.yaml", 54_402_009, 54_447_801),
            ("wlnet-x-base.yaml", 84_947_065, 85_004_297),
            ("wlnet-t-vov.yaml", 2_810_841, 2_818_409),
            ("wlnet-n-vov.yaml", 3_349_625, 3_359_913),
            ("wlnet-vov.yaml", 12_074_329, 12_094_297),
            ("wlnet-m-vov.yaml", 25_963_161, 25_994_345),
            ("wlnet-l-vov.yaml", 42_842_585, 42_884_665),
            ("wlnet-x-vov.yaml", 66_872_825, 66_925_417),
            ("wlnet-t.yaml", 2_708_249, 2_715_625),
            ("wlnet-n.yaml", 3_240_889, 3_250_985),
            ("wlnet.yaml", 11_652_057, 11_671_641),
            ("wlnet-m.yaml", 24_100_377, 24_130_409),
            ("wlnet-l.yaml", 37_900_505, 37_940_281),
            ("wlnet-x.yaml", 59_159_225, 59_208_937),
        ],
    )
    def test_count__fused_and_unfused(self, name, fused, unfused):
        model = build_wlnet(name)
        assert num_params(model) == unfused
        assert num_params(model.fuse(verbose=False)) == fused
        assert not batch_norms(model)

    @pytest.mark.parametrize(
        ("name", "fused", "unfused"),
        [
            ("wlnet-n.yaml", 3_471_577, 3_481_961),
            ("wlnet.yaml", 12_574_233, 12_594_393),  # paper 12.57 M
            ("wlnet-m.yaml", 25_594_137, 25_624_937),
            ("wlnet-l.yaml", 39_818_329, 39_859_001),
        ],
    )
    def test_count__with_the_weights_that_never_run(self, name, fused, unfused):
        """The published VoVGSCSP declares a 3x3 convolution of half its width, with batch normalisation."""
        model = build_wlnet(name)
        halves = [m.partial.conv.out_channels for m in model.modules() if isinstance(m, VoVGSCSP)]
        assert num_params(model) + sum(9 * h**2 + 2 * h for h in halves) == unfused
        assert num_params(model.fuse(verbose=False)) + sum(9 * h**2 + h for h in halves) == fused


@pytest.mark.trains
class TestGFLOPs:
    @pytest.mark.parametrize(
        ("name", "at_640"),
        [
            ("wlnet-t-base.yaml", 11.536),
            ("wlnet-n-base.yaml", 13.383),
            ("wlnet-base.yaml", 47.761),  # paper 47.8
            ("wlnet-m-base.yaml", 123.090),
            ("wlnet-l-base.yaml", 246.335),
            ("wlnet-x-base.yaml", 384.426),
            ("wlnet-t-vov.yaml", 11.006),
            ("wlnet-n-vov.yaml", 11.935),
            ("wlnet-vov.yaml", 41.981),
            ("wlnet-m-vov.yaml", 104.999),
            ("wlnet-l-vov.yaml", 206.528),
            ("wlnet-n.yaml", 11.371),
            ("wlnet.yaml", 39.805),  # paper 39.8
            ("wlnet-m.yaml", 95.443),
            ("wlnet-l.yaml", 181.204),
            ("wlnet-x.yaml", 282.663),
        ],
    )
    def test_count__as_the_paper_counts(self, name, at_640):
        """At 32 px times 400, folded by Ultralytics alone: so did the counter of the paper's time."""
        model = SegmentationModel.fuse(build_wlnet(name), verbose=False)
        assert len(batch_norms(model)) == 1  # the hypergraph's
        assert round(2 * 400 * count_macs(model, 32, older=True) / 1e9, 3) == at_640


def kept_for_backward(module, x):
    """Return the bytes that autograd keeps of a forward pass, parameters left out."""
    kept = []  # the tensors themselves: a storage that is freed gives its address away
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        out = module(x)
    own = {p.untyped_storage().data_ptr() for p in module.parameters()}
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in kept}
    del out
    return sum(size for place, size in storages.items() if place not in own)


@pytest.mark.trains
class TestMemory:
    def test_hypergraph__small_part_of_a_training_step_at_1280(self):
        """The network from 320 px, since all but the hypergraph grows with the area; that one on its 80 x 80 nodes."""
        model = build_wlnet("wlnet.yaml").train()
        whole = 16 * kept_for_backward(model, torch.rand(1, 3, 320, 320))
        assert whole > 2 * 2**30
        nodes = torch.rand(1, 256, 80, 80, requires_grad=True)
        assert 80**4 < kept_for_backward(model.model[16], nodes) < 0.03 * whole


class TestRows:
    @pytest.mark.parametrize("size", [(640, 640), (96, 160)])
    @pytest.mark.parametrize("name", OWN_ROWS_S)
    def test_shape__and_parameters_of_each(self, name, size):
        model = build_wlnet(name)
        want = {**ROWS_S, **OWN_ROWS_S[name]}
        shapes = {i: (1, c, size[0] // stride, size[1] // stride) for i, (c, stride, _) in want.items()}
        assert row_shapes(model, size) == shapes
        assert [num_params(row) for row in model.model] == [*(want[i][2] for i in range(32)), HEAD_S]

    def test_size__not_a_multiple_of_32(self):
        with pytest.raises(RuntimeError, match="Sizes of tensors must match"):
            row_shapes(build_wlnet(), (100, 100))
