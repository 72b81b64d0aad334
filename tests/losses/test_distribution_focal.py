"""Distribution focal loss: values by hand, its minimum, clamping, gradients, extreme and half-precision inputs."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from lidd_yolo.losses.generalized_focal import distribution_focal_loss
from tests.helpers.checks import noise

BINS = 8


def _logits_of(*probabilities):
    return torch.tensor(probabilities, dtype=torch.float64).log()


class TestDistributionFocalLoss:
    @pytest.mark.parametrize("distance", [0.0, 0.3, 2.0, 3.75, 6.9])
    def test_value__uniform_distribution(self, distance):
        """All probabilities 1 / 8, and the two weights add up to 1: log 8 for every distance."""
        loss = distribution_focal_loss(torch.zeros(BINS, dtype=torch.float64), torch.tensor(distance).double())
        assert loss.item() == pytest.approx(math.log(8), abs=1e-12)

    @pytest.mark.parametrize(
        ("distance", "want"),
        [
            (1.0, -math.log(0.3)),  # a whole distance: only its own bin
            (0.0, -math.log(0.2)),
            (1.25, -0.75 * math.log(0.3) - 0.25 * math.log(0.4)),
            (0.5, -0.5 * math.log(0.2) - 0.5 * math.log(0.3)),
            (2.5, -0.5 * math.log(0.4) - 0.5 * math.log(0.1)),
        ],
    )
    def test_value__by_hand(self, distance, want):
        loss = distribution_focal_loss(_logits_of(0.2, 0.3, 0.4, 0.1), torch.tensor(distance, dtype=torch.float64))
        assert loss.item() == pytest.approx(want, abs=1e-12)

    @pytest.mark.parametrize(("distance", "clamped"), [(-5.0, 0.0), (-0.01, 0.0), (7.0, 6.9), (1000.0, 6.9)])
    def test_distance__clamped_to_the_bins(self, distance, clamped):
        """Beyond the last bin the target is 0.1 bin 6 and 0.9 bin 7; below 0 it is bin 0."""
        logits = noise(BINS, dtype=torch.float64)
        log_p = F.log_softmax(logits, 0)
        want = -(log_p[0] if clamped == 0 else 0.1 * log_p[6] + 0.9 * log_p[7]).item()
        loss = distribution_focal_loss(logits, torch.tensor(distance, dtype=torch.float64))
        assert loss.item() == pytest.approx(want, abs=1e-12)

    def test_value__equals_cross_entropy_with_both_neighbours(self):
        logits = noise(30, BINS, dtype=torch.float64)
        distance = noise(30, dtype=torch.float64, seed=1).sigmoid() * 6.8
        for z, d, got in zip(logits, distance.tolist(), distribution_focal_loss(logits, distance), strict=True):
            target = torch.zeros(BINS, dtype=torch.float64)
            target[int(d)], target[int(d) + 1] = 1 - d % 1, d % 1
            assert got.item() == pytest.approx(F.cross_entropy(z[None], target[None]).item(), abs=1e-12)

    def test_gradient__is_softmax_minus_target(self):
        """So the best distribution for 2.3 is 0.7 at 2 and 0.3 at 3, whose expectation is 2.3."""
        logits = noise(BINS, dtype=torch.float64).requires_grad_()
        distribution_focal_loss(logits, torch.tensor(2.3, dtype=torch.float64)).backward()
        target = torch.tensor([0, 0, 0.7, 0.3, 0, 0, 0, 0], dtype=torch.float64)
        torch.testing.assert_close(logits.grad, logits.detach().softmax(0) - target, rtol=0, atol=1e-12)

    def test_shift__of_all_logits_changes_nothing(self):
        logits, distance = noise(5, BINS, dtype=torch.float64), torch.tensor([0.2, 1.0, 3.3, 5.9, 6.5]).double()
        shifted = distribution_focal_loss(logits + 7, distance)
        torch.testing.assert_close(distribution_focal_loss(logits, distance), shifted, rtol=0, atol=1e-12)

    def test_gradient__is_the_numeric_one(self):
        logits = noise(6, BINS, dtype=torch.float64).requires_grad_()
        distance = torch.tensor([0.2, 1.4, 3.3, 5.9, 6.5, 2.7], dtype=torch.float64)
        assert gradcheck(distribution_focal_loss, (logits, distance))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
    def test_extreme_logits__finite(self, dtype):
        """All probability in bin 0: right for distance 0, 200 nats wrong for distance 3."""
        row = [100.0] + [-100.0] * (BINS - 1)
        logits = torch.tensor([row, row], dtype=dtype, requires_grad=True)
        loss = distribution_focal_loss(logits, torch.tensor([0.0, 3.0], dtype=dtype))
        loss.float().sum().backward()
        assert loss.tolist() == [0, 200]
        assert logits.grad.isfinite().all()

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half__near_float32(self, dtype):
        logits, distance = noise(50, BINS).to(dtype), (noise(50, seed=1).sigmoid() * 7).to(dtype)
        want = distribution_focal_loss(logits.float(), distance.float())
        got = distribution_focal_loss(logits, distance)
        assert got.isfinite().all()
        torch.testing.assert_close(got.float(), want, rtol=0, atol=0.1)

    def test_shape__leading_axes(self):
        assert distribution_focal_loss(torch.zeros(2, 5, 4, BINS), torch.zeros(2, 5, 4)).shape == (2, 5, 4)
        assert distribution_focal_loss(torch.zeros(2, 0, 4, BINS), torch.zeros(2, 0, 4)).sum() == 0
