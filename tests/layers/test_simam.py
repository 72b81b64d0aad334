"""SimAM against loops over its definition, and its behaviour in half precision."""

import math

import pytest
import torch

from lidd_yolo.layers.simam import SimAM
from tests.helpers.checks import assert_exports, noise, num_params


def _simam_by_loops(x: torch.Tensor, e_lambda: float) -> torch.Tensor:
    """Apply the definition to one channel at a time, in Python floats."""
    out = torch.zeros_like(x)
    for b in range(x.shape[0]):
        for c in range(x.shape[1]):
            values = x[b, c].flatten().tolist()
            mean = sum(values) / len(values)
            deviations = [(v - mean) ** 2 for v in values]
            variance = sum(deviations) / (len(values) - 1)
            weighted = [
                v / (1 + math.exp(-(d / (4 * (variance + e_lambda)) + 0.5)))
                for v, d in zip(values, deviations, strict=True)
            ]
            out[b, c] = torch.tensor(weighted, dtype=x.dtype).view_as(x[b, c])
    return out


class TestSimAM:
    @pytest.mark.parametrize("size", [(1, 2), (3, 3), (5, 4)])
    @pytest.mark.parametrize("e_lambda", [1e-4, 0.5])
    def test_forward__equals_loops(self, size, e_lambda):
        x = noise(2, 3, *size, dtype=torch.float64)
        torch.testing.assert_close(SimAM(e_lambda)(x), _simam_by_loops(x, e_lambda), rtol=0, atol=1e-12)

    def test_forward__by_hand(self):
        # Values 0 and 2: mean 1, both deviations 1, variance 2, exponent 1 / 8 + 0.5 (without the regulariser).
        out = SimAM(0.0)(torch.tensor([[[[0.0, 2.0]]]]))
        assert out[0, 0, 0].tolist() == pytest.approx([0.0, 2 / (1 + math.exp(-0.625))])

    @pytest.mark.parametrize("size", [(1, 1), (4, 3)])
    def test_forward__constant_map(self, size):
        """Without deviation, or with one position only, the weight is sigmoid(0.5)."""
        x = torch.full((2, 3, *size), 7.0)
        torch.testing.assert_close(SimAM()(x), x / (1 + math.exp(-0.5)))

    @pytest.mark.parametrize("std", [1e-3, 1.0, 30.0, 300.0])
    def test_float16__close_to_float32(self, std):
        x = (noise(1, 4, 60, 60) * std).half()
        want = SimAM()(x.float())
        got = SimAM()(x)
        assert got.dtype == torch.float16
        assert ((got.float() - want).abs().max() / want.abs().max()).item() < 1e-3

    def test_bfloat16__close_to_float32(self):
        x = noise(1, 4, 60, 60).bfloat16()
        want = SimAM()(x.float())
        assert ((SimAM()(x).float() - want).abs().max() / want.abs().max()).item() < 5e-3

    def test_autocast__statistics_stay_float32(self):
        x = noise(1, 4, 20, 20) * 300
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(SimAM()(x), SimAM()(x.clone()))
            out = SimAM()(x)
        assert torch.equal(out, SimAM()(x))

    @pytest.mark.parametrize("size", [(1, 2), (3, 3), (5, 4)])
    @pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (50.0, 0.1), (0.0, 1e-3)])
    def test_fixed_size__same_values(self, size, mean, std):
        x = noise(2, 3, *size, dtype=torch.float64) * std + mean
        layer = SimAM()
        layer.fixed_size = True
        torch.testing.assert_close(layer(x), _simam_by_loops(x, 1e-4), rtol=0, atol=1e-9)

    def test_fixed_size__one_position(self):
        layer, x = SimAM(), torch.full((2, 3, 1, 1), 7.0)
        layer.fixed_size = True
        torch.testing.assert_close(layer(x), x / (1 + math.exp(-0.5)))

    def test_parameters__none(self):
        assert num_params(SimAM()) == 0
        assert not SimAM().state_dict()

    def test_gradient__gradcheck(self):
        x = noise(1, 2, 3, 2, dtype=torch.float64).requires_grad_()
        assert torch.autograd.gradcheck(SimAM(), (x,))

    def test_repr__names_the_regulariser(self):
        assert repr(SimAM(0.5)) == "SimAM(e_lambda=0.5)"

    def test_export__parity(self):
        assert_exports(SimAM(), noise(1, 4, 6, 5))

    def test_trace__size_stays_dynamic(self):
        """The number of positions enters the variance, so a size baked into the trace would show."""
        traced = torch.jit.trace(SimAM(), noise(1, 2, 3, 3), check_trace=False)
        x = noise(1, 2, 9, 2)
        torch.testing.assert_close(traced(x), SimAM()(x))
