"""The process that carries out one run: started with its log, ended with all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from lidd_yolo.compare.run_folder import LOG

_GRACE = 10.0


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
    os._exit(FAILED)


DONE = 0
FAILED = 1
WRONG = 2
"""A command line or a plan that cannot be carried out."""
TIME_IS_UP = 75
"""EX_TEMPFAIL of sysexits.h: call again to go on."""
STOPPED = 130
"""Ended by Ctrl-C, as a shell counts it."""
