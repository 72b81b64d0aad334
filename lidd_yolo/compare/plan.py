"""The runs of a plan: what each trains, what it is called, and the training arguments that it begins with.

The same plan gives the same run names everywhere. A recipe is the training arguments of a run: ``own`` leaves
everything to the model's trainer, which means Ultralytics' defaults, or the papers' for our families.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lidd_yolo import names
from lidd_yolo.errors import InputError
from lidd_yolo.results.plan_file import OWN, UNSAFE, PlanModel, RunPlan, different_numbers, protocols_of, read_plan
from lidd_yolo.training.recipes import LIDD, PRETRAIN, WLNET
from lidd_yolo.yaml_text import parse_yaml

_OF_FAMILIES = {"lidd": LIDD, "wlnet": WLNET}
_FURTHER = {"pretrain": PRETRAIN}
FAMILIES = tuple(_OF_FAMILIES)
RECIPES = (OWN, *FAMILIES, *_FURTHER)
"""Names of recipes; any other is a YAML file of training arguments."""
CAUTIONS: Mapping[str, str] = MappingProxyType(
    {
        "lidd": "LIDD-Net's arguments in Ultralytics' trainer: losses and their gains are that network's own, and "
        "it clips gradients at norm 10, LIDD-Net's at 35",
        "wlnet": "WLNet's arguments in another trainer: losses and their gains are that network's own, without NWD",
    }
)
"""What a recipe of ours leaves out when another trainer follows it; belongs to every figure measured so."""

_LONGEST = 200  # signs of a run's name: a disk takes 255 bytes, and evidence and temporary files add to it

_OF_THE_CRITERION = frozenset({"box", "cls", "dfl"})
"""Gains of losses: they balance terms of one family's criterion, and say nothing of another's."""


@dataclass(frozen=True)
class Run:
    """One training of one network.

    Attributes:
        name: Name of its folder and of its ledger entry.
        model: Model YAML or checkpoint, as ``yolo train model=`` takes it.
        data: Data YAML, as ``yolo train data=`` takes it.
        seed: Seed of the training.
        imgsz: Side of the input in pixels.
        epochs: Largest number of epochs.
        batch: Pictures in a batch; None leaves it to the recipe.
        recipe: One of `RECIPES`, or a YAML file of training arguments.
        extra: Further training arguments; they win over the recipe's.
        label: What tables call the network.
        plan: Name of the plan.
        protocol: Which of the plan's data sets this is; empty if the plan has only one.
    """

    name: str
    model: str
    data: str
    seed: int
    imgsz: int
    epochs: int
    batch: int | None
    recipe: str
    extra: Mapping[str, Any]
    label: str
    plan: str
    protocol: str


def make_plan(  # noqa: PLR0913 - as `lidd_yolo.compare`, which calls it
    models: Iterable[str] = (),
    data: Iterable[str] = (),
    *,
    plan: str | Path | None = None,
    name: str | None = None,
    recipes: Iterable[str] = (),
    imgsz: int | Iterable[int] | None = None,
    epochs: int | Iterable[int] | None = None,
    seeds: int | None = None,
    batch: int | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> RunPlan:
    """Return a plan: that of a file with what is given otherwise, or the one that models and data make.

    Arguments as of `lidd_yolo.compare`; further training ``arguments`` win over the plan's.

    Raises:
        InputError: If there are neither models and data nor a plan, or both, or the plan cannot be read.
    """
    models, data = several(models), several(data)
    if plan is not None and models:
        raise InputError("--plan has its own models: leave --models out")
    if plan is None and not (models and data):
        raise InputError("what to compare: --models A,B --data YAML, or --plan FILE")
    rows = tuple(PlanModel(model, Path(model).stem) for model in models)
    made = RunPlan("compare", (), (640,), (100,), (0,), rows) if plan is None else read_plan(plan)
    recipes = several(recipes)
    changes = {
        "name": name,
        "data": tuple(protocols_of(file) for file in data),
        "imgsz": () if imgsz is None else different_numbers(imgsz, "imgsz"),
        "epochs": () if epochs is None else different_numbers(epochs, "epochs"),
        "seeds": () if seeds is None else tuple(range(*different_numbers(seeds, "seeds"))),
        "models": tuple(replace(row, recipes=recipes) for row in made.models) if recipes else (),
        "batch": None if batch is None else different_numbers(batch, "batch")[0],
    }
    given: dict[str, Any] = {key: value for key, value in changes.items() if value not in (None, ())}
    return replace(made, **given, arguments={**made.arguments, **(arguments or {})})


def several(words: Iterable[str]) -> tuple[str, ...]:
    """Return words as given, one alone too."""
    return (words,) if isinstance(words, str) else tuple(words)


def runs_of(plan: RunPlan, protocols: Sequence[str] = ()) -> list[Run]:
    """Return all runs: models after seeds, so that an interrupted plan has every network before it repeats one.

    Of every data set the splits ``protocols``, or the first.

    Raises:
        InputError: If a data set has no such protocol, two runs would have the same name, or one a name that no disk
            takes.
    """
    splits = [split for data in plan.data for split in _splits(plan, data, protocols)]
    grid = product(splits, plan.imgsz, plan.epochs, plan.seeds, plan.models)
    runs = [
        Run(
            name=run_name(plan.name, row.model, recipe, data, imgsz=imgsz, epochs=epochs, seed=seed),
            model=row.model,
            data=data,
            seed=seed,
            imgsz=imgsz,
            epochs=epochs,
            batch=plan.batch,
            recipe=recipe,
            extra=dict(plan.arguments),
            label=row.label,
            plan=plan.name,
            protocol=protocol,
        )
        for (protocol, data), imgsz, epochs, seed, row in grid
        for recipe in _different_recipes(row)
    ]
    for name, count in Counter(run.name for run in runs).items():
        if count > 1:
            raise InputError(f"plan {plan.name}: two runs would be called {name}")
        if len(name) > _LONGEST:
            reason = f"{len(name)} signs are more than {_LONGEST}; shorten the names of plan, model, recipe or data set"
            raise InputError(f"a run would be called {name[:60]}...: {reason}")
    return runs


def _splits(plan: RunPlan, data: Mapping[str, str], protocols: Sequence[str]) -> list[tuple[str, str]]:
    """Return protocol and data YAML of the splits of a data set that are asked for."""
    for protocol in protocols:
        if protocol not in data:
            known = ", ".join(filter(None, data)) or "one data set without a protocol"
            whose = f" for {next(iter(data.values()))}" if len(plan.data) > 1 else ""
            raise InputError(f"plan {plan.name} has no protocol '{protocol}'{whose}, only {known}")
    return [(protocol, data[protocol]) for protocol in protocols or list(data)[:1]]


def run_name(plan: str, model: str, recipe: str, data: str, *, imgsz: int, epochs: int, seed: int) -> str:
    """Return a run's name: the same for the same words, and safe as a file name on every system."""
    recipes = [] if recipe == OWN else [Path(recipe).stem]
    network = names.weights_name(model) or Path(model).stem  # lidd.pt may stand beside lidd.yaml
    parts = [plan, network, *recipes, Path(data).stem, f"{imgsz}px", f"{epochs}e", f"s{seed}"]
    return "-".join(UNSAFE.sub("_", part) for part in parts)


def _different_recipes(row: PlanModel) -> list[str]:
    """Return a row's recipes without repetition: the recipe of a network's own family is its ``own``."""
    own = recipe_family(row.model)
    return list(dict.fromkeys(OWN if recipe == own else recipe for recipe in row.recipes))


def recipe_family(model: str) -> str:
    """Return ``lidd`` or ``wlnet`` for a model YAML of ours, else an empty string."""
    if not names.is_ours(model):
        return ""
    return next((family for family in FAMILIES if names.base_name(model).startswith(family)), "")


def recipe_arguments(recipe: str) -> dict[str, Any]:
    """Return the training arguments of a recipe, without those that the plan gives to all alike: epochs and size.

    A family's recipe is for networks of other families (its own begin with it), so it comes without gains of losses.
    Of ``own`` and the further ones, such as ``pretrain``, each trainer's own recipe is the base.

    Raises:
        InputError: If there is no such recipe, or the file is no mapping.
    """
    if recipe == OWN:
        return {}
    if recipe in FAMILIES:
        arguments = {key: value for key, value in _OF_FAMILIES[recipe].items() if key not in _OF_THE_CRITERION}
    elif recipe in _FURTHER:
        arguments = _FURTHER[recipe]
    else:
        arguments = _read_recipe(Path(recipe))
    return {key: value for key, value in arguments.items() if key not in {"epochs", "imgsz", "seed"}}


def _read_recipe(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"no recipe '{file}': {', '.join(RECIPES)} or a YAML file of training arguments") from error
    content = parse_yaml(text, file)
    if not isinstance(content, dict):
        raise InputError(f"{file} is not a recipe: it has to map training arguments to values")
    return content
