"""One training through ``YOLO(...).train``: goes on after a kill, and stops at an epoch's end when its time is up.

Own work. Everything is done by callbacks that Ultralytics offers; the loop is its own.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ultralytics import YOLO
from ultralytics.utils.torch_utils import init_seeds

from lidd_yolo.compare.folder import keep_arguments, note_validated
from lidd_yolo.compare.snapshot import keep_snapshot
from lidd_yolo.engine.channels_last import train_channels_last
from lidd_yolo.engine.complete_nms import listen_to_nms


class TimeIsUpError(Exception):
    """Raised at an epoch's end, out of Ultralytics' loop: so the checkpoint keeps what it needs to go on."""


def train_run(
    model: str, arguments: Mapping[str, Any], folder: Path, *, done: int = 0, until: float | None = None
) -> None:
    """Train until all epochs are done.

    Args:
        model: Model YAML or checkpoint.
        arguments: Training arguments with ``data``, without places.
        folder: The run's folder, an absolute path.
        done: Number of epochs that the checkpoint in the folder has; it goes on from there.
        until: Time, in seconds since 1970, when the last epoch should be over; at least one epoch is trained.

    Raises:
        TimeIsUpError: If epochs are left when the time is up; call again to go on.
    """
    net = YOLO(folder / "weights" / "last.pt" if done else model)
    net.add_callback("on_train_start", _begin)
    net.add_callback("on_train_start", train_channels_last)  # stock networks too, for time on a CPU
    if done:
        on_machine = {key: arguments[key] for key in ("device", "workers") if key in arguments}
        words: dict[str, Any] = {"resume": True, "data": arguments["data"], **on_machine}
    else:
        words = {**arguments, "project": str(folder.parent), "name": folder.name, "exist_ok": True, "save": True}
    with listen_to_nms() as gave_up:
        net.add_callback("on_model_save", lambda t: note_validated(folder, t.epoch + 1, complete=not gave_up()))
        net.add_callback("on_model_save", _Keeper(folder, until))
        net.train(**words)


class _Keeper:
    """After each epoch but the last: keep a snapshot, and stop if another epoch would end too late.

    The last epoch is followed by steps that rewrite the checkpoints; killed there, a run repeats that epoch.
    """

    def __init__(self, folder: Path, until: float | None) -> None:
        self.folder = folder
        self.until = until
        self.before = time.time()

    def __call__(self, trainer: Any) -> None:
        if trainer.stop:
            return
        keep_snapshot(self.folder, trainer.epoch + 1)
        now = time.time()
        took, self.before = now - self.before, now
        if self.until is not None and now + took > self.until:
            raise TimeIsUpError(f"{trainer.epoch + 1} of {trainer.epochs} epochs are done")


def _begin(trainer: Any) -> None:
    """Keep a new training's arguments; let a resumed one count its time on and draw other numbers than at its start."""
    if not trainer.start_epoch:
        keep_arguments(trainer.save_dir)
        return
    trainer.train_time_start -= _seconds(trainer.csv)
    seed = trainer.args.seed + 1000 * trainer.start_epoch
    init_seeds(seed, deterministic=trainer.args.deterministic)
    trainer.train_loader.generator.manual_seed(seed)
    trainer.train_loader.reset()


def _seconds(results: Path) -> float:
    """Return the time at the end of the last epoch in Ultralytics' ``results.csv``."""
    with results.open(encoding="utf-8", newline="") as file:
        rows = [{key.strip(): value for key, value in row.items()} for row in csv.DictReader(file)]
    return float(rows[-1]["time"])
