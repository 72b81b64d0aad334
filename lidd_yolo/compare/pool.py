"""Carry out several runs at once, each in a process of its own, within a time limit.

A process is started with its log and ended with all that it has started. Nothing is lost by that: a run goes on from
its last epoch. If this process is killed, the others notice that their standard input closes, and end too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lidd_yolo.compare.plan import Run
from lidd_yolo.compare.run_folder import LOG, progress_of
from lidd_yolo.exit_status import DONE, FINDINGS, TIME_IS_UP

_TELL_EVERY = 20.0
_LOOK_EVERY = 0.5
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
        return TIME_IS_UP if self.left else FINDINGS if self.failed else DONE


class Teller:
    """Tells how far one run is, not too often, and how it ended."""

    def __init__(self, run: Run, folder: Path, say: Callable[[str], None]) -> None:
        self.run = run
        self.folder = folder
        self.say = say
        self._epoch = progress_of(folder)[0]
        self._told = 0.0

    def progress(self, *, at_once: bool = False) -> None:
        """Tell of a new epoch, at once or if nothing was told for a while."""
        epoch, map50 = progress_of(self.folder)
        if epoch != self._epoch and (at_once or time.time() - self._told > _TELL_EVERY):
            self._epoch, self._told = epoch, time.time()
            self.say(f"{self.run.name}: epoch {epoch}/{self.run.epochs}, mAP50 {map50:.3f}")

    def ended(self, status: int, outcome: Outcome, reason: str = "") -> None:
        """Tell how a run ended and count it.

        Args:
            status: Exit status of the worker.
            outcome: Where it is counted.
            reason: Why it failed; empty takes the last line of its log.
        """
        self.progress(at_once=True)
        if status == DONE:
            outcome.done.append(self.run.name)
            self.say(f"{self.run.name}: done")
        elif status == TIME_IS_UP:
            outcome.left.append(self.run.name)
            self.say(f"{self.run.name}: stopped at the time limit")
        else:
            outcome.failed.append(self.run.name)
            log = self.folder / LOG
            self.say(f"{self.run.name}: failed: {reason or f'{_last_line(log)} ({log})'}")


def _last_line(log: Path) -> str:
    """Return what a log ends with: the error's message."""
    if not log.is_file():
        return "without a word"
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "without a word"


class Pool(Protocol):
    """What carries out runs, each with the ``run.json`` in its folder: here or on other machines."""

    def __call__(
        self, folders: Sequence[tuple[Run, Path]], *, ledger: Path, say: Callable[[str], None], until: float | None
    ) -> Outcome:
        """Carry out runs as `carry_out_runs` does."""


@dataclass
class _Job:
    process: subprocess.Popen[bytes]
    teller: Teller


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
                teller = Teller(run, file.parent, say)  # before the process writes anything
                process = start_process(file, command_words(file, ledger, until), threads=_threads(jobs))
                running.append(_Job(process, teller))
                say(f"{run.name}: started, log: {file.parent / LOG}")
            for job in list(running):
                status = job.process.poll()
                if status is None:
                    job.teller.progress()
                else:
                    running.remove(job)
                    job.teller.ended(status, outcome)
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
        end_processes([job.process for job in running])


def _threads(jobs: int) -> int:
    """Return the threads of each process: the cores that this process may use, shared."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // jobs)


def start_process(
    file: Path, words: list[str], *, threads: int, place: Path | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the worker on a run; it ends when the process that calls this does.

    Args:
        file: The run's ``run.json``; the log is written beside it.
        words: What `command_words` returned.
        threads: Number of threads, unless ``OMP_NUM_THREADS`` is set.
        place: Folder to start it in; None for the present one.
        variables: Environment variables to change.
    """
    with (file.parent / LOG).open("ab") as log:
        return subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=place,
            env={"OMP_NUM_THREADS": str(threads), **os.environ, **(variables or {})},
            start_new_session=True,
        )


def command_words(file: Path, ledger: Path, until: float | None, *more: str) -> list[str]:
    """Return the command that carries out a run with this Python."""
    limit = [] if until is None else ["--until", str(until)]
    words = [str(file.resolve()), "--ledger", str(ledger.resolve()), "--tied", *limit, *more]
    return [sys.executable, "-m", "lidd_yolo.compare.worker", *words]


def end_processes(processes: list[subprocess.Popen[bytes]]) -> None:
    """End processes with all that they have started, such as data loaders, and wait until they have ended."""
    for process in processes:
        _signal(process, "SIGTERM")
    for process in processes:
        _wait_for(process)


def _wait_for(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        _signal(process, "SIGKILL")
        process.wait()


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    """Send a signal to a process and its group; where there are no groups, end the process."""
    try:
        os.killpg(process.pid, getattr(signal, name))
    except AttributeError:
        process.kill()
    except ProcessLookupError:
        pass


def end_with_parent() -> None:
    """From now on, end this process at once, as a kill would, when its standard input is closed."""
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not sys.stdin.read: it holds a lock that the interpreter's end waits for
        pass
    os._exit(FINDINGS)
