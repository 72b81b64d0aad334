"""One run in a process of its own: ``python -m lidd_yolo.compare.worker RUN.json``, training, measurement, entry.

Own work. Killed at any moment and called again, it goes on and ends with the same ledger entry.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lidd_yolo.benchmark.ledger import append
from lidd_yolo.benchmark.record import evidence_files, record_run
from lidd_yolo.compare.folder import (
    bring_back_arguments,
    incompletely_validated,
    is_trained,
    note_resumed,
    note_trained,
    read_folder,
    resumed_after,
)
from lidd_yolo.compare.identity import check_here, train_arguments
from lidd_yolo.compare.plan import Run
from lidd_yolo.compare.recipe import CAUTIONS
from lidd_yolo.compare.snapshot import drop_snapshots, restore_snapshot
from lidd_yolo.compare.status import DONE, FAILED, TIME_IS_UP
from lidd_yolo.compare.tether import end_with_parent
from lidd_yolo.compare.training import TimeIsUpError, train_run

_LOGGER = logging.getLogger(__name__)
_WAIT = 120.0


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one run and return its exit status: 0 done, 1 failed, 75 time limit reached.

    Args:
        argv: Words of the command line; None takes them from it.
    """
    args = _parser().parse_args(argv)
    if args.tied:
        end_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    folder = args.run_file.resolve().parent
    try:
        with _alone_in(folder, _WAIT if args.elsewhere else 0):
            run, asked = read_folder(args.run_file)
            if args.elsewhere:
                check_here(run, asked)
            if args.gpu:
                _take_gpu()
            device = "0" if args.gpu else None
            _train(run, folder, args.until, device)
            _record(run, asked, folder, args.ledger, device)
    except TimeIsUpError as stop:
        _LOGGER.info("time limit: %s", stop)
        return TIME_IS_UP
    except Exception:
        _LOGGER.exception("%s failed", folder.name)
        return FAILED
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Carry out one run of a plan.")
    parser.add_argument("run_file", type=Path, metavar="RUN.json")
    parser.add_argument("--ledger", type=Path, default=Path("benchmarks/results"), metavar="DIR")
    parser.add_argument("--until", type=float, metavar="SECONDS", help="stop at the last epoch's end before this time")
    parser.add_argument("--tied", action="store_true", help="end when standard input is closed")
    told = "this is not the machine that the plan was made on: compare model and data first, wait for a lost process"
    parser.add_argument("--elsewhere", action="store_true", help=told)
    parser.add_argument("--gpu", action="store_true", help="train on the first visible GPU, whatever the run says")
    return parser


@contextmanager
def _alone_in(folder: Path, wait: float) -> Iterator[None]:
    """Hold the folder's lock; the system lets it go when this process ends, however it ends.

    Args:
        folder: The run's folder.
        wait: For how many seconds to wait for a process that is ending.
    """
    try:
        held = FileLock(folder / "run.lock", timeout=wait).acquire()
    except Timeout as error:
        raise RuntimeError(f"another process is at work in {folder}") from error
    with held:
        yield


def _take_gpu() -> None:
    """Bind this process to the GPUs that are visible now: older releases of Ultralytics change which are, by number."""
    import torch  # noqa: PLC0415 - the parser must not wait for it

    torch.cuda.init()


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


def _record(run: Run, asked: dict[str, Any], folder: Path, ledger: Path, device: str | None) -> None:
    bring_back_arguments(folder, run.data, device)
    entry = record_run(folder, name=run.name, note=CAUTIONS.get(run.recipe, ""))
    entry |= {
        "model": Path(run.model).name,
        "plan": run.plan,
        "label": run.label,
        "recipe": run.recipe if run.recipe in {"own", *CAUTIONS} else Path(run.recipe).name,
        "protocol": run.protocol or entry["data"].get("protocol", ""),
        "asked": {key: value for key, value in asked.items() if key != "data"},
        "resumed_after": resumed_after(folder),
        "incompletely_validated": incompletely_validated(folder),
    }
    _LOGGER.info("wrote %s", append(entry, ledger, evidence_files(entry, folder)))


if __name__ == "__main__":
    sys.exit(main())
