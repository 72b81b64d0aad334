"""Resume as if there had been no stop: what a checkpoint leaves out is kept beside it until the training is over.

Ultralytics writes the averaged network alone, in half precision, and goes on with that in place of the trained one;
order and augmentation of the pictures begin anew. The larger the learning rate, the further the two trainings part.

Origin: our own; no paper.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from ultralytics.utils import LOGGER, RANK
from ultralytics.utils.torch_utils import init_seeds

from lidd_yolo.files import write_beside
from lidd_yolo.models.upstream import unwrapped

STATE = "resume.pt"
"""Lies beside ``last.pt`` while a training runs; tensors and plain values only, so nothing in it can run code."""


def keep_state(trainer: Any) -> None:
    """Write what the checkpoint leaves out: a callback for ``on_model_save``.

    After the last epoch the file is removed. If it cannot be written, the training goes on and resumes as stock does.
    """
    file = Path(trainer.wdir) / STATE
    if trainer.stop:
        file.unlink(missing_ok=True)
        return
    try:
        with write_beside(file) as beside:
            torch.save(_state(trainer), beside)
    except (OSError, RuntimeError) as error:  # torch's writer reports a full disk as the latter
        file.unlink(missing_ok=True)
        LOGGER.warning(f"{file} cannot be written ({error}): a resumed training would start from the averaged network")


def go_on(trainer: Any) -> None:
    """Bring a resumed training to where it stopped: a callback for ``on_train_start``, silent for a new training.

    Without the state beside the checkpoint, other numbers are drawn than at the training's start.
    """
    if not trainer.start_epoch:
        return
    if RANK in {-1, 0}:
        cut_results(Path(trainer.csv), trainer.start_epoch)
    if not _bring_back(trainer, Path(str(trainer.args.resume)).with_name(STATE)):
        _draw_other_numbers(trainer)


def cut_results(results: Path, epochs: int) -> None:
    """Leave one row for each of the first ``epochs`` epochs in a ``results.csv``.

    A kill between the row and the checkpoint leaves a row of an epoch that is to be repeated, or half of one.
    """
    if not results.is_file():
        return
    head, *lines = results.read_text(encoding="utf-8").splitlines(keepends=True) or [""]
    rows: dict[int, str] = {}
    for line in lines:
        number = line.partition(",")[0].strip()
        whole = line.endswith("\n") and line.count(",") == head.count(",")
        if whole and number.isdecimal() and int(number) <= epochs:
            rows[int(number)] = line
    kept = [rows[number] for number in sorted(rows)]
    if kept != lines:
        with write_beside(results) as beside:
            beside.write_text(head + "".join(kept), encoding="utf-8")


def _state(trainer: Any) -> dict[str, Any]:
    state = {
        "epoch": trainer.epoch,
        "updates": trainer.ema.updates,
        "averaged": trainer.ema.ema.state_dict(),
        "trained": unwrapped(trainer.model).state_dict(),
        "optimizer": _plain(trainer.optimizer.state_dict()),
        "scaler": trainer.scaler.state_dict(),
        "stopper": _plain({key: getattr(trainer.stopper, key) for key in ("best_fitness", "best_epoch")}),
    }
    return state if RANK != -1 else {**state, "drawn": _drawn(trainer)}  # each process draws its own numbers


def _plain(value: Any) -> Any:
    """Return nested values with NumPy's numbers as Python's, which torch's restricted reader knows."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _drawn(trainer: Any) -> dict[str, Any]:
    """Return the states of all generators."""
    numpy_state: Any = np.random.get_state()  # noqa: NPY002 - Ultralytics' augmentations draw from it
    kind, keys, *rest = numpy_state
    return {
        "python": random.getstate(),
        "numpy": [kind, keys.tolist(), *rest],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "loader": trainer.train_loader.generator.get_state(),
    }


def _bring_back(trainer: Any, file: Path) -> bool:
    """Load the state that belongs to the checkpoint; return whether there is one."""
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        if not _belongs(state, trainer):
            return False
    except Exception:  # half a file, or none: torch raises many kinds
        return False
    for group, now in zip(state["optimizer"]["param_groups"], trainer.optimizer.param_groups, strict=True):
        group["fused"] = now.get("fused")  # of this device
    trainer.optimizer.load_state_dict(state["optimizer"])
    trainer.ema.ema.load_state_dict(state["averaged"])
    unwrapped(trainer.model).load_state_dict(state["trained"])
    trainer.stopper.__dict__.update(state["stopper"])
    if state["scaler"]:
        trainer.scaler.load_state_dict(state["scaler"])
    if RANK == -1:
        _draw_on(trainer, state["drawn"])
    return True


def _belongs(state: dict[str, Any], trainer: Any) -> bool:
    """Tell whether a state was kept with the checkpoint that was loaded: the average is the same to half precision."""
    loaded = trainer.ema.ema.state_dict()
    if (state["epoch"] + 1, state["updates"]) != (trainer.start_epoch, trainer.ema.updates):
        return False
    return state["averaged"].keys() == loaded.keys() and all(
        torch.equal(_halved(value), loaded[key].cpu().to(_halved(value).dtype))
        for key, value in state["averaged"].items()
    )


def _halved(value: Tensor) -> Tensor:
    return value.half().nan_to_num() if value.is_floating_point() else value


def _draw_on(trainer: Any, drawn: dict[str, Any]) -> None:
    """Let every generator go on where it was; with processes that load pictures, those draw other numbers."""
    random.setstate(drawn["python"])
    kind, keys, *rest = drawn["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))  # noqa: NPY002 - as above
    torch.set_rng_state(drawn["torch"])
    if drawn["cuda"] and len(drawn["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(drawn["cuda"])
    loader = trainer.train_loader
    if not loader.num_workers:
        _close_mosaic(trainer)
        loader.iterator = loader._get_iterator()
        for _ in range(len(loader)):  # to an epoch's end, where a sampler may have a draw left to do
            loader.iterator._next_index()
        loader.generator.set_state(drawn["loader"])
    else:
        loader.generator.set_state(drawn["loader"])
        loader.reset()


def _close_mosaic(trainer: Any) -> None:
    """Close mosaic in a training that had closed it before, so that this does not draw the pictures' order anew."""
    loader = trainer.train_loader
    if trainer.args.close_mosaic and trainer.start_epoch > trainer.epochs - trainer.args.close_mosaic:
        trainer._close_dataloader_mosaic()

        def skip() -> None:
            del loader.reset

        loader.reset = skip


def _draw_other_numbers(trainer: Any) -> None:
    """Seed a resumed training by its epoch: Ultralytics seeds it as its first, and all pictures would come again."""
    seed = trainer.args.seed + 1000 * trainer.start_epoch
    init_seeds(seed + 1 + RANK, deterministic=trainer.args.deterministic)
    trainer.train_loader.generator.manual_seed(seed)
    trainer.train_loader.reset()
