"""Read a plan's YAML file, and say where exactly one is wrong.."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.compare.plan import PlanModel, RunPlan, protocols_of
from lidd_yolo.compare.recipe import OWN
from lidd_yolo.paths import cfg_dir, find_cfg
from lidd_yolo.results.paper_figures import read_printed

_PLAN: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "source": str,
    "note": str,
    "data": (str, dict, list),
    "imgsz": (int, list),
    "epochs": (int, list),
    "batch": int,
    "seeds": list,
    "arguments": dict,
    "models": list,
    "quoted": list,
}
_MODEL: dict[str, type | tuple[type, ...]] = {
    "model": str,
    "label": str,
    "recipe": (str, list),
    "printed": dict,
    "note": str,
}

_NEEDED = ("name", "data", "imgsz", "epochs", "seeds", "models")


def packaged_plans() -> list[str]:
    """Return the names of the plans that come with the package."""
    return sorted(file.stem for file in (cfg_dir() / "plans").glob("*.yaml"))


def find_plan(word: str) -> Path:
    """Return the plan file that a word means: a file, or the name of a packaged plan.

    Raises:
        ValueError: If there is neither; names the packaged ones.
    """
    if Path(word).is_file():
        return Path(word)
    packaged = find_cfg(word, "plans") if Path(word).name == word else None
    if packaged is None:
        raise ValueError(f"no plan '{word}': a YAML file, or one of {', '.join(packaged_plans())}")
    return packaged


def read_plan(file: Path) -> RunPlan:
    """Return the plan of a YAML file.

    Raises:
        ValueError: If it cannot be read, or a key is unknown, missing or of a wrong kind; names file and key.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{file}: {error}") from error
    try:
        plan = _plan(content, file)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    read_printed(file)  # refuses wrong rows before anything is trained for them
    return plan


def _plan(content: Any, file: Path) -> RunPlan:
    _check(content, _PLAN, needed=_NEEDED, where="")
    return RunPlan(
        name=content["name"],
        data=_data(content["data"]),
        imgsz=_numbers(content["imgsz"], "imgsz"),
        epochs=_numbers(content["epochs"], "epochs"),
        seeds=_different(content["seeds"], "seeds"),
        models=tuple(_model(row, f"models[{index}]") for index, row in enumerate(content["models"])),
        batch=_positive(content["batch"], "batch") if "batch" in content else None,
        arguments=content.get("arguments", {}),
        file=file,
    )


def _model(row: Any, where: str) -> PlanModel:
    _check(row, _MODEL, needed=("model",), where=where)
    recipe = row.get("recipe", OWN)
    recipes = [recipe] if isinstance(recipe, str) else recipe
    if not recipes or not all(isinstance(name, str) for name in recipes):
        raise ValueError(f"{where}.recipe has to be a name or a list of names")
    return PlanModel(
        model=row["model"],
        label=row.get("label", Path(row["model"]).stem),
        recipes=tuple(recipes),
    )


def _check(content: Any, kinds: Mapping[str, type | tuple[type, ...]], *, needed: tuple[str, ...], where: str) -> None:
    if not isinstance(content, dict):
        raise ValueError(f"{where or 'a plan'} has to map keys to values")
    prefix = f"{where}." if where else ""
    for key, value in content.items():
        if key not in kinds:
            raise ValueError(f"unknown key {prefix}{key}; known: {', '.join(kinds)}")
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            raise ValueError(f"{prefix}{key} has to be {_kind(kinds[key])}, not {value!r}")
    for key in needed:
        if key not in content or content[key] in ("", [], {}):
            raise ValueError(f"{prefix}{key} is missing")


def _kind(kind: type | tuple[type, ...]) -> str:
    words = {str: "a text", int: "a whole number", list: "a list", dict: "a mapping"}
    return " or ".join(words[k] for k in (kind if isinstance(kind, tuple) else (kind,)))


def _positive(value: int, key: str) -> int:
    if value < 1:
        raise ValueError(f"{key} has to be at least 1, not {value}")
    return value


def _numbers(value: int | list[Any], key: str) -> tuple[int, ...]:
    """Return one number from 1 on, or several different ones."""
    values = value if isinstance(value, list) else [value]
    return tuple(_positive(number, key) for number in _different(values, key))


def _different(values: list[Any], key: str) -> tuple[int, ...]:
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    if not whole or len(set(values)) != len(values):
        raise ValueError(f"{key} have to be different whole numbers, not {values}")
    return tuple(values)


def _data(value: str | dict[Any, Any] | list[Any]) -> tuple[dict[str, str], ...]:
    """Return protocol -> data YAML of each data set."""
    sets = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        where = f"data[{index}]" if isinstance(value, list) else "data"
        if not item or not isinstance(item, (str, dict)):
            raise ValueError(f"{where} has to be a text or a mapping, not {item!r}")
        sets.append(protocols_of(item) if isinstance(item, str) else _texts(item, where))
    return tuple(sets)


def _texts(values: Mapping[Any, Any], key: str) -> dict[str, str]:
    for name, value in values.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValueError(f"{key}.{name} has to be a text, not {value!r}")
    return dict(values)
