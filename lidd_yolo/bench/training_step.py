"""Time one training step of several networks side by side in one process: only the ratios mean anything.

The memory of a step is measured in a fresh process, ``python -m lidd_yolo.bench.training_step`` with model YAML,
auxiliary head or ``-``, side, batch and device: it writes one JSON line, ``peak_mib``.
"""

from __future__ import annotations

import contextlib
import copy
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lidd_yolo.bench.in_turn import MIB, measured_alone, peak_memory_mib, time_in_turn


def measure_steps(
    models: dict[str, Any],
    *,
    imgsz: int,
    batch: int,
    rounds: int,
    device: str = "cpu",
) -> dict[str, Any]:
    """Run forward, loss, backward and optimiser step of every network in turn, ``rounds`` times, in float32.

    Args:
        models: Name -> network as `trainable` gives it, the reference of the ratios first.
        imgsz: Image side in pixels.
        batch: Images in a batch.
        rounds: Rounds after one that warms up.
        device: What torch calls it.
    """
    timed = {name: training_step(model, imgsz=imgsz, batch=batch, device=device) for name, model in models.items()}
    return time_in_turn(timed, warm_up=1, rounds=rounds)


def training_step(model: Any, *, imgsz: int, batch: int, device: str) -> Callable[[], float]:
    """Return a function that takes one step with a network as its own trainer would and returns the seconds."""
    classes = int(getattr(model, "nc", 0) or getattr(model, "yaml", {}).get("nc", 80))
    masks = getattr(model, "task", "detect") == "segment"
    data = {k: v.to(device) for k, v in generated_batch(imgsz, batch, classes=classes, masks=masks).items()}
    return partial(_step, model, torch.optim.AdamW(model.parameters(), lr=1e-4), data)


def trainable(name: str, *, device: str = "cpu", **options: Any) -> Any:
    """Return the network of a model YAML ready for `measure_steps`.

    Options such as ``aux="dense"`` replace keys of the YAML's ``lidd_yolo:`` section.
    """
    from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it
    from ultralytics.utils import DEFAULT_CFG  # noqa: PLC0415

    from lidd_yolo.training.trainers import part_for  # noqa: PLC0415 - loads Ultralytics

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
    if device == "cpu" and getattr(part_for(model, "trainer"), "channels_last", False):  # LIDD-Net's and WLNet's
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


_MASK_RATIO = 4
"""Ultralytics trains on masks of a quarter of the input's side."""
_OBJECTS = 2

MEAN_SIZE = 0.25
"""Mean side of an object as a share of the picture's: what training on such pictures would measure for NWD."""


def generated_batch(imgsz: int, batch: int, *, classes: int, masks: bool) -> dict[str, Tensor]:
    """Return a batch of pictures with two objects in each, the same at every call.

    Sides of objects are even between 0.1 and 0.4 of the picture's, their centres between 0.3 and 0.7. ``masks`` are of
    shape ``(batch, imgsz / 4, imgsz / 4)``: 0 for no object, else the number of the picture's object, from 1; where two
    lie over each other the second one's.
    """
    generator = torch.Generator().manual_seed(0)
    objects = _OBJECTS * batch
    centers = torch.rand(objects, 2, generator=generator) * 0.4 + 0.3
    data = {
        "img": torch.rand(batch, 3, imgsz, imgsz, generator=generator),
        "batch_idx": torch.arange(batch).repeat_interleave(_OBJECTS).float(),
        "cls": torch.randint(0, classes, (objects, 1), generator=generator).float(),
        "bboxes": torch.cat((centers, torch.rand(objects, 2, generator=generator) * 0.3 + 0.1), 1),
    }
    if masks:
        data["masks"] = _masks(data["bboxes"].view(batch, _OBJECTS, 4), imgsz // _MASK_RATIO)
    return data


def _masks(boxes_xywh: Tensor, side: int) -> Tensor:
    """Paint the boxes ``(B, N, 4)``, 0-1, in their order."""
    masks = torch.zeros(len(boxes_xywh), side, side)
    corners = torch.cat(
        (boxes_xywh[..., :2] - boxes_xywh[..., 2:] / 2, boxes_xywh[..., :2] + boxes_xywh[..., 2:] / 2), -1
    )
    for mask, of_picture in zip(masks, (corners * side).round().int().tolist(), strict=True):
        for number, (x1, y1, x2, y2) in enumerate(of_picture, 1):
            mask[y1:y2, x1:x2] = number
    return masks


_MEMORY_STEPS = 2  # the optimiser's state comes with the first


def step_memory(name: str, *, imgsz: int, batch: int, device: str, aux: str = "") -> float:
    """Return the memory of a training step in MiB, measured in a process of its own.

    On a CPU by how much the process's resident memory rises above its peak before the steps, on a GPU the most that
    torch holds there, network included. ``aux`` is the auxiliary head of ours, empty for the YAML's.
    """
    words = [name, aux or "-", imgsz, batch, device]
    return float(measured_alone("lidd_yolo.bench.training_step", words)["peak_mib"])


def main() -> dict[str, float]:
    """Take the steps and return the memory."""
    name, aux, imgsz, batch, device = sys.argv[1:]
    torch.set_num_threads(1)
    with contextlib.redirect_stdout(sys.stderr):
        model = trainable(name, device=device, **({} if aux == "-" else {"aux": aux}))
        step = training_step(model, imgsz=int(imgsz), batch=int(batch), device=device)
        before = peak_memory_mib() if device == "cpu" else 0.0
        for _ in range(_MEMORY_STEPS):
            step()
    peak = peak_memory_mib() - before if device == "cpu" else torch.cuda.max_memory_allocated(device) / MIB
    return {"peak_mib": round(peak, 1)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")
