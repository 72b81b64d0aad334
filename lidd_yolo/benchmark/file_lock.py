"""Lock an open file against other processes; the system lets it go when the process ends, however it ends.

Own work.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_FAR_BEHIND = 1 << 30  # a locked byte cannot be read on Windows, so one is taken where no file has any


@contextlib.contextmanager
def locked(file: IO[bytes], *, wait: bool = True) -> Iterator[None]:
    """Wait until no other process holds the lock of this file, then hold it to the end of the ``with``.

    Args:
        file: Open file; its position may change.
        wait: False does not wait.

    Raises:
        OSError: If another process holds the lock and this one is not to wait.
    """
    if sys.platform == "win32":
        file.seek(_FAR_BEHIND)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        file.seek(0)
    else:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield
    finally:
        if sys.platform == "win32":
            file.seek(_FAR_BEHIND)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_UN)
