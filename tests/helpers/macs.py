"""Count multiply-adds as the paper's comparison tables do: what thop counts, plus what its hooks cannot see."""

import torch
from torch import Tensor, nn

from lidd_yolo.layers.msffm import SharedDilatedConv

PER_BATCH_NORM_ELEMENT = 4
PER_BILINEAR_ELEMENT = 11


def count_macs(model: nn.Module, size: int) -> int:
    """Return the multiply-adds of one image of ``size`` x ``size``, in eval mode.

    Convolutions, 4 for each element of a batch normalisation and 11 for each output of a bilinear upsampling; pooling,
    activations, additions and SimAM are free. The kernel that `SharedDilatedConv` applies functionally counts once for
    each dilation. The model must not hold unmerged DO-Convs, whose composed kernel no hook sees.
    """
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.BatchNorm2d):
            total += output.numel() * PER_BATCH_NORM_ELEMENT
        elif isinstance(module, nn.Upsample) and module.mode == "bilinear":
            total += output.numel() * PER_BILINEAR_ELEMENT
        elif isinstance(module, SharedDilatedConv) and module.weight is not None:
            total += len(module.rates) * inputs[0].numel() * module.weight[0].numel()

    handles = [module.register_forward_hook(count) for module in model.modules()]
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, 3, size, size))
    finally:
        for handle in handles:
            handle.remove()
    return total
