"""Names of our models and data sets: which are ours, which scale a name asks for, which file it means."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.paths import cfg_dir, find_cfg

_MODEL = re.compile(r"^(?P<family>lidd|wlnet)(?:[-_]?(?P<scale>[a-z]))?(?P<variant>(?:-[a-z]{2,})*)$")


def _match(path: Any) -> re.Match[str] | None:
    if not isinstance(path, (str, Path)):
        return None
    file = Path(path)
    return _MODEL.match(file.stem) if file.suffix.lower() in {".yaml", ".yml"} else None


def is_ours(path: Any) -> bool:
    """Tell whether a model YAML's name belongs to one of our families (``lidds.yaml`` yes, ``liddle.yaml`` no)."""
    return _match(path) is not None


def base_name(path: Any) -> str:
    """Return the file name without its scale: ``some/lidd-s.yaml`` -> ``lidd.yaml``."""
    match = _match(path)
    if match is None:
        raise ValueError(f"{path} is not a model name of lidd_yolo")
    return f"{match['family']}{match['variant']}.yaml"


def find_model_yaml(path: Any) -> str:
    """Return the YAML that a name of ours means when no file of exactly that name exists; '' if there is none.

    The user's own base file beside the name asked for wins over the packaged one, as with Ultralytics' names.
    """
    beside = Path(path).with_name(base_name(path))
    if beside.is_file():
        return str(beside)
    packaged = find_cfg(base_name(path), "models")
    return str(packaged or "")


def scale(path: Any) -> str:
    """Return the scale letter that a name of ours asks for, or the default its YAML states, or ''.

    Raises:
        ValueError: If the YAML does not have this scale; names those it has.
    """
    match = _match(path)
    file = Path(path) if Path(path).is_file() else Path(find_model_yaml(path) or path)
    if match is None or not file.is_file():
        return ""
    config = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    known = list(config.get("scales") or {})
    asked = match["scale"] or (config.get("lidd_yolo") or {}).get("default_scale") or (known[0] if known else "")
    if asked and asked not in known:
        raise ValueError(f"{Path(path).name}: no scale '{asked}', only {', '.join(known) or 'one size'}")
    return str(asked)


@cache
def _data_yamls() -> dict[str, Path]:
    return {file.stem: file for file in (cfg_dir() / "datasets").glob("*.yaml")}


def find_data_yaml(path: Any) -> Path | None:
    """Return the packaged data YAML of this name, given without a folder; None if we have none."""
    if not isinstance(path, (str, Path)) or Path(path).name != str(path):
        return None
    file = Path(path)
    return _data_yamls().get(file.stem) if file.suffix.lower() in {"", ".yaml", ".yml"} else None
