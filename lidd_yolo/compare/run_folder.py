"""The folder of one run: what the run is, which epochs it was interrupted after, whether its training is over.

Small files, each written beside its name and renamed, so that a kill leaves the old or the new one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from lidd_yolo.compare.plan import Run
from lidd_yolo.errors import InputError
from lidd_yolo.files import write_beside
from lidd_yolo.results.curve import read_rows
from lidd_yolo.results.ledger import RUN_FILE
from lidd_yolo.yaml_text import read_mapping

LOG = "run.log"
LOCK = "run.lock"
"""Held by the process that works in the folder, as long as it lives."""
_BEGUN, _RESUMED, _TRAINED = "begun.json", "resumed.json", "trained.json"
_INCOMPLETE = "incomplete.json"
_BEGAN_WITH = "began_with.yaml"
_FILES = ("weights/last.pt", "weights/resume.pt", "weights/best.pt", "results.csv")
_SNAPSHOTS = "snapshots"


def claim_folder(folder: Path, run: Run, requested: Mapping[str, Any]) -> Path:
    """Write down what a run is and its identity, in a folder made for it; returns the file that the worker reads."""
    _write(folder / RUN_FILE, {"run": asdict(run), "asked": dict(requested)})
    return folder / RUN_FILE


def read_folder(file: Path) -> tuple[Run, dict[str, Any]]:
    """Return the run that ``run.json`` describes, and its identity.

    Raises:
        ValueError: If the file is not one that `claim_folder` wrote.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return Run(**content["run"]), content["asked"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} does not describe a run: {error!r}") from error


def identity_in(folder: Path) -> dict[str, Any] | None:
    """Return the identity of the run that a folder holds; None if it is empty or does not exist.

    Raises:
        ValueError: If the folder holds something else.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return None
    return read_folder(folder / RUN_FILE)[1]


def clear_folder(folder: Path) -> None:
    """Remove a run's folder; one that holds no run is left alone.

    Raises:
        InputError: If another process is at work in it.
    """
    if not (folder / RUN_FILE).is_file():
        return
    try:
        with FileLock(folder / LOCK, timeout=0):
            pass
    except Timeout as error:
        raise InputError(f"another process is at work in {folder}: stop it, or take another --project") from error
    shutil.rmtree(folder)


def note_resumed(folder: Path, epoch: int) -> None:
    """Write down after which epoch a training goes on."""
    _write(folder / _RESUMED, [*resumed_after(folder), epoch])


def resumed_after(folder: Path) -> list[int]:
    """Return after which epochs the training was interrupted and went on."""
    return _epochs(folder / _RESUMED)


def note_validated(folder: Path, epoch: int, *, complete: bool) -> None:
    """Write down after which epochs the validation left detections out; an epoch that is repeated counts anew."""
    before = incompletely_validated(folder)
    now = [number for number in before if number < epoch] + ([] if complete else [epoch])
    if now != before:
        _write(folder / _INCOMPLETE, now)


def incompletely_validated(folder: Path) -> list[int]:
    """Return the epochs whose validation left detections out."""
    return _epochs(folder / _INCOMPLETE)


def note_begun(folder: Path, attempt: str, where: str) -> None:
    """Write down that an attempt at the run has begun, and on which machine."""
    _write(folder / _BEGUN, {"attempt": attempt, "where": where})


def begun_on(folder: Path, attempt: str) -> str:
    """Return the machine on which an attempt has begun; empty before that."""
    try:
        begun = json.loads((folder / _BEGUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(begun["where"]) if begun["attempt"] == attempt else ""


def keep_arguments(folder: Path) -> None:
    """Keep the arguments that a training began with: Ultralytics changes them in place, and in a resumed run."""
    shutil.copyfile(folder / "args.yaml", folder / _BEGAN_WITH)


def bring_back_arguments(folder: Path, data: str, device: str | None = None) -> None:
    """Make ``args.yaml`` what the training began with, so that a resumed run's entry is that of any other.

    Data YAML and device as they are called on this machine; without a device, that of the beginning.

    Raises:
        InputError: If the arguments that were kept cannot be read.
    """
    began_with = folder / _BEGAN_WITH
    kept = began_with if began_with.is_file() else folder / "args.yaml"  # on several GPUs no callback of ours is called
    arguments = read_mapping(kept)
    here = {"data": data} if device is None else {"data": data, "device": device}
    _replace(folder / "args.yaml", yaml.safe_dump({**arguments, **here}, sort_keys=False))


def note_trained(folder: Path) -> None:
    """Write down that the training is over and the checkpoints are final."""
    _write(folder / _TRAINED, {})


def is_trained(folder: Path) -> bool:
    """Tell whether the training is over."""
    return (folder / _TRAINED).is_file()


def progress_of(folder: Path) -> tuple[int, float]:
    """Return the last epoch and its mAP50, of masks where there are any, from Ultralytics' ``results.csv``.

    A row that is being written is not counted; without rows the answer is 0 and 0.
    """
    try:
        row = read_rows(folder / "results.csv")[-1]
        return int(row["epoch"]), float(row.get("metrics/mAP50(M)") or row["metrics/mAP50(B)"])
    except (OSError, IndexError, KeyError, ValueError):
        return 0, 0.0


def _epochs(file: Path) -> list[int]:
    return [int(epoch) for epoch in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []


def _write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    _replace(file, json.dumps(content, indent=1) + "\n")


def _replace(file: Path, text: str) -> None:
    with write_beside(file) as beside:
        beside.write_text(text, encoding="utf-8")


def keep_snapshot(run: Path, epoch: int) -> None:
    """Keep the state of a run's folder after this number of epochs, then drop the state before."""
    folder = run / _SNAPSHOTS
    beside = folder / "unfinished"
    shutil.rmtree(beside, ignore_errors=True)
    _copy_state(run, beside)
    before = _finished(folder)
    target = folder / f"epoch-{epoch:06d}"
    shutil.rmtree(target, ignore_errors=True)
    beside.rename(target)
    for old in before:
        shutil.rmtree(old, ignore_errors=True)


def restore_snapshot(run: Path) -> int:
    """Bring a run back to its last snapshot; returns the number of finished epochs, 0 if there is none."""
    finished = _finished(run / _SNAPSHOTS)
    if not finished:
        return 0
    _copy_state(finished[-1], run)
    _settle(run)
    return int(finished[-1].name.removeprefix("epoch-"))


def has_snapshot(run: Path) -> bool:
    """Tell whether there is anything to go on from."""
    return bool(_finished(run / _SNAPSHOTS))


def drop_snapshots(run: Path) -> None:
    """Remove the snapshots of a finished run."""
    shutil.rmtree(run / _SNAPSHOTS, ignore_errors=True)


def _copy_state(source: Path, target: Path) -> None:
    (target / "weights").mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def _finished(folder: Path) -> list[Path]:
    return sorted(folder.glob("epoch-*"))


def _settle(run: Path) -> None:
    """Write the run's present folder into ``last.pt``: Ultralytics goes on in the folder that the checkpoint names."""
    import torch  # noqa: PLC0415 - reading a run's state must not wait for it

    from lidd_yolo.models.checkpoints import load_checkpoint  # noqa: PLC0415 - as above

    last = run / _FILES[0]
    checkpoint = load_checkpoint(last)
    place = {"project": str(run.parent), "name": run.name, "save_dir": str(run)}
    if any(checkpoint["train_args"].get(key) != value for key, value in place.items()):
        checkpoint["train_args"].update(place)
        with write_beside(last) as beside:
            torch.save(checkpoint, beside)
