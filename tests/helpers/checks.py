"""Checks that every layer must pass, whatever it computes."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from tests.helpers.randomise import randomise_batch_norm

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def num_params(module: nn.Module) -> int:
    """Return the number of parameters."""
    return sum(p.numel() for p in module.parameters())


def batch_norms(module: nn.Module) -> list[nn.BatchNorm2d]:
    """Return every batch normalisation in ``module``."""
    return [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]


def noise(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    """Return reproducible normal noise."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def assert_close_to_size(got: Tensor, want: Tensor) -> None:
    """Assert equality up to the tolerance of the dtype, relative to the largest value but at least 1."""
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    error = (got - want).abs().max().item()
    assert error <= TOLERANCE[want.dtype] * max(1.0, want.abs().max().item())


def assert_every_parameter_learns(module: nn.Module, *x: Tensor) -> None:
    """Assert a finite and non-zero gradient for every parameter, from a weighted sum of the outputs.

    Batch normalisation keeps its running statistics: with those of the batch it takes away every constant before it, so
    that the gradient of such a constant is zero but for rounding, which differs between processors.
    """
    module.train()
    for norm in batch_norms(module):
        norm.eval()
    out = module(*x)
    (out * noise(*out.shape, seed=99)).sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


def assert_fold_keeps_output(module: nn.Module, fold: Callable[[nn.Module], object], *shape: int) -> nn.Module:
    """Assert that ``fold`` keeps the output of a randomised copy in float64 and float32; return the last copy."""
    for dtype in TOLERANCE:
        folded = randomise_batch_norm(deepcopy(module), seed=1).to(dtype).eval()
        x = noise(*shape, dtype=dtype)
        with torch.no_grad():
            want = folded(x)
            fold(folded)
            assert_close_to_size(folded(x), want)
            fold(folded)
            assert_close_to_size(folded(x), want)
    return folded


def assert_exports(module: nn.Module, x: Tensor) -> None:
    """Assert that ``torch.export`` keeps the output."""
    module.eval()
    with torch.no_grad():
        exported = torch.export.export(module, (x,)).module()
        torch.testing.assert_close(exported(x), module(x))


def assert_gradients_are_exact(module: nn.Module, *shape: int) -> None:
    """Assert in float64 that the gradients of input and parameters are those of finite differences."""
    module = randomise_batch_norm(deepcopy(module), seed=1).double().eval()
    x = noise(*shape, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, *_: module(x), (x, *module.parameters()))
