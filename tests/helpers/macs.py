"""Count multiply-adds as the papers do: what thop counts, plus what its hooks cannot see."""

import torch
from torch import Tensor, nn
from ultralytics.nn.modules.block import DFL

from lidd_yolo.layers.msffm import SharedDilatedConv

_PER_BATCH_NORM_ELEMENT = 4
_PER_BILINEAR_ELEMENT = 11


def count_macs(model: nn.Module, size: int, *, older: bool = False) -> int:
    """Return the multiply-adds of one image of ``size`` x ``size``, in eval mode.

    Convolutions and projections, 4 for each element of a batch normalisation, 11 for each output of a bilinear
    upsampling and 1 for each output of an average pooling; max-pooling, activations, additions, SimAM, the products of
    a hypergraph, the decoding of boxes and nearest upsampling are free. A transposed convolution counts as if every
    output saw the whole kernel: four times too much for a kernel of 2 and stride 2. The kernel that `SharedDilatedConv`
    applies functionally counts once for each dilation. The model must not hold unmerged DO-Convs, whose composed kernel
    no hook sees.

    Args:
        model: Network.
        size: Side of the image in pixels.
        older: Count the decoding of boxes and 1 for each output of a nearest upsampling, as thop did up to 2025.
    """
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, SharedDilatedConv) and module.weight is not None:
            total += len(module.rates) * inputs[0].numel() * module.weight[0].numel()
        elif isinstance(output, Tensor):
            total += output.numel() * _per_output(module, older=older)

    free = {id(part) for dfl in model.modules() if isinstance(dfl, DFL) and not older for part in dfl.modules()}
    handles = [m.register_forward_hook(count) for m in model.modules() if id(m) not in free]
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, 3, size, size))
    finally:
        for handle in handles:
            handle.remove()
    return total


def _per_output(module: nn.Module, *, older: bool) -> int:
    """Return the multiply-adds of a layer for each number that it gives; 0 for what is made of other layers."""
    if isinstance(module, nn.ConvTranspose2d):
        return module.weight[:, 0].numel()
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        return module.weight[0].numel()
    if isinstance(module, nn.BatchNorm2d):
        return _PER_BATCH_NORM_ELEMENT
    if isinstance(module, nn.Upsample):
        return _PER_BILINEAR_ELEMENT if module.mode == "bilinear" else int(older)
    return int(isinstance(module, nn.AvgPool2d))
