"""A plan: which networks to train on which data, how often and how long.

What a paper prints beside it is read by `lidd_yolo.results.paper_figures`. A plan says nothing of folders,
devices or processes; the same plan gives the same run names everywhere.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo import names
from lidd_yolo.compare.recipe import OWN, recipe_family

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")


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
        recipe: ``own``, ``lidd``, ``wlnet`` or a YAML file of training arguments.
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

    Raises:
        ValueError: If the name cannot begin a file's name.
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

    def __post_init__(self) -> None:
        if not self.name or _UNSAFE.search(self.name):
            raise ValueError(f"a plan's name has letters, digits and . _ + - only, not '{self.name}'")

    def runs(self, protocols: Sequence[str] = ()) -> list[Run]:
        """Return all runs: models after seeds, so that an interrupted plan has every network before it repeats one.

        Args:
            protocols: Which splits of every data set; empty takes the first.

        Raises:
            ValueError: If a data set has no such protocol, or two runs would have the same name.
        """
        splits = [split for data in self.data for split in self._splits(data, protocols)]
        grid = product(splits, self.imgsz, self.epochs, self.seeds, self.models)
        runs = [
            self._run(model, recipe, split, imgsz=imgsz, epochs=epochs, seed=seed)
            for split, imgsz, epochs, seed, model in grid
            for recipe in _different(model)
        ]
        seen: set[str] = set()
        for run in runs:
            if run.name in seen:
                raise ValueError(f"plan {self.name}: two runs would be called {run.name}")
            seen.add(run.name)
        return runs

    def _splits(self, data: Mapping[str, str], asked: Sequence[str]) -> list[tuple[str, str]]:
        """Return protocol and data YAML of the splits of a data set that are asked for."""
        for protocol in asked:
            if protocol not in data:
                known = ", ".join(filter(None, data)) or "one data set without a protocol"
                whose = f" for {next(iter(data.values()))}" if len(self.data) > 1 else ""
                raise ValueError(f"plan {self.name} has no protocol '{protocol}'{whose}, only {known}")
        return [(protocol, data[protocol]) for protocol in asked or list(data)[:1]]

    def _run(self, row: PlanModel, recipe: str, split: tuple[str, str], *, imgsz: int, epochs: int, seed: int) -> Run:
        protocol, data = split
        return Run(
            name=run_name(self.name, row.model, recipe, data, imgsz=imgsz, epochs=epochs, seed=seed),
            model=row.model,
            data=data,
            seed=seed,
            imgsz=imgsz,
            epochs=epochs,
            batch=self.batch,
            recipe=recipe,
            extra=dict(self.arguments),
            label=row.label,
            plan=self.name,
            protocol=protocol,
        )


def run_name(plan: str, model: str, recipe: str, data: str, *, imgsz: int, epochs: int, seed: int) -> str:
    """Return a run's name: the same for the same words, and safe as a file name on every system."""
    recipes = [] if recipe == OWN else [Path(recipe).stem]
    parts = [plan, Path(model).stem, *recipes, Path(data).stem, f"{imgsz}px", f"{epochs}e", f"s{seed}"]
    return "-".join(_UNSAFE.sub("_", part) for part in parts)


def plan_from_words(
    models: Sequence[str],
    data: Sequence[str],
    *,
    name: str = "compare",
    recipes: Sequence[str] = (OWN,),
    imgsz: int = 640,
    epochs: int = 100,
    seeds: int = 1,
) -> RunPlan:
    """Return the plan that a command line describes.

    Args:
        models: Model YAMLs or checkpoints.
        data: Data YAMLs; where the package has ``NAME-PROTOCOL.yaml`` beside one, those are its protocols.
        name: Name of the plan.
        recipes: Recipes to train every model with.
        imgsz: Side of the input in pixels.
        epochs: Largest number of epochs.
        seeds: Number of seeds, counted from 0.
    """
    rows = tuple(PlanModel(model=model, label=Path(model).stem, recipes=tuple(recipes)) for model in models)
    return RunPlan(
        name=name,
        data=tuple(protocols_of(file) for file in data),
        imgsz=(imgsz,),
        epochs=(epochs,),
        seeds=tuple(range(seeds)),
        models=rows,
    )


def protocols_of(data: str) -> dict[str, str]:
    """Return protocol -> data YAML: ``grouped`` for a packaged set of ours and one entry for each of its siblings.

    A data YAML of the user's own, or a sibling itself, has one protocol without a name.
    """
    packaged = names.find_data_yaml(data)
    siblings = {stem for stem in names.data_yamls() if packaged and stem.startswith(f"{packaged.stem}-")}
    if packaged is None or not siblings:
        return {"": data}
    rest = {stem.removeprefix(f"{packaged.stem}-"): f"{stem}.yaml" for stem in sorted(siblings)}
    return {"grouped": f"{packaged.stem}.yaml", **rest}


def _different(row: PlanModel) -> list[str]:
    """Return a row's recipes without repetition: the recipe of a network's own family is its ``own``."""
    own = recipe_family(row.model)
    return list(dict.fromkeys(OWN if recipe == own else recipe for recipe in row.recipes))


def changed_by(plan: RunPlan, args: argparse.Namespace) -> RunPlan:
    """Return a plan with what the command line says otherwise.

    Raises:
        ValueError: If a further argument is not written ``key=value``.
    """
    changes: dict[str, Any] = {
        key: getattr(args, key) for key in ("name", "imgsz", "epochs", "batch") if getattr(args, key) is not None
    }
    if args.data:
        changes["data"] = tuple(protocols_of(file) for file in args.data)
    if args.seeds:
        changes["seeds"] = tuple(range(args.seeds))
    if args.recipe:
        changes["models"] = tuple(replace(row, recipes=tuple(args.recipe)) for row in plan.models)
    device = {} if args.device is None else {"device": args.device}
    return replace(plan, **changes, arguments={**plan.arguments, **key_values(args.more), **device})


def key_values(pairs: Sequence[str]) -> dict[str, Any]:
    """Return ``["lr0=0.01", "amp=False"]`` as arguments, each value read as YAML.

    Raises:
        ValueError: If one has no ``=`` or no key.
    """
    found = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key.isidentifier():
            raise ValueError(f"'{pair}' is not written key=value")
        found[key] = yaml.safe_load(value)
    return found
