"""Carry out several runs at once, each in a process of its own, within a time limit.

Own work. Nothing is lost by ending a process: a run goes on from its last epoch. If this process is killed, the others
notice that their standard input closes, and end too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lidd_yolo.compare.folder import LOG, progress_of
from lidd_yolo.compare.plan import Run
from lidd_yolo.compare.status import DONE, FAILED, TIME_IS_UP

_LOOK_EVERY = 0.5
_TELL_EVERY = 20.0
_GRACE = 10.0


@dataclass
class Outcome:
    """What became of the runs: names by how they ended, ``left`` for those that the time limit kept from it."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """Exit status: 75 while the time limit left something, else 1 if something failed, else 0."""
        return TIME_IS_UP if self.left else FAILED if self.failed else DONE


@dataclass
class _Job:
    run: Run
    folder: Path
    process: subprocess.Popen[bytes]
    epoch: int
    told: float = 0.0


def carry_out_runs(
    folders: Sequence[tuple[Run, Path]],
    *,
    ledger: Path,
    say: Callable[[str], None],
    jobs: int = 1,
    until: float | None = None,
) -> Outcome:
    """Start a process for each run, never more than ``jobs`` at once, and wait for all.

    Args:
        folders: Each run and the ``run.json`` in its folder.
        ledger: Folder of the ledger.
        say: Takes each line of progress.
        jobs: Number of processes at once; they share the processor's cores.
        until: Time, in seconds since 1970, after which nothing is begun and trainings stop at an epoch's end.

    Raises:
        KeyboardInterrupt: If the user stops it; all processes have ended then.
    """
    outcome, waiting = Outcome(), list(folders)
    with _ending_all() as running:
        while waiting or running:
            while waiting and len(running) < jobs:
                run, file = waiting.pop(0)
                if until is not None and time.time() >= until:
                    outcome.left.append(run.name)
                    continue
                running.append(_start(run, file, ledger=ledger, until=until, threads=_threads(jobs)))
                say(f"{run.name}: started, log: {file.parent / LOG}")
            for job in list(running):
                _look_at(job, outcome, say)
                if job.process.poll() is not None:
                    running.remove(job)
            if running:
                time.sleep(_LOOK_EVERY)
    return outcome


@contextmanager
def _ending_all() -> Iterator[list[_Job]]:
    """Give a list of processes and end those that are left in it, whatever happens."""
    running: list[_Job] = []
    try:
        yield running
    finally:
        for job in running:
            _signal(job.process, "SIGTERM")
        for job in running:
            _wait_for(job.process)


def _wait_for(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        _signal(process, "SIGKILL")
        process.wait()


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    """End a process with all that it started, such as its data loaders; where there are no groups, the process."""
    try:
        os.killpg(process.pid, getattr(signal, name))
    except AttributeError:
        process.kill()
    except ProcessLookupError:
        pass


def _start(run: Run, file: Path, *, ledger: Path, until: float | None, threads: int) -> _Job:
    with (file.parent / LOG).open("ab") as log:
        process = subprocess.Popen(
            _command(file, ledger, until),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"OMP_NUM_THREADS": str(threads), **os.environ},
            start_new_session=True,
        )
    return _Job(run, file.parent, process, epoch=progress_of(file.parent)[0])


def _command(file: Path, ledger: Path, until: float | None) -> list[str]:
    limit = [] if until is None else ["--until", str(until)]
    words = [str(file.resolve()), "--ledger", str(ledger.resolve()), "--tied", *limit]
    return [sys.executable, "-m", "lidd_yolo.compare.worker", *words]


def _threads(jobs: int) -> int:
    """Return the threads of each process: the cores that this process may use, shared."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // jobs)


def _look_at(job: _Job, outcome: Outcome, say: Callable[[str], None]) -> None:
    """Tell how far a run is, not too often, and how it ended."""
    status, (epoch, map50) = job.process.poll(), progress_of(job.folder)
    ended = status is not None
    if epoch != job.epoch and (ended or time.time() - job.told > _TELL_EVERY):
        job.epoch, job.told = epoch, time.time()
        say(f"{job.run.name}: epoch {epoch}/{job.run.epochs}, mAP50 {map50:.3f}")
    if not ended:
        return
    if status == DONE:
        outcome.done.append(job.run.name)
        say(f"{job.run.name}: done")
    elif status == TIME_IS_UP:
        outcome.left.append(job.run.name)
        say(f"{job.run.name}: stopped at the time limit")
    else:
        outcome.failed.append(job.run.name)
        say(f"{job.run.name}: failed: {_last_line(job.folder / LOG)} ({job.folder / LOG})")


def _last_line(log: Path) -> str:
    """Return what a log ends with: the error's message."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "without a word"
