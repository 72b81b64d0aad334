"""A network's operations by two counters, layer by layer: what they tell apart, and where.

``thop`` knows layers: convolutions, and by a rule each also interpolations, poolings and normalisations. Torch's
``FlopCounterMode`` knows the operations convolution and matrix product, wherever they are called, and nothing else.
"""

import copy
from typing import Any

import thop
import torch
from torch.utils.flop_counter import FlopCounterMode
from ultralytics import YOLO

_PART = 0.001  # share of the network's cost from which a layer's difference is worth a line
_DIFFERENCE = 0.01


def by_both_counters(weights: str, imgsz: int) -> dict[str, Any]:
    """Return ``macs`` by thop, ``flops_torch``, and ``differing_layers`` of a network in the form that predicts."""
    model = YOLO(weights).model.float().cpu()
    model.fuse(verbose=False)
    model.eval()
    picture = torch.zeros(1, 3, imgsz, imgsz)
    macs, by_layer = count_by_thop(model, picture)
    flops, by_layer_torch = count_by_torch(model, picture)
    rows = differing_layers(model, by_layer, by_layer_torch, macs)
    return {"macs": macs, "flops_torch": flops, "differing_layers": rows}


def count_by_thop(model: Any, picture: Any) -> tuple[int, dict[str, int]]:
    """Return all multiply-adds, and those of each layer without its own layers."""
    total, _, tree = thop.profile(copy.deepcopy(model), inputs=(picture,), verbose=False, ret_layer_info=True)
    own: dict[str, int] = {}

    def walk(name: str, macs: float, children: dict[str, Any]) -> None:
        own[name] = round(macs - sum(child[0] for child in children.values()))
        for key, (below, _, grandchildren) in children.items():
            walk(f"{name}.{key}".lstrip("."), below, grandchildren)

    walk("", total, tree)
    return round(total), own


def count_by_torch(model: Any, picture: Any) -> tuple[int, dict[str, int]]:
    """Return all floating-point operations, and multiply-adds of each layer without its own layers."""
    own = {name: 0 for name, _ in model.named_modules()}
    running: list[str] = []
    counted = 0
    counter = FlopCounterMode(display=False)

    def settle() -> None:
        """Give what was counted since the last change of layer to the layer that was running."""
        nonlocal counted
        now = int(counter.get_total_flops())
        if running:
            own[running[-1]] += (now - counted) // 2
        counted = now

    def entering(name: str) -> Any:
        def enter(*_: Any) -> None:
            settle()
            running.append(name)

        return enter

    def leave(*_: Any) -> None:
        settle()
        running.pop()

    handles = [
        handle
        for name, module in model.named_modules()
        for handle in (module.register_forward_pre_hook(entering(name)), module.register_forward_hook(leave))
    ]
    try:
        with torch.no_grad(), counter:
            model(picture)
    finally:
        for handle in handles:
            handle.remove()
    return int(counter.get_total_flops()), own


def differing_layers(
    model: Any, by_thop: dict[str, int], torch_macs: dict[str, int], total: int
) -> list[dict[str, Any]]:
    """Return the layers that explain a difference.

    What thop finds outside every layer it knows, products of tensors, stands at the network itself; where these are
    the products that torch finds in layers without a rule of thop's, there is nothing to explain.
    """
    without_rule = [name for name, macs in torch_macs.items() if name and macs and not by_thop.get(name, 0)]
    if by_thop[""] - torch_macs[""] == sum(torch_macs[name] for name in without_rule):
        by_thop = {**by_thop, "": torch_macs[""], **{name: torch_macs[name] for name in without_rule}}
    rows = []
    for name, module in model.named_modules():
        one, other = by_thop.get(name, 0), torch_macs[name]
        if abs(one - other) > max(_DIFFERENCE * max(one, other), _PART * total):
            rows.append({"layer": name, "type": type(module).__name__, "macs": one, "macs_torch": other})
    return rows
