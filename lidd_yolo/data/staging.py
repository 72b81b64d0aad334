"""A folder that is there complete or not at all: made beside its place and moved there when it is finished.

Own work; a rename within one file system is the one step that cannot be caught half done.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def all_or_nothing(target: Path) -> Iterator[Path]:
    """Give a new folder beside ``target`` that takes its place on success and vanishes on any error.

    Args:
        target: Folder to make; one that exists is replaced, on success only.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.with_name(f".{target.name}.{os.getpid()}.new")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    folder.mkdir()
    try:
        yield folder
        if target.exists():
            target.rename(old)
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def check_new(target: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        FileExistsError: If ``target`` is a file or a folder that is not empty.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise FileExistsError(f"{target} already exists and is not empty; choose another target")
