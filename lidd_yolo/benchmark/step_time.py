"""Time one training step of several networks side by side in one process: only the ratios mean anything."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lidd_yolo.benchmark.side_by_side import time_in_turn
from lidd_yolo.benchmark.step_batch import MEAN_SIZE, generated_batch


def measure_steps(
    models: dict[str, Any],
    *,
    imgsz: int = 192,
    batch: int = 32,
    rounds: int = 7,
    reference: str = "yolov8n.yaml",
    device: str = "cpu",
) -> dict[str, Any]:
    """Run forward, loss, backward and optimiser step of every network in turn, ``rounds`` times, in float32.

    Args:
        models: Name -> network that returns its loss for a batch, as Ultralytics' models do, on the device.
        imgsz: Image side in pixels.
        batch: Images in a batch; two generated objects in each.
        rounds: Rounds after one that warms up.
        reference: Which network the ratios are to.
        device: What torch calls it.

    Returns:
        For each name the figures of `time_in_turn` for a step.
    """
    timed = {name: training_step(model, imgsz=imgsz, batch=batch, device=device) for name, model in models.items()}
    return time_in_turn(timed, warm_up=1, rounds=rounds, references=dict.fromkeys(timed, reference))


def training_step(model: Any, *, imgsz: int, batch: int, device: str) -> Callable[[], float]:
    """Return a function that takes one step with a network as its own trainer would and returns the seconds.

    Args:
        model: A network as `trainable` gives it.
        imgsz: Image side in pixels.
        batch: Images in a batch.
        device: What torch calls it.
    """
    classes = int(getattr(model, "nc", 0) or getattr(model, "yaml", {}).get("nc", 80))
    masks = getattr(model, "task", "detect") == "segment"
    data = {k: v.to(device) for k, v in generated_batch(imgsz, batch, classes=classes, masks=masks).items()}
    return partial(_step, model, torch.optim.AdamW(model.parameters(), lr=1e-4), data)


def trainable(name: str, *, device: str = "cpu", **options: Any) -> Any:
    """Return a network ready for `measure_steps`, by the name ``yolo`` knows it by.

    Args:
        name: Model YAML.
        device: Where to put it; what torch calls it.
        options: Replace keys of the YAML's ``lidd_yolo:`` section, for example ``aux="dense"``.
    """
    from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it
    from ultralytics.utils import DEFAULT_CFG  # noqa: PLC0415

    loaded = YOLO(name, verbose=False)
    model = loaded.model
    if options:
        yaml = copy.deepcopy(model.yaml)
        yaml["lidd_yolo"] = {**yaml.get("lidd_yolo", {}), **options}
        model = type(model)(yaml, verbose=False)
    model.args = copy.copy(DEFAULT_CFG)
    model.task = loaded.task
    if getattr(model, "nwd", None):
        model.set_measured(MEAN_SIZE)
    if _trains_channels_last(model, device):
        model.to(memory_format=torch.channels_last)
    return model.to(device).train()


def torch_device(word: str) -> str:
    """Return torch's name of a device: ``cpu``, or ``cuda:0`` for ``0``.

    Raises:
        ValueError: If there is no such device.
    """
    if word == "cpu":
        return word
    if not word.isdigit() or int(word) >= torch.cuda.device_count():
        raise ValueError(f"--device {word}: there are cpu and {torch.cuda.device_count()} GPU(s), counted from 0")
    return f"cuda:{word}"


def _trains_channels_last(model: Any, device: str) -> bool:
    """Tell whether the network's own trainer has it in channels-last order: LIDD-Net's and WLNet's on a CPU."""
    from lidd_yolo.engine.nwd_trainer import NWDTrainer  # noqa: PLC0415 - loads Ultralytics
    from lidd_yolo.engine.parts import part_for  # noqa: PLC0415
    from lidd_yolo.engine.trainer import LIDDTrainer  # noqa: PLC0415

    return device == "cpu" and issubclass(part_for(model, "trainer") or object, (LIDDTrainer, NWDTrainer))


def _step(model: Any, optimizer: torch.optim.Optimizer, data: dict[str, Tensor]) -> float:
    device = data["img"].device
    start = time.perf_counter()
    loss, _ = model(dict(data))
    optimizer.zero_grad()
    loss.sum().backward()
    optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def is_our_network(model: Any) -> bool:
    """Tell whether a network is one of this package."""
    return type(model).__module__.startswith("lidd_yolo.")
