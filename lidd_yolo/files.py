"""Files and folders that are there complete or not at all: made beside their place and moved there when finished.

A rename within one file system is the one step that cannot be caught half done. What a killed process left beside a
place is known by its lock, which ends with the process: numbers of processes come again, in containers at once.

Origin: our own; no paper.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from lidd_yolo.errors import InputError

_SETTLED = 60.0  # seconds after which a temporary folder has been locked, if anybody does
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@contextmanager
def all_or_nothing(target: Path) -> Iterator[Path]:
    """Give a new folder beside ``target`` that takes its place on success and vanishes on any error.

    Raises:
        InputError: If ``target`` has a control character in its name.
        OSError: If something cannot be written; names ``target`` where the system names nothing, as on a full disk.
    """
    target = target.resolve()
    check_name(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_left_overs(target)
    folder = _beside(target)
    old = folder.with_suffix(".old")
    folder.mkdir()
    with _locked(folder):
        try:
            with _named(target):
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
    """Give a path beside ``target`` to write a file at: it takes its place on success and vanishes on any error.

    Raises:
        OSError: If it cannot be written; names ``target`` where the system names nothing, as on a full disk.
    """
    remove_left_overs(target)
    beside = _beside(target)
    with _named(target):
        beside.touch()
        try:
            with _locked(beside):
                yield beside
                beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def stage(prefix: str) -> Iterator[Path]:
    """Give a new folder for temporary files; it vanishes in the end, or is removed by the next such call after a kill.

    Args:
        prefix: Begins the folder's name, and that of no folder of others.
    """
    for left in Path(gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):  # of another user, or removed meanwhile
            if time.time() - left.stat().st_mtime > _SETTLED and _is_abandoned(left):
                shutil.rmtree(left)
    with TemporaryDirectory(prefix=prefix) as folder, _locked(Path(folder)):
        yield Path(folder)


def remove_left_overs(target: Path) -> None:
    """Remove what killed processes left beside ``target``; bring back what one of them had just put aside.

    What a living process works at is left alone, and so is everything where files cannot be locked.
    """
    form = re.compile(rf"\.{re.escape(target.name)}\.([0-9a-f]+)\.(new|old)")
    names = [name for name in _names_in(target.parent) if form.fullmatch(name)]
    for left in (target.with_name(name) for name in sorted(names, reverse=True)):  # old before new
        made = left.with_suffix(".new")
        if not _is_abandoned(made if made.exists() else left):
            continue
        with suppress(OSError):  # another process may do the same
            if left.suffix == ".old" and made.exists() and not target.exists():  # killed between the two renames
                left.rename(target)
            elif left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are all that is needed
    except OSError:
        return []


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file or folder that tells others that its maker lives; without locks nothing is held."""
    number = _lock(path)
    try:
        yield
    finally:
        if number is not None:
            os.close(number)


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, once no other process or thread does; without locks nobody waits.

    What locks each file that it writes there (`write_beside`) may be inside.
    """
    number = None
    with suppress(ImportError, OSError):
        import fcntl  # noqa: PLC0415 - not on Windows

        number = os.open(folder, os.O_RDONLY)
        fcntl.flock(number, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if number is not None:
            os.close(number)


def _is_abandoned(path: Path) -> bool:
    """Tell whether nobody holds the lock of a file or folder; no if that cannot be known."""
    number = _lock(path)
    if number is not None:
        os.close(number)
    return number is not None


def _lock(path: Path) -> int | None:
    """Open a file or folder and lock it; None if somebody else has, or if this system or disk has no such locks."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    number = None
    with suppress(OSError):
        number = os.open(path, os.O_RDONLY)
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return number
    if number is not None:
        os.close(number)
    return None


@contextmanager
def _named(target: Path) -> Iterator[None]:
    """Name the file in an error of the system that names none: no space left, too large, an error of the disk."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(target)) from error
    except RuntimeError as error:
        if "PytorchStreamWriter" not in str(error):
            raise
        raise OSError(errno.EIO, "it cannot be written, as on a full disk", str(target)) from error


def check_name(path: Path) -> None:
    """Refuse a path with a control character, such as a newline: lists of pictures have a path in each line.

    Raises:
        InputError: If there is one.
    """
    if _CONTROL.search(str(path)):
        raise InputError(f"{str(path)!r} has a newline or another control character in its name: rename it")


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
        InputError: If ``target`` has a control character in its name.
        OSError: If nothing can be written beside ``target``, or beside the nearest folder above it that exists.
    """
    check_name(target.absolute())
    place = next(folder for folder in target.absolute().parents if folder.exists())
    try:
        with TemporaryDirectory(prefix=f".{target.name}.", dir=place):
            pass
    except OSError as error:
        raise OSError(f"{target} cannot be made: nothing can be written to {place} ({error.strerror})") from error


def safe_load_asked() -> bool:
    """Tell whether ``ULTRALYTICS_SAFE_LOAD`` forbids checkpoints to run code; the values are Ultralytics' own."""
    return os.environ.get("ULTRALYTICS_SAFE_LOAD", "").strip().lower() in {"1", "true", "yes", "on", "y", "t"}
