"""Count multiply-adds as the paper's comparison tables do: what thop counts, plus what its hooks cannot see."""

import torch
from torch import Tensor, nn
from ultralytics.nn.modules.block import DFL

from lidd_yolo.layers.msffm import SharedDilatedConv

_PER_BATCH_NORM_ELEMENT = 4
_PER_BILINEAR_ELEMENT = 11


def count_macs(model: nn.Module, size: int) -> int:
    """Return the multiply-adds of one image of ``size`` x ``size``, in eval mode.

    Convolutions, 4 for each element of a batch normalisation, 11 for each output of a bilinear upsampling and 1 for
    each output of an average pooling; max-pooling, activations, additions, SimAM and the decoding of boxes are free.
    The kernel that `SharedDilatedConv` applies functionally counts once for each dilation. The model must not hold
    unmerged DO-Convs, whose composed kernel no hook sees.
    """
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.BatchNorm2d):
            total += output.numel() * _PER_BATCH_NORM_ELEMENT
        elif isinstance(module, nn.Upsample) and module.mode == "bilinear":
            total += output.numel() * _PER_BILINEAR_ELEMENT
        elif isinstance(module, nn.AvgPool2d):
            total += output.numel()
        elif isinstance(module, SharedDilatedConv) and module.weight is not None:
            total += len(module.rates) * inputs[0].numel() * module.weight[0].numel()

    decoding = {id(part) for dfl in model.modules() if isinstance(dfl, DFL) for part in dfl.modules()}
    handles = [m.register_forward_hook(count) for m in model.modules() if id(m) not in decoding]
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, 3, size, size))
    finally:
        for handle in handles:
            handle.remove()
    return total
