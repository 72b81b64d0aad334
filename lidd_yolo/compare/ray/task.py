"""One run as a task of Ray, on whatever machine: looks whether it sees the run's folder, then starts the worker.

Returns at once what a user can do something about; the process that it starts ends when this one does.
"""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lidd_yolo.compare.pool import command_words, end_processes, start_process
from lidd_yolo.compare.run_folder import note_begun
from lidd_yolo.exit_status import COULD_NOT_RUN, TIME_IS_UP

_LOOK_EVERY = 0.2


@dataclass(frozen=True)
class Errand:
    """What a task needs to know.

    Args:
        file: The run's ``run.json``, an absolute path.
        content: What is in it.
        ledger: Folder of the ledger, an absolute path.
        place: Folder that the command was called in: where a relative path of data or model begins.
        attempt: Tells this task from earlier ones of the run.
        cpus: Threads of the process.
        gpu: Whether Ray has given the task a GPU.
        until: Time, in seconds since 1970, when the last epoch should be over.
    """

    file: str
    content: str
    ledger: str
    place: str
    attempt: str
    cpus: int
    gpu: bool
    until: float | None


def carry_out_errand(errand: Errand) -> tuple[int, str]:
    """Carry out a run; returns the worker's exit status, and why where it was not started (status 2)."""
    file, ledger = Path(errand.file), Path(errand.ledger)
    if refused := _not_seen(file, errand.content, ledger):
        return COULD_NOT_RUN, refused
    if errand.until is not None and time.time() >= errand.until:
        return TIME_IS_UP, ""
    note_begun(file.parent, errand.attempt, platform.node())
    place = Path(errand.place)
    process = start_process(
        file,
        command_words(file, ledger, errand.until, "--elsewhere", *(["--gpu"] if errand.gpu else [])),
        threads=errand.cpus,
        place=place if place.is_dir() else file.parent,
        variables={} if errand.gpu else {"CUDA_VISIBLE_DEVICES": ""},  # a GPU that was not asked for may be another's
    )
    return _status(process), ""


def _not_seen(file: Path, content: str, ledger: Path) -> str:
    """Say which folder of the machine that asks is not seen from here; empty if all are."""
    where = platform.node()
    try:
        same = file.read_text(encoding="utf-8") == content
    except OSError:
        same = False
    if not same:
        return f"{where} does not see {file.parent}: --project has to be on a folder that all machines share"
    if not ledger.is_dir() or not os.access(ledger, os.W_OK):
        return f"{where} cannot write to {ledger}: --ledger has to be on a folder that all machines share"
    return ""


def _status(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process, in steps that an exception can interrupt; it has ended when this returns or raises."""
    try:
        while process.poll() is None:
            time.sleep(_LOOK_EVERY)
    finally:
        end_processes([process])
    return process.returncode
