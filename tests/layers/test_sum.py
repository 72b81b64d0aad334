"""Sum by hand."""

import torch

from lidd_yolo.layers.sum import Sum


class TestSum:
    def test_forward__three_maps(self):
        maps = [torch.full((1, 2, 3, 3), v) for v in (1.0, 2.0, 4.0)]
        assert (Sum()(maps) == 7).all()
        assert [m.max().item() for m in maps] == [1.0, 2.0, 4.0]

    def test_forward__single_map(self):
        x = torch.rand(1, 2, 3, 3)
        assert torch.equal(Sum()([x]), x)

    def test_gradient__reaches_each_map(self):
        maps = [torch.zeros(1, 2, 3, 3, requires_grad=True) for _ in range(2)]
        Sum()(maps).sum().backward()
        assert all((m.grad == 1).all() for m in maps)
