"""How long a training waits for its pictures: the stock trainer's own steps, clocked between its callbacks.

Loader, augmentation and recipe are the network's own, as ``yolo train`` would have them.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from ultralytics import YOLO
from ultralytics.data.utils import check_det_dataset

from lidd_yolo.bench.latency import on_threads
from lidd_yolo.export.making import quietly

_WARM_UP = 2
"""First steps, which do not count: they fill the loader's queue and choose algorithms."""


class _EnoughError(Exception):
    """Raised out of Ultralytics' loop when enough steps were clocked."""


def measure_loading(
    names: Sequence[str],
    data: str,
    *,
    imgsz: int,
    batch: int,
    workers: int,
    steps: int,
    device: str = "cpu",
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train every network for some steps and tell waiting for a batch from working on it.

    Batch, workers and device are as ``yolo train`` takes them; Ultralytics lowers the number of workers to that of the
    processors, and on a CPU to 0, where the training loads its pictures itself.

    Returns:
        ``results``: for each name ``step_s`` and ``wait_s``, medians in seconds, ``waiting``, the share of all that
        time that went by waiting, and ``workers``, the loader processes that there were. Besides ``threads``, those
        that Ultralytics chose.

    Raises:
        ValueError: If a number is too small.
        OSError: If there is no such data set.
    """
    if min(steps, batch, imgsz) < 1 or workers < 0:
        numbers = f"{steps}, {batch}, {imgsz} and {workers}"
        raise ValueError(f"steps, batch and imgsz must be at least 1, workers at least 0, got {numbers}")

    with quietly():
        check_det_dataset(data)  # in the training a missing set would be an error of any kind
    words: dict[str, Any] = {"data": data, "imgsz": imgsz, "batch": batch, "workers": workers, "device": device}
    words |= {"epochs": 10_000, "val": False, "plots": False, "save": False, "verbose": False}
    results: dict[str, Any] = {}
    with on_threads(torch.get_num_threads()), tempfile.TemporaryDirectory() as folder:
        for name in names:
            say(f"training {name} for {_WARM_UP + steps} steps")
            clock = _Clock(_WARM_UP + steps)
            net = YOLO(name, verbose=False)
            net.add_callback("on_train_epoch_start", clock.begin)
            net.add_callback("on_train_batch_start", clock.arrived)
            net.add_callback("on_train_batch_end", clock.worked)
            with quietly(), contextlib.suppress(_EnoughError):
                net.train(**words, project=folder, name="loading", exist_ok=True)
            results[name] = {**clock.figures(), "workers": net.trainer.train_loader.num_workers}
        threads = torch.get_num_threads()
    return {"results": results, "threads": threads}


class _Clock:
    """Notes when a batch was there and when its step was done."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.waits: list[float] = []
        self.works: list[float] = []
        self.before = 0.0

    def figures(self) -> dict[str, Any]:
        """Return medians, and the share of waiting, of the steps that count."""
        waits, works = self.waits[_WARM_UP:], self.works[_WARM_UP:]
        return {
            "step_s": round(statistics.median(works), 6),
            "wait_s": round(statistics.median(waits), 6),
            "waiting": round(sum(waits) / (sum(waits) + sum(works)), 4),
        }

    def begin(self, _: Any) -> None:
        self.before = time.perf_counter()

    def arrived(self, _: Any) -> None:
        self.waits.append(self._lap())

    def worked(self, trainer: Any) -> None:
        if trainer.device.type == "cuda":
            torch.cuda.synchronize(trainer.device)
        self.works.append(self._lap())
        if len(self.works) == self.steps:
            raise _EnoughError

    def _lap(self) -> float:
        now = time.perf_counter()
        before, self.before = self.before, now
        return now - before
