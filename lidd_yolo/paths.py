"""Where the files of this package lie: in a checkout beside it, in a wheel inside it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def cfg_dir() -> Path:
    """Return the folder that holds ``models/``, ``datasets/`` and ``plans/``.

    Raises:
        FileNotFoundError: If neither the wheel's nor the checkout's folder exists.
    """
    for folder in (_PACKAGE / "cfg", _PACKAGE.parent / "cfg"):
        if (folder / "models").is_dir():
            return folder
    raise FileNotFoundError(
        f"lidd_yolo is incomplete: no cfg folder in {_PACKAGE}; reinstall it with pip install lidd-yolo"
    )


def weights_dir() -> Path:
    """Return the folder of the pretrained weights and their cards; it may not exist in an incomplete checkout."""
    return next(
        (f for f in (_PACKAGE / "pretrained", _PACKAGE.parent / "pretrained") if f.is_dir()), _PACKAGE / "pretrained"
    )


def find_cfg(name: str, kind: str) -> Path | None:
    """Return the packaged YAML called ``name``, or None.

    Args:
        name: File name with or without ``.yaml``; folders in front of it are ignored.
        kind: ``models``, ``datasets`` or ``plans``.
    """
    stem = Path(name).name.removesuffix(".yaml").removesuffix(".yml")
    return next((p for p in sorted((cfg_dir() / kind).rglob("*.yaml")) if p.stem == stem), None)


def packaged_plans() -> list[str]:
    """Return the names of the plans that come with the package."""
    return sorted(file.stem for file in (cfg_dir() / "plans").glob("*.yaml"))


def ultralytics_settings() -> Path | None:
    """Return Ultralytics' settings file, or None before its first start.

    Releases differ in whether ``YOLO_CONFIG_DIR`` is the folder itself or its parent; both are looked at.
    """
    home = Path.home()
    if override := os.environ.get("YOLO_CONFIG_DIR"):
        folders = [Path(override).expanduser() / "Ultralytics", Path(override).expanduser()]
    else:
        bases = {"win32": home / "AppData" / "Roaming", "darwin": home / "Library" / "Application Support"}
        linux = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        folders = [bases.get(sys.platform, linux) / "Ultralytics", home / ".config" / "Ultralytics"]
    return next((f / "settings.json" for f in folders if (f / "settings.json").is_file()), None)


def datasets_dir() -> Path:
    """Return Ultralytics' folder for data sets, without importing Ultralytics when its settings exist."""
    settings = ultralytics_settings()
    if settings is not None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return Path(json.loads(settings.read_text(encoding="utf-8"))["datasets_dir"])
    with contextlib.redirect_stdout(sys.stderr):  # it tells of the settings it makes, amid what is printed for machines
        from ultralytics.utils import SETTINGS  # noqa: PLC0415 - seconds to import, needed on a first run only

    return Path(SETTINGS["datasets_dir"])
