"""Put a finished export beside its checkpoint in one step, or set a rejected one aside under another name.

Own work.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lidd_yolo.files import all_or_nothing

REJECTED = ".failed"


def place_export(written: Path, folder: Path) -> Path:
    """Put an accepted export into a folder, in the place of one of the same name; return where it lies.

    A rejected one of an earlier export is removed.

    Args:
        written: File or folder.
        folder: The checkpoint's.
    """
    _remove(folder / f"{written.name}{REJECTED}")
    return _put(written, folder / written.name)


def set_aside(written: Path, folder: Path) -> Path:
    """Keep a rejected export for a look into it, under a name that nothing can load; return where it lies.

    Args:
        written: File or folder.
        folder: The checkpoint's.
    """
    return _put(written, folder / f"{written.name}{REJECTED}")


def put_text(text: str, target: Path) -> Path:
    """Write a file in one step and return it."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def _put(written: Path, target: Path) -> Path:
    if written.is_dir():
        with all_or_nothing(target) as made:
            shutil.copytree(written, made, dirs_exist_ok=True)
        return target
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        shutil.copyfile(written, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
