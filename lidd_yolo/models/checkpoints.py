"""Read a checkpoint that somebody else may have written: a pickle can run code, unless the user forbids it.

Origin: our own; no paper.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import torch
from ultralytics.nn import tasks

from lidd_yolo.errors import InputError
from lidd_yolo.files import safe_load_asked
from lidd_yolo.models.classes import allow_pickled_names


def load_checkpoint(file: Path) -> dict[str, Any]:
    """Return the content of a checkpoint of a training, on the CPU.

    With ``ULTRALYTICS_SAFE_LOAD=1`` nothing but known classes is read, as far as Ultralytics itself can: from 8.4.75
    with torch 2.6 on. Else it is read as Ultralytics reads it.

    Raises:
        InputError: If the file is damaged, no checkpoint, or names what it may not.
        OSError: If it cannot be read.
    """
    restricted: Any = getattr(tasks, "_SafeLoad", None)
    safe = safe_load_asked() and restricted is not None and restricted.SUPPORTED
    try:
        with restricted.loading(file) if safe else contextlib.nullcontext():
            if safe:
                allow_pickled_names()
            content = torch.load(file, map_location="cpu", weights_only=safe)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # by the place of the damage, torch raises a dozen kinds
        raise InputError(f"{file} {_reason(error)}") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} is no checkpoint of a training")
    return content


def _reason(error: Exception) -> str:
    """Say in one line why a file was not read."""
    if named := re.search(r"(?:GLOBAL |but got <class ')([\w.]{1,200})", str(error)):
        return (
            f"is not read: it names {named[1]}, which no checkpoint of Ultralytics or lidd_yolo does, and "
            "ULTRALYTICS_SAFE_LOAD=1 forbids what is unknown"
        )
    first = str(error).partition("\n")[0].partition(". ")[0]
    return f"is damaged or no checkpoint ({type(error).__name__}: {first})"
