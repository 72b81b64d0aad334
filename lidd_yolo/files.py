"""Files and folders that are there complete or not at all: made beside their place and moved there when finished.

A rename within one file system is the one step that cannot be caught half done.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def all_or_nothing(target: Path) -> Iterator[Path]:
    """Give a new folder beside ``target`` that takes its place on success and vanishes on any error."""
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


@contextmanager
def write_beside(target: Path) -> Iterator[Path]:
    """Give a path beside ``target`` to write a file at: it takes its place on success and vanishes on any error."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        yield beside
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def is_free(target: Path) -> bool:
    """Return whether there is nothing at ``target``, or a folder without anything in it."""
    return not target.exists() or (target.is_dir() and not any(target.iterdir()))


def check_new(target: Path) -> None:
    """Refuse a folder that holds something or cannot be made.

    Raises:
        FileExistsError: If ``target`` is a file or a folder that is not empty.
        OSError: As `check_writable`.
    """
    if not is_free(target):
        raise FileExistsError(f"{target} already exists and is not empty; choose another target")
    check_writable(target)


def check_writable(target: Path) -> None:
    """Refuse a folder that cannot be made, before the work that is to fill it.

    Raises:
        OSError: If nothing can be written beside ``target``, or beside the nearest folder above it that exists.
    """
    place = next(folder for folder in target.absolute().parents if folder.exists())
    try:
        with TemporaryDirectory(prefix=f".{target.name}.", dir=place):
            pass
    except OSError as error:
        raise OSError(f"{target} cannot be made: nothing can be written to {place} ({error.strerror})") from error
