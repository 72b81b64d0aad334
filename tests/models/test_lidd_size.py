"""Size and cost of LIDD-Net in every form, against the paper's tables and against thop."""

import pytest
import thop
import torch
from torch import nn

from lidd_yolo.layers.reparam import reparameterize_model
from tests.helpers.checks import batch_norms
from tests.helpers.lidd_model import build_lidd
from tests.helpers.macs import count_macs


def learnable(module):
    """Return the number of parameters that training changes; the 8 bins of the box decoding are constant."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


class TestSize:
    @pytest.mark.parametrize(
        ("name", "light", "dense", "stripped", "merged", "folded"),
        [
            ("lidd-n.yaml", 1_049_466, 3_667_962, 669_456, 628_368, 626_248),
            ("lidd-s.yaml", 2_153_482, 8_044_234, 1_399_168, 1_337_536, 1_334_352),
            ("lidd-m.yaml", 3_753_010, 14_114_098, 2_390_920, 2_308_744, 2_304_504),
        ],
    )
    def test_parameters__of_every_form(self, name, light, dense, stripped, merged, folded):
        """``merged`` of scale n is the paper's 0.6287 M."""
        assert learnable(build_lidd(name, aux="dense")) == dense
        model = build_lidd(name)
        assert learnable(model) == light
        assert learnable(model.drop_training_branch()) == stripped
        reparameterize_model(model)
        assert learnable(model) == merged
        assert learnable(model.fuse(verbose=False)) == folded
        assert not batch_norms(model)

    def test_parameters__of_the_parts(self):
        """Backbone 262 456 and neck 255 168 once merged, head 110 744, copied neck 275 520."""
        model = build_lidd()
        assert learnable(model.head.latm.neck) == 275_520
        assert learnable(model.head.latm.head) == 104_490
        reparameterize_model(model.drop_training_branch())
        rows = list(model.model)
        assert [sum(map(learnable, part)) for part in (rows[:9], rows[9:-1], rows[-1:])] == [262_456, 255_168, 110_744]

    @pytest.mark.parametrize(
        ("name", "size", "macs"),
        [
            ("lidd-n.yaml", 192, 110_229_120),  # paper 0.1104 G
            ("lidd-n.yaml", 320, 306_192_000),  # paper 0.3064 G
            ("lidd-n.yaml", 480, 689_632_352),  # paper 0.6899 G
            ("lidd-s.yaml", 192, 229_123_008),
            ("lidd-m.yaml", 192, 385_129_728),
        ],
    )
    def test_macs__of_the_merged_network(self, name, size, macs):
        model = build_lidd(name, aux="off")
        reparameterize_model(model)
        assert count_macs(model, size) == macs

    @pytest.mark.parametrize("size", [192, 480])
    def test_macs__thop_misses_the_shared_kernel_only(self, size):
        """thop cannot see three functional 3x3 convolutions of 256 channels; it counts the box decoding, 4 x 8 MACs."""
        model = build_lidd(aux="off")
        reparameterize_model(model)

        def one_per_output(module, _, output):
            module.total_ops += output.numel()

        x = torch.zeros(1, 3, size, size)
        counted, _ = thop.profile(model, inputs=(x,), custom_ops={nn.AvgPool2d: one_per_output}, verbose=False)
        points = sum((-(-size // s)) ** 2 for s in (8, 16, 32, 64))
        assert count_macs(model, size) == counted - 32 * points + 3 * 9 * 256 * (size // 32) ** 2

    def test_macs__convolutions_alone(self):
        """All folded: 103.87 M, besides 11 for each output of two upsamplings and 1 for each average."""
        assert count_macs(build_lidd().fuse(verbose=False), 192) - 11 * 96 * (144 + 576) - 256 * 9 == 103_871_808
