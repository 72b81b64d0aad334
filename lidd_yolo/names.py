"""Names of our models, weights and data sets: which are ours, which scale a name asks for, which file it means."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from lidd_yolo.paths import cfg_dir, find_cfg, weights_dir

WEIGHTS_FORMAT = "lidd_yolo_weights"
"""Key of a file of weights as the package brings them: no network inside, see ``models/pretrained.py``."""

_MODEL = re.compile(r"^(?P<family>lidd|wlnet|maskrcnn)(?:[-_]?(?P<scale>[a-z]))?(?P<variant>(?:-[a-z]{2,})*)\Z")


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


def find_beside(path: Any) -> str:
    """Return the user's own base file in the folder of the name asked for (``./lidd.yaml`` for ``lidds.yaml``), or ''.

    It wins over the packaged one, as with Ultralytics' names.
    """
    beside = Path(path).with_name(base_name(path))
    return str(beside) if beside.is_file() else ""


def find_packaged(path: Any) -> str:
    """Return the packaged YAML that a name of ours means, or ''."""
    return str(find_cfg(base_name(path), "models") or "")


def scale(path: Any) -> str:
    """Return the scale letter that a name of ours asks for, or the default its YAML states, or ''.

    Raises:
        ValueError: If the YAML does not have this scale; names those it has. Or if it is no valid YAML.
    """
    match = _match(path)
    if match is None:
        return ""
    file = str(path) if Path(path).is_file() else find_beside(path) or find_packaged(path)
    if not file:
        return ""
    from lidd_yolo.yaml_text import read_mapping  # noqa: PLC0415 - `lidd doctor --help` answers without yaml

    config = read_mapping(Path(file))
    known, section = list(config.get("scales") or {}), config.get("lidd_yolo")
    default = section.get("default_scale") if isinstance(section, dict) else None
    letter = match["scale"] or default or (known[0] if known else "")
    if letter and letter not in known:
        raise ValueError(f"{Path(path).name}: no scale '{letter}', only {', '.join(known) or 'one size'}")
    return str(letter)


def weights_name(path: Any) -> str:
    """Return the name of pretrained weights that a word asks for, without a folder, or ''.

    ``lidds.pt`` and ``lidd-s.pt`` ask for the same, and so do ``lidd.pt`` and ``liddn.pt``.
    """
    if not isinstance(path, (str, Path)) or Path(path).name != str(path) or Path(path).suffix != ".pt":
        return ""
    match = _MODEL.match(Path(path).stem)
    if match is None:
        return ""
    model = Path(path).with_suffix(".yaml").name
    letter = match["scale"] if match["scale"] and match["scale"] != scale(base_name(model)) else ""
    return f"{match['family']}{letter}{match['variant']}.pt"


@cache
def packaged_weights() -> dict[str, Path]:
    """Return the pretrained weights that come with the package, by their names."""
    return {file.name: file for file in sorted(weights_dir().glob("*.pt"))}


@cache
def data_yamls() -> dict[str, Path]:
    """Return the packaged data YAMLs by their name without ``.yaml``."""
    return {file.stem: file for file in (cfg_dir() / "datasets").glob("*.yaml")}


def find_data_yaml(path: Any) -> Path | None:
    """Return the packaged data YAML of this name, given without a folder; None if we have none."""
    if not isinstance(path, (str, Path)) or Path(path).name != str(path):
        return None
    file = Path(path)
    return data_yamls().get(file.stem) if file.suffix.lower() in {"", ".yaml", ".yml"} else None
