"""Packages of the extra ``compare``, loaded when they are needed, with one clear message where they are missing.

The rest of the package works without them.
"""

from __future__ import annotations

import importlib
from types import ModuleType


def load_extra(module: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        module: Its dotted name, such as ``scipy.special``.

    Raises:
        ImportError: If the package is not installed; says what to install.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise ImportError(f'{package} is missing: pip install "lidd-yolo[compare]"') from error
