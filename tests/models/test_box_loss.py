"""The blended box loss against a loop over the assigned anchor points, and against Ultralytics' own."""

import math
from types import SimpleNamespace

import pytest
import torch
from ultralytics.utils.loss import BboxLoss

from lidd_yolo.models.box_loss import BlendedBoxLoss, blend_nwd

STRIDES = torch.tensor([8.0, 16.0, 32.0])
REG_MAX = 16


def anchors(height, width):
    points, strides = [], []
    for stride in STRIDES.tolist():
        for y in range(int(height / stride)):
            for x in range(int(width / stride)):
                points.append((x + 0.5, y + 0.5))
                strides.append(stride)
    return torch.tensor(points), torch.tensor(strides)[:, None]


def case(height=64, width=96, seed=0, share=0.3):
    """Return the arguments of the box loss for two images, boxes around their anchor points."""
    draw = torch.Generator().manual_seed(seed)
    points, strides = anchors(height, width)
    n, classes = len(points), 3

    def around():
        reach = torch.rand((2, n, 4), generator=draw) * 3 + 0.2
        return torch.cat((points - reach[..., :2], points + reach[..., 2:]), -1)

    scores = torch.rand((2, n, classes), generator=draw)
    fg_mask = torch.rand((2, n), generator=draw) < share
    dist = torch.randn((2, n, 4 * REG_MAX), generator=draw)
    size = torch.tensor([float(height), float(width)])
    return [dist, around(), points, around(), scores, scores[fg_mask].sum(), fg_mask], [size, strides]


def stock_loss():
    return BboxLoss(REG_MAX)


def call(loss, arguments, extra):
    """Call as this release does: from 8.4 on with image size and strides."""
    stock = loss.stock if isinstance(loss, BlendedBoxLoss) else loss
    return loss(*arguments, *(extra if "stride" in stock.forward.__code__.co_varnames[:10] else []))


def blended(iou_weight, c_rel=0.2):
    return BlendedBoxLoss(stock_loss(), STRIDES, iou_weight, c_rel)


class TestBlendedBoxLoss:
    def test_value__loop_over_assigned_anchor_points(self):
        arguments, extra = case()
        _, pred, _, target, scores, total, fg_mask = arguments
        _, strides = extra
        c, term = 0.2 * 96, 0.0
        for image, anchor in fg_mask.nonzero().tolist():
            p, t = (pred[image, anchor] * strides[anchor]).tolist(), (target[image, anchor] * strides[anchor]).tolist()
            squared = (
                ((p[0] + p[2] - t[0] - t[2]) / 2) ** 2
                + ((p[1] + p[3] - t[1] - t[3]) / 2) ** 2
                + ((p[2] - p[0] - t[2] + t[0]) / 2) ** 2
                + ((p[3] - p[1] - t[3] + t[1]) / 2) ** 2
            )
            term += (1 - math.exp(-math.sqrt(squared) / c)) * scores[image, anchor].sum().item()
        box, dfl = call(blended(0.6), arguments, extra)
        stock_box, stock_dfl = call(stock_loss(), arguments, extra)
        assert box.item() == pytest.approx(0.6 * stock_box.item() + 0.4 * term / total.item(), rel=1e-4)
        assert torch.equal(dfl, stock_dfl)

    def test_value__iou_weight_1_is_the_stock_loss(self):
        arguments, extra = case()
        for got, want in zip(call(blended(1.0), arguments, extra), call(stock_loss(), arguments, extra), strict=True):
            assert torch.equal(got, want)

    def test_value__same_at_twice_the_resolution(self):
        """The same scene at twice the size: every box has twice the cells' pixels, NWD does not change."""
        terms = []
        for factor in (1, 2):
            pred = torch.tensor([[2.0, 2, 6, 6]]) * factor
            points, _ = anchors(64 * factor, 96 * factor)
            n = len(points)
            pred_all, target_all = (torch.zeros((1, n, 4)) for _ in range(2))
            pred_all[0, 5], target_all[0, 5] = pred, torch.tensor([1.0, 2, 7, 5]) * factor
            fg_mask = torch.zeros((1, n), dtype=torch.bool)
            fg_mask[0, 5] = True
            arguments = (pred_all, points, target_all, torch.ones((1, n, 1)), 1.0, fg_mask)
            terms.append(blended(0.6)._nwd_term(*arguments).item())
        assert terms[0] == pytest.approx(terms[1], rel=1e-4)
        assert 0.05 < terms[0] < 0.95

    def test_value__same_on_every_level(self):
        """One error in pixels costs the same whichever level the box is assigned to."""
        points, strides = anchors(64, 96)
        pred, target = torch.tensor([8.0, 8, 40, 56]), torch.tensor([12.0, 4, 50, 50])
        terms = []
        for anchor in (0, 96, len(points) - 1):  # on strides 8, 16, 32
            pred_all, target_all = (torch.zeros((1, len(points), 4)) for _ in range(2))
            pred_all[0, anchor], target_all[0, anchor] = pred / strides[anchor], target / strides[anchor]
            fg_mask = torch.zeros((1, len(points)), dtype=torch.bool)
            fg_mask[0, anchor] = True
            one = (pred_all, points, target_all, torch.ones((1, len(points), 1)), 1.0, fg_mask)
            terms.append(blended(0.6)._nwd_term(*one).item())
        assert terms[0] == pytest.approx(terms[1], rel=1e-5) == pytest.approx(terms[2], rel=1e-5)

    def test_value__nothing_assigned(self):
        arguments, extra = case(share=0.0)
        arguments[1].requires_grad_()
        arguments[5] = torch.tensor(1.0)
        box, _ = call(blended(0.6), arguments, extra)
        assert box.item() == 0
        box.backward()
        assert torch.equal(arguments[1].grad, torch.zeros_like(arguments[1]))

    def test_value__float32_inside_autocast(self):
        arguments, extra = case()
        half = [a.bfloat16() if i in (0, 1) else a for i, a in enumerate(arguments)]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            box, _ = call(blended(0.0), half, extra)
        want, _ = call(blended(0.0), [half[0].float(), half[1].float(), *arguments[2:]], extra)
        assert box.item() == pytest.approx(want.item(), rel=1e-6)


class TestBlendNWD:
    def test_blend__both_parts_of_an_end_to_end_criterion(self):
        parts = [SimpleNamespace(bbox_loss=stock_loss(), stride=STRIDES) for _ in range(2)]
        criterion = SimpleNamespace(one2many=parts[0], one2one=parts[1])
        assert blend_nwd(criterion, 0.6, 0.2) is criterion
        assert all(isinstance(part.bbox_loss, BlendedBoxLoss) for part in parts)

    @pytest.mark.parametrize("loss", [None, torch.nn.L1Loss()])
    def test_blend__criterion_without_such_a_box_loss(self, loss):
        criterion = SimpleNamespace(bbox_loss=loss, stride=STRIDES)
        with pytest.raises(RuntimeError, match="cannot be blended into SimpleNamespace"):
            blend_nwd(criterion, 0.6, 0.2)
