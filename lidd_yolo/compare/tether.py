"""End a process when its parent does, even if the parent was killed.

Own work. The parent holds the process's standard input open and writes nothing; the system closes it with the parent,
on every platform.
"""

from __future__ import annotations

import os
import sys
import threading

from lidd_yolo.compare.status import FAILED


def end_with_parent() -> None:
    """From now on, end this process at once, as a kill would, when its standard input is closed."""
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not sys.stdin.read: it holds a lock that the interpreter's end waits for
        pass
    os._exit(FAILED)
