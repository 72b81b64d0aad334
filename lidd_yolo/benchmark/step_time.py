"""Time one training step of several networks side by side in one process: only the ratios mean anything."""

from __future__ import annotations

import copy
import time
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lidd_yolo.benchmark.side_by_side import time_in_turn


def measure_steps(
    models: dict[str, Any], *, imgsz: int = 192, batch: int = 32, rounds: int = 7, reference: str = "yolov8n.yaml"
) -> dict[str, Any]:
    """Run forward, loss, backward and optimiser step of every network in turn, ``rounds`` times.

    Args:
        models: Name -> network that returns its loss for a batch, as Ultralytics' detection models do.
        imgsz: Image side in pixels.
        batch: Images in a batch; two generated boxes in each.
        rounds: Rounds after one that warms up.
        reference: Which network the ratios are to.

    Returns:
        For each name the median and smallest seconds of a step and the median of the ratios to the reference's step of
        the same round.
    """
    data = _batch(imgsz, batch)
    optimizers = {name: torch.optim.AdamW(model.parameters(), lr=1e-4) for name, model in models.items()}
    timed = {name: partial(_step, model, optimizers[name], data) for name, model in models.items()}
    return time_in_turn(timed, warm_up=1, rounds=rounds, reference=reference)


def trainable(name: str, **options: Any) -> Any:
    """Return a network ready for `measure_steps`, by the name ``yolo`` knows it by.

    Args:
        name: Model YAML.
        options: Replace keys of the YAML's ``lidd_yolo:`` section, for example ``aux="dense"``.
    """
    from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it
    from ultralytics.utils import DEFAULT_CFG  # noqa: PLC0415

    model = YOLO(name, verbose=False).model
    if options:
        yaml = copy.deepcopy(model.yaml)
        yaml["lidd_yolo"] = {**yaml.get("lidd_yolo", {}), **options}
        model = type(model)(yaml, verbose=False)
    model.args = copy.copy(DEFAULT_CFG)
    if is_our_network(model):
        model.to(memory_format=torch.channels_last)
    return model.train()


def _batch(imgsz: int, batch: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    objects = 2 * batch
    centers = torch.rand(objects, 2, generator=generator) * 0.4 + 0.3
    return {
        "img": torch.rand(batch, 3, imgsz, imgsz, generator=generator),
        "batch_idx": torch.arange(batch).repeat_interleave(2).float(),
        "cls": torch.randint(0, 6, (objects, 1), generator=generator).float(),
        "bboxes": torch.cat((centers, torch.rand(objects, 2, generator=generator) * 0.3 + 0.1), 1),
    }


def _step(model: Any, optimizer: torch.optim.Optimizer, data: dict[str, Tensor]) -> float:
    """Take one step as the network's own trainer would: ours works in channels-last order on a CPU."""
    batch = dict(data)
    if is_our_network(model):
        batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
    start = time.perf_counter()
    loss, _ = model(batch)
    optimizer.zero_grad()
    loss.sum().backward()
    optimizer.step()
    return time.perf_counter() - start


def is_our_network(model: Any) -> bool:
    """Tell whether a network is one of this package."""
    return type(model).__module__.startswith("lidd_yolo.")
