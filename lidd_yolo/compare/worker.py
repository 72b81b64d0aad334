"""One run in a process of its own: ``python -m lidd_yolo.compare.worker RUN.json``, training, measurement, entry.

Killed at any moment and called again, it goes on and ends with the same ledger entry.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from ultralytics import YOLO

from lidd_yolo.compare.plan import CAUTIONS, RECIPES, Run
from lidd_yolo.compare.pool import end_with_parent
from lidd_yolo.compare.run_folder import (
    LOCK,
    bring_back_arguments,
    drop_snapshots,
    incompletely_validated,
    is_trained,
    keep_arguments,
    keep_snapshot,
    note_resumed,
    note_trained,
    note_validated,
    read_folder,
    restore_snapshot,
    resumed_after,
)
from lidd_yolo.compare.run_state import check_here, train_arguments
from lidd_yolo.exit_status import DONE, FINDINGS, TIME_IS_UP
from lidd_yolo.results.curve import read_rows
from lidd_yolo.results.ledger import append
from lidd_yolo.results.record import evidence_files, record_run
from lidd_yolo.training.callbacks import train_channels_last
from lidd_yolo.training.nms_watch import listen_to_nms
from lidd_yolo.training.resume import go_on, keep_state

_LOGGER = logging.getLogger(__name__)
_WAIT = 120.0


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one run and return its exit status: 0 done, 1 failed, 75 time limit reached."""
    args = _parser().parse_args(argv)
    if args.tied:
        end_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    folder = args.run_file.resolve().parent
    try:
        with _alone_in(folder, _WAIT if args.elsewhere else 0):
            run, requested = read_folder(args.run_file)
            if args.elsewhere:
                check_here(run, requested)
            if args.gpu:
                torch.cuda.init()  # binds to the GPUs that are visible now: older Ultralytics changes them, by number
            device = "0" if args.gpu else None
            _train(run, folder, args.until, device)
            _record(run, requested, folder, args.ledger, device)
    except TimeIsUpError as stop:
        _LOGGER.info("time limit: %s", stop)
        return TIME_IS_UP
    except Exception:
        _LOGGER.exception("%s failed", folder.name)
        return FINDINGS
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Carry out one run of a plan.")
    parser.add_argument("run_file", type=Path, metavar="RUN.json")
    parser.add_argument("--ledger", type=Path, default=Path("benchmarks/results"), metavar="DIR")
    parser.add_argument("--until", type=float, metavar="SECONDS", help="stop at the last epoch's end before this time")
    parser.add_argument("--tied", action="store_true", help="end when standard input is closed")
    elsewhere = (
        "this is not the machine that the plan was made on: compare model and data first, wait for a lost process"
    )
    parser.add_argument("--elsewhere", action="store_true", help=elsewhere)
    parser.add_argument("--gpu", action="store_true", help="train on the first visible GPU, whatever the run says")
    return parser


@contextmanager
def _alone_in(folder: Path, wait: float) -> Iterator[None]:
    """Hold the folder's lock until this process ends, however it ends; wait seconds for another that is ending."""
    try:
        lock = FileLock(folder / LOCK, timeout=wait).acquire()
    except Timeout as error:
        raise RuntimeError(f"another process is at work in {folder}") from error
    with lock:
        yield


def _train(run: Run, folder: Path, until: float | None, device: str | None) -> None:
    if is_trained(folder):
        return
    done = restore_snapshot(folder)
    if done:
        note_resumed(folder, done)
    _LOGGER.info("%s: %d of %d epochs are done", run.name, done, run.epochs)
    if caution := CAUTIONS.get(run.recipe):
        _LOGGER.info("%s", caution)
    arguments = {**train_arguments(run), "data": run.data, **({} if device is None else {"device": device})}
    train_run(run.model, arguments, folder, done=done, until=until)
    note_trained(folder)
    drop_snapshots(folder)


def _record(run: Run, requested: dict[str, Any], folder: Path, ledger: Path, device: str | None) -> None:
    bring_back_arguments(folder, run.data, device)
    entry = record_run(folder, name=run.name, note=CAUTIONS.get(run.recipe, ""))
    entry |= {
        "model": Path(run.model).name,
        "plan": run.plan,
        "label": run.label,
        "recipe": run.recipe if run.recipe in RECIPES else Path(run.recipe).name,
        "protocol": run.protocol or entry["data"].get("protocol", ""),
        "asked": {key: value for key, value in requested.items() if key != "data"},
        "resumed_after": resumed_after(folder),
        "incompletely_validated": incompletely_validated(folder),
    }
    _LOGGER.info("wrote %s", append(entry, ledger, evidence_files(entry, folder)))


class TimeIsUpError(Exception):
    """Raised at an epoch's end, out of Ultralytics' loop: so the checkpoint keeps what it needs to go on."""


def train_run(
    model: str, arguments: Mapping[str, Any], folder: Path, *, done: int = 0, until: float | None = None
) -> None:
    """Train until all epochs are done, of which the checkpoint in the folder, an absolute path, has ``done``.

    The arguments have ``data`` and no places. At least one epoch is trained, even after ``until``, in seconds since
    1970, when the last one should be over.

    Raises:
        TimeIsUpError: If epochs are left when the time is up; call again to go on.
    """
    net = YOLO(folder / "weights" / "last.pt" if done else model)
    net.add_callback("on_train_start", go_on)  # stock networks too: none is to suffer more from a stop than others
    net.add_callback("on_train_start", _begin)
    net.add_callback("on_train_start", train_channels_last)  # stock networks too, for time on a CPU
    if done:
        on_machine = {key: arguments[key] for key in ("device", "workers") if key in arguments}
        words: dict[str, Any] = {"resume": True, "data": arguments["data"], **on_machine}
    else:
        words = {**arguments, "project": str(folder.parent), "name": folder.name, "exist_ok": True, "save": True}
    net.add_callback("on_model_save", keep_state)
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
        took, self.before = max(now - self.before, 0.0), now  # a clock may be put back
        if self.until is not None and now + took > self.until:
            raise TimeIsUpError(f"{trainer.epoch + 1} of {trainer.epochs} epochs are done")


def _begin(trainer: Any) -> None:
    """Keep a new training's arguments; let a resumed one count its time on."""
    if not trainer.start_epoch:
        keep_arguments(trainer.save_dir)
        return
    trainer.train_time_start -= float(read_rows(trainer.csv)[-1]["time"])


if __name__ == "__main__":
    sys.exit(main())
