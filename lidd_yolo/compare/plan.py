"""A plan: which networks to train on which data, how often and how long.

Own work. What a paper prints beside it is read by `lidd_yolo.benchmark.printed`. A plan says nothing of folders,
devices or processes; the same plan gives the same run names everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    """A grid of runs: models x recipes x data sets x seeds.

    Attributes:
        name: Begins the name of every run.
        data: Protocol -> data YAML; the first is used where none is asked for.
        imgsz: Side of the input in pixels.
        epochs: Largest number of epochs, the same for all.
        seeds: Seeds of the trainings of each network.
        models: The networks.
        batch: Pictures in a batch; None leaves it to the recipes.
        arguments: Further training arguments for all runs.
        file: Where the plan was read from; None if it was made from words.

    Raises:
        ValueError: If the name cannot begin a file's name.
    """

    name: str
    data: Mapping[str, str]
    imgsz: int
    epochs: int
    seeds: tuple[int, ...]
    models: tuple[PlanModel, ...]
    batch: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None

    def __post_init__(self) -> None:
        if not self.name or _UNSAFE.search(self.name):
            raise ValueError(f"a plan's name has letters, digits and . _ + - only, not '{self.name}'")

    def runs(self, protocols: Sequence[str] = ()) -> list[Run]:
        """Return all runs: seeds outermost, so that an interrupted plan has every network before it repeats one.

        Args:
            protocols: Which of the data sets; empty takes the first.

        Raises:
            ValueError: If the plan has no such protocol, or two runs would have the same name.
        """
        runs = [
            self._run(model, recipe, protocol, seed)
            for protocol in self._protocols(protocols)
            for seed in self.seeds
            for model in self.models
            for recipe in _different(model)
        ]
        seen: set[str] = set()
        for run in runs:
            if run.name in seen:
                raise ValueError(f"plan {self.name}: two runs would be called {run.name}")
            seen.add(run.name)
        return runs

    def _protocols(self, asked: Sequence[str]) -> list[str]:
        for protocol in asked:
            if protocol not in self.data:
                known = ", ".join(filter(None, self.data)) or "one data set without a protocol"
                raise ValueError(f"plan {self.name} has no protocol '{protocol}', only {known}")
        return list(asked) or list(self.data)[:1]

    def _run(self, row: PlanModel, recipe: str, protocol: str, seed: int) -> Run:
        data = self.data[protocol]
        return Run(
            name=run_name(self.name, row.model, recipe, data, imgsz=self.imgsz, epochs=self.epochs, seed=seed),
            model=row.model,
            data=data,
            seed=seed,
            imgsz=self.imgsz,
            epochs=self.epochs,
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
    data: str,
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
        data: Data YAML; where the package has ``NAME-PROTOCOL.yaml`` beside it, those are its protocols.
        name: Name of the plan.
        recipes: Recipes to train every model with.
        imgsz: Side of the input in pixels.
        epochs: Largest number of epochs.
        seeds: Number of seeds, counted from 0.
    """
    rows = tuple(PlanModel(model=model, label=Path(model).stem, recipes=tuple(recipes)) for model in models)
    return RunPlan(
        name=name, data=protocols_of(data), imgsz=imgsz, epochs=epochs, seeds=tuple(range(seeds)), models=rows
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
