"""Recipes: the training arguments that a run begins with, the model's own or another's.

``own`` leaves everything to the model's trainer: Ultralytics' defaults, or the papers' for our families.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from lidd_yolo import names

OWN = "own"
FAMILIES = ("lidd", "wlnet")

CAUTIONS: Mapping[str, str] = MappingProxyType(
    {
        "lidd": "LIDD-Net's arguments in Ultralytics' trainer: losses and their gains are that network's own, and "
        "it clips gradients at norm 10, LIDD-Net's at 35",
        "wlnet": "WLNet's arguments in another trainer: losses and their gains are that network's own, without NWD",
    }
)
"""What a recipe of ours leaves out when another trainer follows it; belongs to every figure measured so."""


_OF_THE_CRITERION = frozenset({"box", "cls", "dfl"})
"""Gains of losses: they balance terms of one family's criterion, and say nothing of another's."""


def recipe_family(model: str) -> str:
    """Return ``lidd`` or ``wlnet`` for a model YAML of ours, else an empty string."""
    if not names.is_ours(model):
        return ""
    return next((family for family in FAMILIES if names.base_name(model).startswith(family)), "")


def recipe_arguments(recipe: str) -> dict[str, Any]:
    """Return the training arguments of a recipe, without those that the plan gives to all alike: epochs and size.

    A family's recipe is for networks of other families (its own begin with it), so it comes without gains of losses.

    Args:
        recipe: ``own``, ``lidd``, ``wlnet`` or a YAML file that maps arguments of ``yolo train`` to values.

    Raises:
        ValueError: If there is no such recipe, or the file is no mapping.
    """
    if recipe == OWN:
        return {}
    if recipe in FAMILIES:
        from lidd_yolo.training import recipes  # noqa: PLC0415 - loads torch with its package

        whole = {"lidd": recipes.LIDD, "wlnet": recipes.WLNET}[recipe]
        arguments = {key: value for key, value in whole.items() if key not in _OF_THE_CRITERION}
    else:
        arguments = _read(Path(recipe))
    return {key: value for key, value in arguments.items() if key not in {"epochs", "imgsz", "seed"}}


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(
            f"no recipe '{file}': {OWN}, {', '.join(FAMILIES)} or a YAML file of training arguments"
        ) from error
    except yaml.YAMLError as error:
        raise ValueError(f"{file} is not a YAML file: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file} is not a recipe: it has to map training arguments to values")
    return content
