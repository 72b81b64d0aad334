"""Time the prediction of a batch by several networks side by side in one process: only the ratios mean anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lidd_yolo.benchmark.side_by_side import time_in_turn
from lidd_yolo.benchmark.step_time import is_our_network

Network = Callable[[Tensor], Any]
"""Pictures ``(B, 3, H, W)``, 0-1 -> outputs of any kind."""

_PAUSE = 0.005
"""Seconds between two calls on several threads: longer than the threads of a runtime spin after their work."""


def measure_latency(
    networks: Mapping[str, Mapping[str, Network]],
    *,
    imgsz: int = 640,
    batch: int = 1,
    threads: int = 1,
    rounds: int = 15,
) -> dict[str, dict[str, Any]]:
    """Run every network of every runtime in turn on one batch on the CPU, ``rounds`` times.

    Args:
        networks: Runtime -> name -> network ready for inference; the first of each runtime is its reference. Runtimes
            other than PyTorch were opened on as many threads.
        imgsz: Side of the generated pictures in pixels.
        batch: Pictures at a time.
        threads: Threads of an operator.
        rounds: Rounds after two that warm up.

    Returns:
        Runtime -> name -> the figures of `time_in_turn`; seconds are those of a batch.
    """
    pictures = torch.rand(batch, 3, imgsz, imgsz, generator=torch.Generator().manual_seed(0))
    timed = {
        (runtime, name): partial(_time, network, pictures)
        for runtime, named in networks.items()
        for name, network in named.items()
    }
    references = {(runtime, name): (runtime, next(iter(networks[runtime]))) for runtime, name in timed}
    with on_threads(threads), torch.inference_mode():
        pause = _PAUSE if threads > 1 else 0.0
        found = time_in_turn(timed, warm_up=2, rounds=rounds, references=references, pause=pause)
    return {runtime: {name: found[runtime, name] for name in named} for runtime, named in networks.items()}


@contextmanager
def on_threads(threads: int) -> Iterator[None]:
    """Let torch, and runtimes opened inside, use so many threads; torch has its own number again afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def ways_to_run(name: str) -> dict[str, Any]:
    """Return a network in the ways that matter for its speed in PyTorch on a CPU, each ready for `measure_latency`.

    Args:
        name: Model YAML or checkpoint.

    Returns:
        Under the name itself the network as ``yolo predict`` runs it. Beside it one of ours as Ultralytics alone folds
        it, which tells what our folding brings; a stock one in channels-last order, which ours takes by itself; either
        as it is trained, with nothing folded.
    """
    usual = _loaded(name).fuse(verbose=False)
    if is_our_network(usual):
        other = {f"{name}, folded by Ultralytics": _folded_by_ultralytics(_loaded(name))}
    else:
        other = {f"{name}, channels-last": _loaded(name).fuse(verbose=False).to(memory_format=torch.channels_last)}
    return {name: usual, **other, f"{name}, unfused": _loaded(name)}


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


def _time(network: Network, pictures: Tensor) -> float:
    start = time.perf_counter()
    network(pictures)
    return time.perf_counter() - start
