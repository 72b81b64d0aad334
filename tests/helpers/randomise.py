"""Give a fresh network the statistics of a trained one, so that a wrong merge changes its output."""

import torch
from torch import nn

from lidd_yolo.layers.do_conv import DOConv2d


def randomise_batch_norm(model: nn.Module, seed: int) -> nn.Module:
    """Draw the values below in place and return ``model``.

    Statistics and affine parameters of every BN, the factors D of every DO-Conv, and the weights of every convolution
    with a bias: those are prediction layers, whose small start values would hide a difference in their input.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(tensor: torch.Tensor, low: float, high: float) -> None:
        values = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) * (high - low) + low
        tensor.data.copy_(values)

    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            draw(module.weight, 0.5, 1.5)
            draw(module.bias, -0.5, 0.5)
            draw(module.running_mean, -0.5, 0.5)
            draw(module.running_var, 0.3, 2.0)
        elif isinstance(module, DOConv2d) and module.depthwise is not None:
            draw(module.depthwise, -0.5, 0.5)
        elif isinstance(module, nn.Conv2d) and module.bias is not None:
            draw(module.weight, -0.5, 0.5)
    return model
