"""How a command ends when it is stopped from outside: by a signal, or because nobody reads what it writes.

Origin: our own; no paper.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lidd_yolo.exit_status import STOPPED

_SIGNALS = ("SIGTERM", "SIGHUP")


@contextmanager
def stopped_as_by_ctrl_c() -> Iterator[None]:
    """Let a polite kill and a closed terminal take the way of Ctrl-C, on which what is half written is removed.

    A signal that is ignored, as under ``nohup``, stays so. Further ones do not disturb the cleaning up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    present = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in present}
    ours = [number for number, handler in before.items() if handler == signal.SIG_DFL]

    def stop(number: int, _frame: Any) -> None:
        for each in ours:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(number)

    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


def status_of(stop: KeyboardInterrupt) -> int:
    """Return the exit status of a command that was stopped: 128 and the number of the signal."""
    return 128 + stop.args[0] if stop.args and isinstance(stop.args[0], int) else STOPPED


def give_closed_streams_a_place() -> None:
    """Let what is written go nowhere where a stream was closed before the start, as ``>&-`` does."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - to the end


def nobody_reads() -> bool:
    """Tell whether the reader of standard output has gone; what is left for it then goes nowhere.

    Raises:
        OSError: If what is left cannot be written, as on a full disk.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard()
        return True
    except OSError as error:
        _discard()
        raise OSError(error.errno, error.strerror, "standard output") from error
    return _has_no_reader()


def _has_no_reader() -> bool:
    """Ask the system whether standard output is a pipe whose other end is closed."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)  # errors are always reported
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # Windows; a stream that is no file
        return False


def _discard() -> None:
    """Lead standard output nowhere, so that the interpreter's end does not try again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def complain(text: str) -> None:
    """Write a line to standard error, if anybody reads that."""
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
