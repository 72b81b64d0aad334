"""Copies of a training's state after each epoch that no kill can damage, and the way back to the last of them.

Own work. Ultralytics writes ``last.pt``, ``best.pt`` and ``results.csv`` in place, one after the other: a kill in
between leaves half a checkpoint, or a row of results too many. A snapshot holds all three, in a folder that gets its
name only when it is complete.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

_FILES = ("weights/last.pt", "weights/best.pt", "results.csv")
_FOLDER = "snapshots"
_UNFINISHED = "unfinished"


def keep_snapshot(run: Path, epoch: int) -> None:
    """Keep the state of a run after an epoch, then drop the state before.

    Args:
        run: The run's folder.
        epoch: Number of finished epochs.
    """
    folder = run / _FOLDER
    beside = folder / _UNFINISHED
    shutil.rmtree(beside, ignore_errors=True)
    for name in _FILES:
        if (run / name).is_file():
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run / name, beside / name)
    before = _finished(folder)
    target = folder / f"epoch-{epoch:06d}"
    shutil.rmtree(target, ignore_errors=True)
    beside.rename(target)
    for old in before:
        shutil.rmtree(old, ignore_errors=True)


def restore_snapshot(run: Path) -> int:
    """Bring a run back to its last snapshot; returns the number of finished epochs, 0 if there is none."""
    finished = _finished(run / _FOLDER)
    if not finished:
        return 0
    for name in _FILES:
        if (finished[-1] / name).is_file():
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(finished[-1] / name, run / name)
    _settle(run)
    return int(finished[-1].name.removeprefix("epoch-"))


def has_snapshot(run: Path) -> bool:
    """Tell whether there is anything to go on from."""
    return bool(_finished(run / _FOLDER))


def drop_snapshots(run: Path) -> None:
    """Remove the snapshots of a finished run."""
    shutil.rmtree(run / _FOLDER, ignore_errors=True)


def _finished(folder: Path) -> list[Path]:
    return sorted(folder.glob("epoch-*"))


def _settle(run: Path) -> None:
    """Write the run's present folder into ``last.pt``: Ultralytics goes on in the folder that the checkpoint names."""
    import torch  # noqa: PLC0415 - reading a run's state must not wait for it

    last = run / _FILES[0]
    checkpoint: dict[str, Any] = torch.load(last, map_location="cpu", weights_only=False)
    place = {"project": str(run.parent), "name": run.name, "save_dir": str(run)}
    if any(checkpoint["train_args"].get(key) != value for key, value in place.items()):
        checkpoint["train_args"].update(place)
        torch.save(checkpoint, last)
