"""Carry out several runs at once, each in a process of its own, within a time limit.

Own work. Nothing is lost by ending a process: a run goes on from its last epoch. If this process is killed, the others
notice that their standard input closes, and end too.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lidd_yolo.compare.folder import LOG
from lidd_yolo.compare.outcome import Outcome, Teller
from lidd_yolo.compare.plan import Run
from lidd_yolo.compare.process import command_words, end_processes, start_process

_LOOK_EVERY = 0.5


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
