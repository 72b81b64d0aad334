"""Quality focal loss: values by hand, the identity with cross-entropy, gradients, extreme and half-precision inputs."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from lidd_yolo.losses.generalized_focal import quality_focal_loss
from tests.helpers.checks import noise


class TestQualityFocalLoss:
    @pytest.mark.parametrize(
        ("logit", "quality", "beta", "want"),
        [
            # score 1/2 everywhere: BCE is log 2 whatever the quality
            (0.0, 0.0, 2.0, 0.25 * math.log(2)),
            (0.0, 1.0, 2.0, 0.25 * math.log(2)),
            (0.0, 0.75, 2.0, 0.0625 * math.log(2)),
            (0.0, 0.75, 1.0, 0.25 * math.log(2)),
            # score 3/4, quality 1/2: BCE = -(log 3/4 + log 1/4) / 2, error 1/4
            (math.log(3), 0.5, 2.0, -(math.log(3 / 4) + math.log(1 / 4)) / 2 / 16),
            # score 1/4, quality 0: BCE = -log 3/4, error 1/4
            (-math.log(3), 0.0, 2.0, -math.log(3 / 4) / 16),
        ],
    )
    def test_value__by_hand(self, logit, quality, beta, want):
        tensors = (torch.tensor(v, dtype=torch.float64) for v in (logit, quality))
        assert quality_focal_loss(*tensors, beta).item() == pytest.approx(want, abs=1e-12)

    def test_beta__defaults_to_two(self):
        logits, quality = noise(9), noise(9, seed=1).sigmoid()
        assert torch.equal(quality_focal_loss(logits, quality), quality_focal_loss(logits, quality, 2.0))

    def test_beta__zero_is_cross_entropy(self):
        logits, quality = noise(4, 7, dtype=torch.float64) * 3, noise(4, 7, dtype=torch.float64, seed=1).sigmoid()
        want = F.binary_cross_entropy(logits.sigmoid(), quality, reduction="none")
        torch.testing.assert_close(quality_focal_loss(logits, quality, 0.0), want, rtol=0, atol=1e-12)

    def test_value__correct_score_costs_nothing(self):
        logits = noise(20, dtype=torch.float64)
        assert quality_focal_loss(logits, logits.sigmoid()).abs().max() == 0

    def test_value__hard_targets_are_focal_loss(self):
        """With quality 1, -log p times (1 - p)^2: the focal loss of Lin et al. without its class balance."""
        p = noise(20, dtype=torch.float64).sigmoid()
        got = quality_focal_loss(p.logit(), torch.ones_like(p))
        torch.testing.assert_close(got, -p.log() * (1 - p) ** 2, rtol=1e-10, atol=0)

    def test_value__symmetric_in_object_and_background(self):
        logits, quality = noise(20, dtype=torch.float64), noise(20, dtype=torch.float64, seed=1).sigmoid()
        mirrored = quality_focal_loss(-logits, 1 - quality)
        torch.testing.assert_close(quality_focal_loss(logits, quality), mirrored, rtol=1e-10, atol=1e-15)

    def test_gradient__is_the_numeric_one(self):
        logits = noise(12, dtype=torch.float64).requires_grad_()
        quality = noise(12, dtype=torch.float64, seed=1).sigmoid()
        assert gradcheck(quality_focal_loss, (logits, quality))

    def test_gradient__pulls_towards_the_quality(self):
        """With equal quality 0.6 a low score must rise and a high score must fall."""
        logits = torch.tensor([-2.0, 3.0], requires_grad=True)
        quality_focal_loss(logits, torch.tensor([0.6, 0.6])).sum().backward()
        assert logits.grad[0] < 0 < logits.grad[1]

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
    def test_extreme_logits__finite(self, dtype):
        """At +-100 a wrong score costs 100, a right one nothing."""
        logits = torch.tensor([100.0, -100.0, 100.0, -100.0], dtype=dtype, requires_grad=True)
        loss = quality_focal_loss(logits, torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=dtype))
        loss.float().sum().backward()
        assert loss.tolist() == [100, 100, 0, 0]
        assert loss.dtype == dtype
        assert logits.grad.isfinite().all()
        assert logits.grad[2:].abs().max() == 0

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half__near_float32(self, dtype):
        logits, quality = noise(50).to(dtype), noise(50, seed=1).sigmoid().to(dtype)
        want = quality_focal_loss(logits.float(), quality.float())
        torch.testing.assert_close(quality_focal_loss(logits, quality).float(), want, rtol=0, atol=0.02)

    def test_shape__kept(self):
        assert quality_focal_loss(torch.zeros(2, 5, 3), torch.zeros(2, 5, 3)).shape == (2, 5, 3)
        assert quality_focal_loss(torch.zeros(2, 0, 3), torch.zeros(2, 0, 3)).sum() == 0
