"""Boxes and points against values worked out on paper, plain loops and torchvision."""

import pytest
import torch
from torch.autograd import gradcheck
from torchvision.ops import box_iou

from lidd_yolo.geometry import box_area, boxes_from_ltrb, ltrb_from_boxes, pairwise_iou, points_inside


def _random_boxes(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(*shape, 2, 2, generator=generator, dtype=torch.float64) * 10
    return torch.cat((corners.amin(-2), corners.amax(-2)), -1)


class TestBoxArea:
    def test_value__by_hand(self):
        boxes = torch.tensor([[1.0, 2.0, 4.0, 7.0], [0.0, 0.0, 0.0, 9.0], [-2.0, -2.0, -1.0, 0.0]])
        assert box_area(boxes).tolist() == [15, 0, 2]

    @pytest.mark.parametrize("inverted", [(4, 2, 1, 7), (1, 7, 4, 2), (4, 7, 1, 2)])
    def test_value__inverted_box_is_empty(self, inverted):
        assert box_area(torch.tensor(inverted, dtype=torch.float32)) == 0

    def test_shape__leading_axes(self):
        assert box_area(torch.zeros(2, 3, 5, 4)).shape == (2, 3, 5)


class TestPairwiseIoU:
    def test_value__by_hand(self):
        """A 4 x 4 box against itself, a quarter shared with a 4 x 4 box, a 2 x 1 box inside, a touching and a far box.

        Quarter: overlap 4, union 16 + 16 - 4. Inside: overlap 2, union 16.
        """
        first = torch.tensor([[0, 0, 4, 4]], dtype=torch.float64)
        second = [[0, 0, 4, 4], [2, 2, 6, 6], [1, 1, 3, 2], [4, 0, 8, 4], [9, 9, 10, 10]]
        iou = pairwise_iou(first, torch.tensor(second, dtype=torch.float64))
        torch.testing.assert_close(iou, torch.tensor([[1, 4 / 28, 2 / 16, 0, 0]], dtype=torch.float64))

    def test_value__equals_torchvision(self):
        first, second = _random_boxes(7), _random_boxes(5, seed=1)
        torch.testing.assert_close(pairwise_iou(first, second), box_iou(first, second), rtol=0, atol=1e-12)

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
    def test_value__equal_boxes_exactly_one(self, dtype):
        """Whole IoUs are added up and truncated by the assigner: 0.999999999 twice would count as 1."""
        boxes = _random_boxes(50).to(dtype)
        assert pairwise_iou(boxes, boxes).diagonal().tolist() == [1.0] * 50

    def test_value__boxes_without_area(self):
        point = torch.tensor([[3.0, 3.0, 3.0, 3.0]])
        inverted = torch.tensor([[4.0, 4.0, 2.0, 2.0]])
        box = torch.tensor([[0.0, 0.0, 9.0, 9.0]])
        for first in (point, inverted):
            for second in (point, inverted, box):
                assert pairwise_iou(first, second).item() == 0

    def test_batch__equals_single_images(self):
        first, second = _random_boxes(3, 7), _random_boxes(3, 5, seed=1)
        got = pairwise_iou(first, second)
        assert got.shape == (3, 7, 5)
        for image in range(3):
            assert torch.equal(got[image], pairwise_iou(first[image], second[image]))

    @pytest.mark.parametrize(("n", "m"), [(0, 5), (5, 0), (0, 0)])
    def test_shape__no_boxes(self, n, m):
        assert pairwise_iou(torch.zeros(2, n, 4), torch.zeros(2, m, 4)).shape == (2, n, m)

    def test_arguments__are_interchangeable(self):
        first, second = _random_boxes(7), _random_boxes(5, seed=1)
        torch.testing.assert_close(pairwise_iou(first, second), pairwise_iou(second, first).T, rtol=0, atol=1e-15)

    def test_gradient__of_overlapping_boxes(self):
        first = torch.tensor([[0.0, 0.0, 4.0, 4.0]], dtype=torch.float64, requires_grad=True)
        second = torch.tensor([[1.0, 2.0, 6.0, 7.0]], dtype=torch.float64)
        assert gradcheck(pairwise_iou, (first, second))


class TestPointsInside:
    def test_value__border_is_outside(self):
        box = torch.tensor([[2.0, 3.0, 6.0, 5.0]])
        inside = [(4, 4), (2.1, 3.1), (5.9, 4.9)]
        on_border = [(2, 4), (6, 4), (4, 3), (4, 5), (2, 3)]
        outside = [(1, 4), (7, 4), (4, 2), (4, 6), (0, 0)]
        points = torch.tensor(inside + on_border + outside)
        assert points_inside(points, box).flatten().tolist() == [True] * 3 + [False] * 10

    def test_value__equals_loop(self):
        points = torch.rand(11, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 10
        boxes = _random_boxes(3, 5)
        got = points_inside(points, boxes)
        assert got.shape == (3, 11, 5)
        assert 0 < got.sum() < got.numel()
        for image in range(3):
            for a, (x, y) in enumerate(points.tolist()):
                for g, (x1, y1, x2, y2) in enumerate(boxes[image].tolist()):
                    assert got[image, a, g].item() == (x1 < x < x2 and y1 < y < y2)

    def test_value__padding_holds_nothing(self):
        assert not points_inside(torch.zeros(1, 2), torch.zeros(1, 3, 4)).any()


class TestLtrb:
    def test_value__by_hand(self):
        point, box = torch.tensor([5.0, 7.0]), torch.tensor([1.0, 2.0, 11.0, 10.0])
        assert ltrb_from_boxes(point, box).tolist() == [4, 5, 6, 3]
        assert boxes_from_ltrb(point, torch.tensor([4.0, 5.0, 6.0, 3.0])).tolist() == [1, 2, 11, 10]

    def test_value__point_outside_has_negative_distances(self):
        point, box = torch.tensor([0.0, 0.0]), torch.tensor([1.0, 2.0, 11.0, 10.0])
        assert ltrb_from_boxes(point, box).tolist() == [-1, -2, 11, 10]

    def test_round_trip__points_shared_by_images(self):
        points = torch.rand(5, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        boxes = _random_boxes(3, 5)
        ltrb = ltrb_from_boxes(points, boxes)
        assert ltrb.shape == (3, 5, 4)
        torch.testing.assert_close(boxes_from_ltrb(points, ltrb), boxes, rtol=0, atol=1e-12)
