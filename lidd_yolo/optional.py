"""Packages that are not always installed: loaded when they are needed, with one clear message where they are missing.

The rest of the package works without them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import ModuleType


def load_extra(module: str, extra: str = "compare") -> ModuleType:
    """Import a module, such as ``scipy.special``, that an extra of this package brings.

    Raises:
        ImportError: If the package is not installed; says what to install.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise ImportError(f'{package} is missing: pip install "lidd-yolo[{extra}]"') from error


def missing_packages(modules: Iterable[str]) -> list[str]:
    """Return which modules are not installed, each once, without importing one."""
    return [module for module in dict.fromkeys(modules) if find_spec(module) is None]


def not_installed(modules: Iterable[str], extra: str) -> str:
    """Return which modules are missing and how to get them by an extra of this package, or an empty string."""
    missing = missing_packages(modules)
    return f"{', '.join(missing)} not installed: pip install 'lidd-yolo[{extra}]'" if missing else ""


def package_version(name: str) -> str:
    """Return the version of an installed package by the name that pip knows it by, or an empty string."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
