"""LIDD-Net and WLNet: small networks for surface defects, on the stock Ultralytics command.

Importing this package connects it to Ultralytics, now or as soon as Ultralytics is imported. Its functions do what the
commands of ``lidd`` do and are imported when they are first used: ``check``, ``convert``, ``groups``, ``split``,
``compare``, ``inspect``, ``predict``, ``report``, ``certify``. Input that they cannot use is an `InputError`.
"""

import sys
from importlib import import_module

import lidd_yolo_startup

TYPE_CHECKING = False  # importing typing would cost every start of `yolo` some time
if TYPE_CHECKING:
    from typing import Any

    from lidd_yolo.compare.execution import compare as compare
    from lidd_yolo.data.checks.set_check import check as check
    from lidd_yolo.data.convert import convert as convert
    from lidd_yolo.data.groups.find_groups import groups as groups
    from lidd_yolo.data.splits.lists import split as split
    from lidd_yolo.errors import InputError as InputError
    from lidd_yolo.export.certify import certify as certify
    from lidd_yolo.inspection.inspect import inspect as inspect
    from lidd_yolo.inspection.predict import predict as predict
    from lidd_yolo.report.page import report as report

__version__ = "0.1.0"

FACE = {
    "InputError": "lidd_yolo.errors",
    "certify": "lidd_yolo.export.certify",
    "check": "lidd_yolo.data.checks.set_check",
    "compare": "lidd_yolo.compare.execution",
    "convert": "lidd_yolo.data.convert",
    "groups": "lidd_yolo.data.groups.find_groups",
    "inspect": "lidd_yolo.inspection.inspect",
    "predict": "lidd_yolo.inspection.predict",
    "report": "lidd_yolo.report.page",
    "split": "lidd_yolo.data.splits.lists",
}
"""Name -> the module that has it."""


class CallableFolder(type(sys)):  # type: ignore[misc]
    """A folder of modules that has the name of its function, such as ``lidd_yolo.compare``."""

    def __call__(self, *args: "Any", **kwargs: "Any") -> "Any":
        """Call the function."""
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module(FACE[name]), name)(*args, **kwargs)


def __getattr__(name: str) -> "Any":
    """Import a name of `FACE` when it is first used."""
    if name not in FACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(FACE[name])
    return globals().setdefault(name, getattr(module, name))  # the folder of this name is there by now, if there is one


def __dir__() -> list[str]:
    return sorted({*globals(), *FACE})


lidd_yolo_startup.install(asked=True)
