"""Optional packages, loaded when they are needed, with one clear message where they are missing.

The rest of the package works without them.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from types import ModuleType


def load_extra(module: str, extra: str = "compare") -> ModuleType:
    """Import a module of an optional package.

    Args:
        module: Its dotted name, such as ``scipy.special``.
        extra: The extra of ours that it belongs to.

    Raises:
        ImportError: If the package is not installed; says what to install.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise _missing([module.partition(".")[0]], extra) from error


def check_extra(*packages: str, extra: str = "compare") -> None:
    """Refuse work for which packages are missing, before it begins.

    Raises:
        ImportError: If one is not installed; names all that are not and says what to install.
    """
    if missing := [package for package in packages if find_spec(package) is None]:
        raise _missing(missing, extra)


def _missing(packages: list[str], extra: str) -> ImportError:
    verb = "is" if len(packages) == 1 else "are"
    return ImportError(f'{", ".join(packages)} {verb} missing: pip install "lidd-yolo[{extra}]"')
