"""Start-up hook of lidd_yolo: connect the package to Ultralytics when, and only when, Ultralytics is imported.

Run by ``lidd_yolo_startup.pth`` (Python up to 3.17) or ``lidd_yolo_startup.start`` (PEP 829) at interpreter start.
Standard library only, imports nothing of lidd_yolo until one of the three Ultralytics modules below has been loaded,
and never raises. ``LIDD_YOLO_AUTOLOAD=0`` (or ``false``, ``off``, ``no``) turns it off; ``import lidd_yolo`` then still
connects.
"""

import os
import sys

TYPE_CHECKING = False  # typing, and even __future__, would cost every start of Python some time
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

MODULES = ("ultralytics.nn.tasks", "ultralytics.engine.model", "ultralytics.data.utils")
_OFF = ("0", "false", "off", "no")


class _Finder:
    """A ``sys.meta_path`` entry that wraps the loaders of three modules and finds nothing itself."""

    def find_spec(self, name: str, path: "Any" = None, target: "ModuleType | None" = None) -> "ModuleSpec | None":
        """Return the real spec of a watched module with its loader's ``exec_module`` extended, else None."""
        if name not in MODULES:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find else None
            if spec:
                _extend(spec.loader)
                return spec
        return None


def _extend(loader: "Any") -> None:
    """Let this one loader connect us after it has run its module."""
    execute = loader.exec_module

    def exec_module(module: "ModuleType") -> None:
        execute(module)
        connect(module)

    loader.exec_module = exec_module


def connect(module: "ModuleType") -> None:
    """Hand a loaded Ultralytics module to lidd_yolo; a failure becomes one warning and Ultralytics stays stock."""
    try:
        from lidd_yolo.connect import attach  # noqa: PLC0415

        attach(module)
    except Exception as error:
        import warnings  # noqa: PLC0415

        text = f"lidd_yolo could not connect to {module.__name__} ({error!r}); Ultralytics works as if it were absent"
        warnings.warn(text, RuntimeWarning, stacklevel=2)


def install(*, asked: bool = False) -> None:
    """Watch for Ultralytics; ``LIDD_YOLO_AUTOLOAD=0`` forbids it unless the user asked, by importing lidd_yolo."""
    if not asked and os.environ.get("LIDD_YOLO_AUTOLOAD", "").strip().lower() in _OFF:
        return
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    for name in MODULES:
        module = sys.modules.get(name)
        if module is not None and not getattr(module.__spec__, "_initializing", False):
            connect(module)
