"""Time the prediction of one picture by several networks side by side in one process: only the ratios mean anything."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lidd_yolo.benchmark.side_by_side import time_in_turn
from lidd_yolo.benchmark.step_time import is_our_network


def measure_latency(
    models: dict[str, Any], *, imgsz: int = 640, threads: int = 1, rounds: int = 15, reference: str
) -> dict[str, Any]:
    """Run every network in turn on one picture on the CPU, ``rounds`` times.

    Args:
        models: Name -> network ready for inference.
        imgsz: Side of the generated picture in pixels.
        threads: Threads of an operator.
        rounds: Rounds after two that warm up.
        reference: Which network the ratios are to.

    Returns:
        For each name the median and smallest seconds and the median of the ratios to the reference of the same round.
    """
    picture = torch.rand(1, 3, imgsz, imgsz, generator=torch.Generator().manual_seed(0))
    timed = {name: partial(_time, model, picture) for name, model in models.items()}
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            return time_in_turn(timed, warm_up=2, rounds=rounds, reference=reference)
    finally:
        torch.set_num_threads(before)


def ways_to_run(name: str) -> dict[str, Any]:
    """Return a network in the ways that matter for its speed on a CPU, each ready for `measure_latency`.

    Args:
        name: Model YAML or checkpoint.

    Returns:
        Under the name itself the network as ``yolo predict`` runs it. Beside it one of ours as Ultralytics alone folds
        it, which tells what our folding brings; a stock one in channels-last order, which ours takes by itself.
    """
    usual = _loaded(name).fuse(verbose=False)
    if is_our_network(usual):
        return {f"{name}, folded by Ultralytics": _folded_by_ultralytics(_loaded(name)), name: usual}
    return {
        name: usual,
        f"{name}, channels-last": _loaded(name).fuse(verbose=False).to(memory_format=torch.channels_last),
    }


def _loaded(name: str) -> Any:
    """Return an unfolded network with activations in place, as Ultralytics loads a checkpoint."""
    from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it

    model = YOLO(name, verbose=False).model.float().eval()
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = True
    return model


def _folded_by_ultralytics(model: Any) -> Any:
    from ultralytics.nn.tasks import BaseModel  # noqa: PLC0415

    return BaseModel.fuse(model, verbose=False)


def _time(model: Any, picture: Tensor) -> float:
    start = time.perf_counter()
    model(picture)
    return time.perf_counter() - start
