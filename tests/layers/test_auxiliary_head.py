"""Auxiliary training head: counts, shapes, shared weights, start values, gradients."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.auxiliary_head import AuxiliaryHead
from tests.helpers.checks import assert_every_parameter_learns, noise, num_params

KINDS = ["dense", "light"]


def maps(c=64, sizes=((8, 12), (4, 6), (2, 3), (1, 2))):
    """Return one map for each level."""
    return [noise(2, c, *size, seed=i) for i, size in enumerate(sizes)]


class _Joined(nn.Module):
    """Box and class logits in one tensor, for the checks that expect one."""

    def __init__(self, head):
        super().__init__()
        self.head = head

    def forward(self, *levels):
        return torch.cat(self.head(list(levels)), 1)


class TestParameters:
    def test_count__dense_is_nanodet_plus(self):
        """Two towers of 4 x (3x3 192 -> 192, GroupNorm), 3x3 predictions of 6 and 32 with bias, 4 scales."""
        tower = 4 * (9 * 192 * 192 + 2 * 192)
        assert num_params(AuxiliaryHead(192, 6, 8, 4, "dense")) == 2 * tower + 1729 * 6 + 1729 * 32 + 4 == 2_722_986

    def test_count__light(self):
        """Entry 192 -> 96, two towers of 4 x (3x3 depthwise, 96 -> 96, GroupNorm), 1x1 predictions, 4 scales."""
        entry, block = 192 * 96 + 2 * 96, 9 * 96 + 96 * 96 + 2 * 96
        assert num_params(AuxiliaryHead(192, 6, 8, 4, "light")) == entry + 8 * block + 97 * 6 + 97 * 32 + 4 == 104_490

    def test_kind__light_is_the_default(self):
        assert num_params(AuxiliaryHead(192, 6, 8, 4)) == 104_490

    def test_kind__unknown(self):
        with pytest.raises(KeyError, match="heavy"):
            AuxiliaryHead(64, 6, 8, 4, "heavy")

    @pytest.mark.parametrize(("c1", "width"), [(192, 96), (288, 128), (384, 192), (64, 32), (32, 32)])
    def test_width__light_divides_into_groups(self, c1, width):
        head = AuxiliaryHead(c1, 6, 8, 4, "light")
        assert head.cls_pred.in_channels == head.box_pred.in_channels == width
        assert head(maps(c1))[0].isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
class TestForward:
    @pytest.mark.parametrize(("nc", "bins"), [(1, 8), (6, 5)])
    def test_shape(self, kind, nc, bins):
        boxes, scores = AuxiliaryHead(64, nc, bins, 4, kind)(maps())
        points = 96 + 24 + 6 + 2
        assert boxes.shape == (2, 4 * bins, points)
        assert scores.shape == (2, nc, points)

    def test_levels__wrong_number(self, kind):
        with pytest.raises(ValueError, match="zip"):
            AuxiliaryHead(64, 3, 8, 4, kind)(maps()[:3])

    def test_weights__shared_by_all_levels(self, kind):
        """The same map on every level gives the same logits."""
        head = AuxiliaryHead(64, 3, 8, 4, kind)
        boxes, scores = head([noise(2, 64, 4, 6)] * 4)
        for output in (boxes, scores):
            first, *others = output.chunk(4, 2)
            assert all(torch.equal(o, first) for o in others)

    def test_scale__multiplies_the_boxes_of_its_level(self, kind):
        head = AuxiliaryHead(64, 3, 8, 4, kind)
        boxes, scores = head(maps())
        head.scales.data.copy_(torch.tensor([1.0, 3.0, 1.0, 1.0]))
        scaled_boxes, same_scores = head(maps())
        factor = torch.cat([torch.full((n,), f) for n, f in ((96, 1.0), (24, 3.0), (8, 1.0))])
        torch.testing.assert_close(scaled_boxes, boxes * factor, rtol=1e-6, atol=0)
        assert torch.equal(same_scores, scores)

    def test_start__scores_of_one_percent_and_even_distances(self, kind):
        boxes, scores = AuxiliaryHead(64, 3, 8, 4, kind)(maps())
        assert scores.sigmoid().mean().item() == pytest.approx(0.01, abs=0.005)
        assert boxes.abs().max() < 1
        assert boxes.std() > 0

    def test_gradient__reaches_every_parameter(self, kind):
        assert_every_parameter_learns(_Joined(AuxiliaryHead(64, 3, 8, 4, kind)), *maps())

    def test_mode__training_equals_eval(self, kind):
        """Group normalisation keeps no statistics, so nothing depends on the rest of the batch."""
        head, x = AuxiliaryHead(64, 3, 8, 4, kind), maps()
        together = head.train()(x)
        alone = head.eval()([m[:1] for m in x])
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[:1], b, rtol=0, atol=5e-5)

    def test_towers__do_not_share_weights(self, kind):
        head = AuxiliaryHead(64, 3, 8, 4, kind)
        want = head(maps())
        for parameter in head.cls_tower.parameters():
            parameter.data.add_(0.1)
        got = head(maps())
        assert torch.equal(got[0], want[0])
        assert not torch.equal(got[1], want[1])

    def test_activation__own_copy_of_the_default_one(self, kind, monkeypatch):
        shared = nn.LeakyReLU(0.1)
        monkeypatch.setattr(Conv, "default_act", shared)
        acts = [m for m in AuxiliaryHead(64, 3, 8, 4, kind).modules() if isinstance(m, nn.LeakyReLU)]
        assert len(acts) == 8 + (kind == "light")
        assert not any(a is shared for a in acts)


class TestWiring:
    def test_dense__one_block_by_hand(self, monkeypatch):
        monkeypatch.setattr(Conv, "default_act", nn.LeakyReLU(0.1))
        head, x = AuxiliaryHead(64, 3, 8, 1, "dense").double(), noise(2, 64, 5, 4, dtype=torch.float64)
        for tower, pred, output in zip(
            (head.box_tower, head.cls_tower), (head.box_pred, head.cls_pred), head([x]), strict=True
        ):
            y = x
            for conv, norm, _ in tower:
                y = F.conv2d(y, conv.weight, padding=1)
                groups = y.view(2, 32, 2 * 20)
                mean, var = groups.mean(-1, keepdim=True), groups.var(-1, keepdim=True, unbiased=False)
                y = ((groups - mean) / (var + 1e-5).sqrt()).view_as(y)
                y = y * norm.weight.view(-1, 1, 1) + norm.bias.view(-1, 1, 1)
                y = torch.where(y > 0, y, 0.1 * y)
            want = F.conv2d(y, pred.weight, pred.bias, padding=1).flatten(2)
            torch.testing.assert_close(output, want, rtol=0, atol=1e-10)
