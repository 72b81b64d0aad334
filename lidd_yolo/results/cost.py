"""Parameters, multiply-adds and floating-point operations of a network, by two counters.

One multiply-add (MAC) is two floating-point operations (FLOPs); papers print either as "FLOPs". The counter
``thop`` knows layers: convolutions, and by a rule each also interpolations, poolings and normalisations. Torch's
``FlopCounterMode`` knows the operations convolution and matrix product, wherever they are called, and nothing else.
"""

from __future__ import annotations

import copy
from importlib import import_module
from pathlib import Path
from typing import Any

_PART = 0.001
"""Share of the network's cost from which a layer's difference is worth a line."""
_DIFFERENCE = 0.01


def count(weights: Path | str, imgsz: int) -> dict[str, Any]:
    """Count a network in the form that predicts: every branch merged, every normalisation folded.

    Args:
        weights: Checkpoint or model YAML.
        imgsz: Side of the network's input in pixels; batch 1.

    Returns:
        ``imgsz``; ``parameters`` as trained, with what only training needs; ``parameters_folded``; ``macs`` by thop;
        ``gflops``, twice that in thousand millions; ``flops_torch``; ``difference``, relative, of ``flops_torch`` to
        ``2 * macs``; ``differing_layers``: where the counters differ by more than 1 % of a layer and 0.1 % of the
        network, ``layer``, ``type``, ``macs`` and ``macs_torch`` without the layer's own layers.
    """
    import torch  # noqa: PLC0415 - seconds to import
    from ultralytics import YOLO  # noqa: PLC0415

    model = YOLO(weights).model.float().cpu()
    trained = type(model)(copy.deepcopy(model.yaml), verbose=False)
    model.fuse(verbose=False)
    model.eval()
    picture = torch.zeros(1, int(model.yaml.get("channels", 3)), imgsz, imgsz)
    macs, by_layer = _count_thop(model, picture)
    flops, by_layer_torch = _count_torch(model, picture)
    return {
        "imgsz": imgsz,
        "parameters": _parameters(trained),
        "parameters_folded": _parameters(model),
        "macs": macs,
        "gflops": 2 * macs / 1e9,
        "flops_torch": flops,
        "difference": round(flops / (2 * macs) - 1, 5),
        "differing_layers": _differing(model, by_layer, by_layer_torch, macs),
    }


def _parameters(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _count_thop(model: Any, picture: Any) -> tuple[int, dict[str, int]]:
    """Return all multiply-adds, and those of each layer without its own layers."""
    total, _, tree = import_module("thop").profile(
        copy.deepcopy(model), inputs=(picture,), verbose=False, ret_layer_info=True
    )
    own: dict[str, int] = {}

    def walk(name: str, macs: float, children: dict[str, Any]) -> None:
        own[name] = round(macs - sum(child[0] for child in children.values()))
        for key, (below, _, grandchildren) in children.items():
            walk(f"{name}.{key}".lstrip("."), below, grandchildren)

    walk("", total, tree)
    return round(total), own


def _count_torch(model: Any, picture: Any) -> tuple[int, dict[str, int]]:
    """Return all floating-point operations, and multiply-adds of each layer without its own layers."""
    import torch  # noqa: PLC0415 - seconds to import
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415

    own = {name: 0 for name, _ in model.named_modules()}
    running: list[str] = []
    seen = 0
    counter = FlopCounterMode(display=False)

    def settle() -> None:
        """Give what was counted since the last change of layer to the layer that was running."""
        nonlocal seen
        now = int(counter.get_total_flops())
        if running:
            own[running[-1]] += (now - seen) // 2
        seen = now

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


def _differing(model: Any, thop: dict[str, int], torch_macs: dict[str, int], total: int) -> list[dict[str, Any]]:
    """Return the layers that explain a difference.

    What thop finds outside every layer it knows, products of tensors, stands at the network itself; where these are
    the products that torch finds in layers without a rule of thop's, there is nothing to explain.
    """
    without_rule = [name for name, macs in torch_macs.items() if name and macs and not thop.get(name, 0)]
    if thop[""] - torch_macs[""] == sum(torch_macs[name] for name in without_rule):
        thop = {**thop, "": torch_macs[""], **{name: torch_macs[name] for name in without_rule}}
    rows = []
    for name, module in model.named_modules():
        one, other = thop.get(name, 0), torch_macs[name]
        if abs(one - other) > max(_DIFFERENCE * max(one, other), _PART * total):
            rows.append({"layer": name, "type": type(module).__name__, "macs": one, "macs_torch": other})
    return rows
