"""NWD against hand-computed values, and where its root would have no slope."""

import math

import pytest
import torch

from lidd_yolo.losses.nwd import nwd


def naive(a, b, c):
    """Equations 2 and 3, from centres and sizes."""
    cxa, cya, wa, ha = (a[0] + a[2]) / 2, (a[1] + a[3]) / 2, a[2] - a[0], a[3] - a[1]
    cxb, cyb, wb, hb = (b[0] + b[2]) / 2, (b[1] + b[3]) / 2, b[2] - b[0], b[3] - b[1]
    squared = (cxa - cxb) ** 2 + (cya - cyb) ** 2 + ((wa - wb) / 2) ** 2 + ((ha - hb) / 2) ** 2
    return math.exp(-math.sqrt(squared) / c)


def boxes(n, seed=0):
    start = torch.rand((n, 2), generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 100
    size = torch.rand((n, 2), generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64) * 50 + 1
    return torch.cat((start, start + size), 1)


class TestNWD:
    def test_value__moved_by_3_and_4_pixels(self):
        """Same size, centres 5 px apart: exp(-5 / 10)."""
        value = nwd(torch.tensor([[0.0, 0, 10, 20]]), torch.tensor([[3.0, 4, 13, 24]]), 10.0)
        assert value.item() == pytest.approx(math.exp(-0.5), rel=1e-4)

    def test_value__same_centre_other_size(self):
        """Half widths 2 and 5, half heights 4 and 8: W = 5."""
        value = nwd(torch.tensor([[-2.0, -4, 2, 4]]), torch.tensor([[-5.0, -8, 5, 8]]), 10.0)
        assert value.item() == pytest.approx(math.exp(-0.5), rel=1e-4)

    def test_value__centre_form_of_the_paper(self):
        a, b = boxes(50), boxes(50, seed=7)
        want = torch.tensor([naive(x, y, 43.6) for x, y in zip(a.tolist(), b.tolist(), strict=True)])
        torch.testing.assert_close(nwd(a, b, 43.6)[:, 0], want.double(), rtol=1e-4, atol=0)

    def test_value__symmetric_and_one_for_equal_boxes(self):
        a, b = boxes(20), boxes(20, seed=3)
        assert torch.equal(nwd(a, b, 20.0), nwd(b, a, 20.0))
        assert torch.equal(nwd(a, a, 20.0), torch.ones(20, 1, dtype=torch.float64))

    def test_value__disjoint_boxes_still_differ(self):
        near, far = (nwd(torch.tensor([[0.0, 0, 4, 4]]), torch.tensor([[x, 0.0, x + 4, 4]]), 40.0) for x in (20, 40))
        assert near > far > 0.3

    def test_gradient__exact(self):
        a, b = boxes(6).requires_grad_(), boxes(6, seed=5).requires_grad_()
        assert torch.autograd.gradcheck(lambda a, b: nwd(a, b, 30.0), (a, b))

    def test_gradient__zero_at_equal_boxes(self):
        a = boxes(4).float().requires_grad_()
        nwd(a, a.detach().clone(), 30.0).sum().backward()
        assert torch.equal(a.grad, torch.zeros_like(a))

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_value__half_precision_is_computed_in_float32(self, dtype):
        a, b = boxes(8).to(dtype), boxes(8, seed=9).to(dtype)
        got = nwd(a, b, 30.0)
        assert got.dtype == torch.float32
        assert torch.equal(got, nwd(a.float(), b.float(), 30.0))

    def test_value__no_boxes(self):
        a = torch.zeros((0, 4), requires_grad=True)
        value = nwd(a, torch.zeros((0, 4)), 30.0)
        assert value.shape == (0, 1)
        value.sum().backward()
        assert a.grad.shape == (0, 4)
