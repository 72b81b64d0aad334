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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lidd_yolo.compare.plan import Run
from lidd_yolo.compare.run_folder import LOG, progress_of
from lidd_yolo.exit_status import DONE, FINDINGS, TIME_IS_UP

Say = Callable[[str], None]
"""Takes a line of progress."""

_TELL_EVERY = 20.0
_LOOK_EVERY = 0.5
_GRACE = 10.0


@dataclass
class Outcome:
    """What became of the runs: names by how they ended, ``left`` for those that the time limit kept from it."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class Teller:
    """Says how far one run is, not too often, and how it ended."""

    def __init__(self, run: Run, folder: Path, say: Say) -> None:
        self.run = run
        self.folder = folder
        self.say = say
        self._epoch = progress_of(folder)[0]
        self._last_said = float("-inf")

    def progress(self, *, at_once: bool = False) -> None:
        """Say that there is a new epoch, at once or if nothing was said for a while."""
        epoch, map50 = progress_of(self.folder)
        if epoch != self._epoch and (at_once or time.monotonic() - self._last_said > _TELL_EVERY):
            self._epoch, self._last_said = epoch, time.monotonic()
            measured = "" if self.run.extra.get("val") is False else f", mAP50 {map50:.3f}"
            self.say(f"{self.run.name}: epoch {epoch}/{self.run.epochs}{measured}")

    def ended(self, status: int, outcome: Outcome, reason: str = "") -> None:
        """Say how a run ended and count it; without a reason, a failed one gives the last line of its log."""
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
            text = log.read_text(encoding="utf-8", errors="replace").strip() if log.is_file() else ""
            last = text.splitlines()[-1].strip() if text else "without a word"
            self.say(f"{self.run.name}: failed: {reason or f'{last} ({log})'}")


class Pool(Protocol):
    """What carries out runs, each with the ``run.json`` in its folder: here or on other machines."""

    def __call__(self, folders: Sequence[tuple[Run, Path]], *, ledger: Path, say: Say, until: float | None) -> Outcome:
        """Carry out runs as `carry_out_runs` does."""


def carry_out_runs(
    folders: Sequence[tuple[Run, Path]], *, ledger: Path, say: Say, jobs: int = 1, until: float | None = None
) -> Outcome:
    """Start a process for each run, never more than ``jobs`` at once, and wait for all.

    Args:
        folders: Each run and the ``run.json`` in its folder.
        ledger: Folder of the ledger.
        say: Takes each line of progress.
        jobs: Number of processes at once; they share the cores that this process may use.
        until: Time, in seconds since 1970, after which nothing is begun and trainings stop at an epoch's end.

    Raises:
        KeyboardInterrupt: If the user stops it; all processes have ended then.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    outcome, waiting = Outcome(), list(folders)
    running: dict[subprocess.Popen[bytes], Teller] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                run, file = waiting.pop(0)
                if until is not None and time.time() >= until:
                    outcome.left.append(run.name)
                    continue
                teller = Teller(run, file.parent, say)  # before the process writes anything
                words = command_words(file, ledger, until)
                running[start_process(file, words, threads=max(1, cores // jobs))] = teller
                say(f"{run.name}: started, log: {file.parent / LOG}")
            for process, teller in list(running.items()):
                status = process.poll()
                if status is None:
                    teller.progress()
                else:
                    del running[process]
                    teller.ended(status, outcome)
            if running:
                time.sleep(_LOOK_EVERY)
    finally:
        end_processes(list(running))
    return outcome


def start_process(
    file: Path, words: list[str], *, threads: int, place: Path | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start `command_words` with a log beside the run's ``run.json``; the environment's number of threads wins."""
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
