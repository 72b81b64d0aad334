"""A plan: which networks to train on which data, and what a paper prints beside it; and its YAML file.

A plan says nothing of folders, devices or processes.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lidd_yolo import names
from lidd_yolo.errors import InputError
from lidd_yolo.paths import find_cfg, packaged_plans
from lidd_yolo.yaml_text import parse_yaml

OWN = "own"
"""Recipe that leaves everything to the network's trainer."""
UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
"""Signs that do not belong into a file's name."""

_SHARES = ("map50", "map", "precision", "recall")
_COUNTS = ("parameters", "macs", "gflops")
FIGURES = (*_SHARES, *(f"mask_{key}" for key in _SHARES), *_COUNTS)
"""Figures that may be printed: shares of 1, counts, and GFLOPs (2 x MACs / 1e9)."""

T = TypeVar("T")
_Kinds = Mapping[str, type | tuple[type, ...]]
_PLAN: _Kinds = {
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
_MODEL: _Kinds = {"model": str, "label": str, "recipe": (str, list), "printed": dict, "note": str}
_QUOTED: _Kinds = {"label": str, "printed": dict, "note": str}
_NEEDED = ("name", "data", "imgsz", "epochs", "seeds", "models")


@dataclass(frozen=True)
class PrintedRow:
    """A row of a printed table.

    Args:
        label: Name of the network in the paper.
        figures: Printed figures by name.
        model: Our name of the network; empty for a row that nobody can train here.
        note: What a reader must know about the row.
    """

    label: str
    figures: Mapping[str, float]
    model: str = ""
    note: str = ""


@dataclass(frozen=True)
class PrintedTable:
    """What a paper prints.

    Args:
        source: Paper and table.
        note: What a reader of the whole table must know.
        models: Rows of networks that are trained here, in the order of the plan.
        quoted: Rows that are only quoted.
        imgsz: Side in pixels of the input that operations were counted at: the first of a plan's sizes; None if
            it has none.
    """

    source: str
    note: str
    models: tuple[PrintedRow, ...]
    quoted: tuple[PrintedRow, ...]
    imgsz: int | None = None


NOTHING_PRINTED = PrintedTable("", "", (), ())
"""What stands beside measured figures without a plan's file."""


@dataclass(frozen=True)
class PlanModel:
    """One row of a plan: a network, what tables call it and how it is trained."""

    model: str
    label: str
    recipes: tuple[str, ...] = (OWN,)


@dataclass(frozen=True)
class RunPlan:
    """A grid of runs: data sets x protocols x sizes x budgets x seeds x models x recipes.

    Attributes:
        name: Begins the name of every run.
        data: For each data set protocol -> data YAML; the first is used where none is asked for.
        imgsz: Sides of the input in pixels.
        epochs: Budgets: the largest number of epochs, the same for all networks.
        seeds: Seeds of the trainings of each network.
        models: The networks.
        batch: Pictures in a batch; None leaves it to the recipes.
        arguments: Further training arguments for all runs.
        file: Where the plan was read from; None if it was made from words.
        printed: What the paper prints beside the runs.

    Raises:
        InputError: If the name cannot begin a file's name.
    """

    name: str
    data: tuple[Mapping[str, str], ...]
    imgsz: tuple[int, ...]
    epochs: tuple[int, ...]
    seeds: tuple[int, ...]
    models: tuple[PlanModel, ...]
    batch: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None
    printed: PrintedTable = NOTHING_PRINTED

    def __post_init__(self) -> None:
        if not self.name or UNSAFE.search(self.name) or self.name[0] in ".-":
            rule = "letters, digits and . _ + - only, and begins with a letter, a digit, _ or +"
            raise InputError(f"a plan's name has {rule}, not {reprlib.repr(self.name)}")


def find_plan(word: str | Path) -> Path:
    """Return the plan file that a word means: a file, or the name of a packaged plan.

    Raises:
        InputError: If there is neither; names the packaged ones.
    """
    if Path(word).is_file():
        return Path(word)
    packaged = find_cfg(str(word), "plans") if Path(word).name == str(word) else None
    if packaged is None:
        raise InputError(f"no plan '{word}': a YAML file, or one of {', '.join(packaged_plans())}")
    return packaged


def read_plan(word: str | Path) -> RunPlan:
    """Return the plan of a YAML file, or the packaged one of this name.

    Raises:
        InputError: If there is no such plan, it cannot be read, or a key is unknown, missing or of a wrong kind; names
            file and key.
    """
    return _read(word, _NEEDED, _plan)


def read_printed(word: str | Path | None) -> PrintedTable:
    """Return what a paper prints, from a plan or a file that has nothing of a plan but its rows; nothing for None.

    Raises:
        InputError: As `read_plan`; of a plan's keys only ``models`` is needed.
    """
    return NOTHING_PRINTED if word is None else _read(word, ("models",), _printed_table)


def protocols_of(data: str) -> dict[str, str]:
    """Return protocol -> data YAML: ``grouped`` for a packaged set of ours and one entry for each of its siblings.

    A data YAML of the user's own, or a sibling itself, has one protocol without a name. A share of the training
    pictures, such as ``neu-det-10.yaml``, is no protocol but a data set of its own.
    """
    packaged = names.find_data_yaml(data)
    if packaged is None:
        return {"": data}
    siblings = (stem for stem in sorted(names.data_yamls()) if stem.startswith(f"{packaged.stem}-"))
    rest = {stem.removeprefix(f"{packaged.stem}-"): f"{stem}.yaml" for stem in siblings}
    protocols = {name: file for name, file in rest.items() if not name.isdecimal()}
    return {"grouped": f"{packaged.stem}.yaml", **protocols} if protocols else {"": data}


def _read(word: str | Path, needed: tuple[str, ...], make: Callable[[Any, Path], T]) -> T:
    """Return what is made of a plan's file, once its keys have been looked at."""
    file = find_plan(word)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: {error}") from error
    content = parse_yaml(text, file)
    try:
        _check(content, _PLAN, needed=needed, where="")
        return make(content, file)
    except ValueError as error:
        raise InputError(f"{file}: {error}") from error


def _plan(content: Any, file: Path) -> RunPlan:
    printed = _printed_table(content, file)  # which looks at the keys of the rows
    return RunPlan(
        name=content["name"],
        data=_data(content["data"]),
        imgsz=different_numbers(content["imgsz"], "imgsz"),
        epochs=different_numbers(content["epochs"], "epochs"),
        seeds=different_numbers(content["seeds"], "seeds", least=0),
        models=tuple(_model(row, where) for where, row in _rows(content, "models")),
        batch=different_numbers(content["batch"], "batch")[0] if "batch" in content else None,
        arguments=content.get("arguments", {}),
        file=file,
        printed=printed,
    )


def _printed_table(content: Any, file: Path) -> PrintedTable:
    models, quoted = _rows(content, "models"), _rows(content, "quoted")
    for where, row in models:
        _check(row, _MODEL, needed=("model",), where=where)
    for where, row in quoted:
        _check(row, _QUOTED, needed=("label",), where=where)
    return PrintedTable(
        source=content.get("source") or file.stem,
        note=content.get("note", ""),
        models=tuple(_printed(row, where) for where, row in models),
        quoted=tuple(_printed(row, where) for where, row in quoted),
        imgsz=different_numbers(content["imgsz"], "imgsz")[0] if content.get("imgsz") else None,
    )


def _rows(content: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    """Return each row of a list, behind the place where it stands."""
    return [(f"{key}[{index}]", row) for index, row in enumerate(content.get(key, []))]


def _model(row: Any, where: str) -> PlanModel:
    recipe = row.get("recipe", OWN)
    recipes = [recipe] if isinstance(recipe, str) else recipe
    if not recipes or not all(isinstance(name, str) for name in recipes):
        raise InputError(f"{where}.recipe has to be a name or a list of names")
    return PlanModel(row["model"], _label(row), tuple(recipes))


def _label(row: Mapping[str, Any]) -> str:
    return str(row.get("label") or Path(row["model"]).stem)


def _printed(row: Mapping[str, Any], where: str) -> PrintedRow:
    """Return what a paper prints of one network."""
    printed = row.get("printed", {})
    if unknown := sorted(map(str, printed.keys() - set(FIGURES))):
        raise InputError(f"{where}.printed has unknown figures {', '.join(unknown)}; known: {', '.join(FIGURES)}")
    try:
        figures = {name: float(figure) for name, figure in printed.items()}  # YAML reads 110.4e6 as a text
    except (TypeError, ValueError) as error:
        raise InputError(f"a figure of {where}.printed is not a number: {error}") from error
    for name, figure in figures.items():
        if name not in _COUNTS and not 0 <= figure <= 1:
            raise InputError(f"{where}.printed.{name} has to be a share of 1, not {figure}")
    return PrintedRow(_label(row), figures, row.get("model", ""), row.get("note", ""))


def _check(content: Any, kinds: _Kinds, *, needed: tuple[str, ...], where: str) -> None:
    if not isinstance(content, dict):
        raise InputError(f"{where or 'a plan'} has to map keys to values")
    prefix = f"{where}." if where else ""
    for key, value in content.items():
        if key not in kinds:
            raise InputError(f"unknown key {prefix}{key}; known: {', '.join(kinds)}")
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            raise InputError(f"{prefix}{key} has to be {_kind(kinds[key])}, not {reprlib.repr(value)}")
    for key in needed:
        if key not in content or content[key] in ("", [], {}):
            raise InputError(f"{prefix}{key} is missing")


def _kind(kind: type | tuple[type, ...]) -> str:
    words = {str: "a text", int: "a whole number", list: "a list", dict: "a mapping"}
    return " or ".join(words[k] for k in (kind if isinstance(kind, tuple) else (kind,)))


def different_numbers(values: int | Iterable[int], key: str, *, least: int = 1) -> tuple[int, ...]:
    """Return one whole number, or several different ones.

    Raises:
        InputError: If one is no whole number, less than ``least`` or there twice; names the key.
    """
    numbers = [values] if isinstance(values, int) else list(values)
    if any(type(number) is not int for number in numbers) or len(set(numbers)) != len(numbers):
        raise InputError(f"{key} have to be different whole numbers, not {numbers}")
    if numbers and min(numbers) < least:
        raise InputError(f"{key} has to be at least {least}, not {min(numbers)}")
    return tuple(numbers)


def _data(given: str | dict[Any, Any] | list[Any]) -> tuple[dict[str, str], ...]:
    """Return protocol -> data YAML of each data set."""
    sets = []
    several = isinstance(given, list)
    for index, item in enumerate(given if several else [given]):
        where = f"data[{index}]" if several else "data"
        if not item or not isinstance(item, (str, dict)):
            raise InputError(f"{where} has to be a text or a mapping, not {reprlib.repr(item)}")
        for name, value in item.items() if isinstance(item, dict) else ():
            if not isinstance(name, str) or not isinstance(value, str):
                raise InputError(f"{where}.{name} has to be a text, not {reprlib.repr(value)}")
        sets.append(protocols_of(item) if isinstance(item, str) else item)
    return tuple(sets)
