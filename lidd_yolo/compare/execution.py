"""Carry out a plan: look what is there, run what is missing, print the table; for commands and from Python."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lidd_yolo.compare.plan import Run, make_plan, runs_of, several
from lidd_yolo.compare.pool import Outcome, Pool, Say, carry_out_runs
from lidd_yolo.compare.run_folder import claim_folder, clear_folder
from lidd_yolo.compare.run_state import RunState, data_of, make_data, state_of
from lidd_yolo.exit_status import DONE, FINDINGS, TIME_IS_UP
from lidd_yolo.optional import not_installed
from lidd_yolo.paths import cfg_dir
from lidd_yolo.report.markdown import report_markdown
from lidd_yolo.results.ledger import read_ledger
from lidd_yolo.results.plan_file import RunPlan

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunOptions:
    """Which runs of a plan are carried out, where and for how long: arguments of `compare`."""

    protocols: tuple[str, ...] = ()
    ledger: Path = Path("benchmarks/results")
    project: Path = Path("runs/compare")
    again: bool = False
    time_limit: float | None = None


@dataclass(frozen=True)
class PlanResult:
    """What came of a plan.

    Attributes:
        plan: Name of the plan.
        done: Names of the runs that are in the ledger, of this call and of earlier ones.
        failed: Names of those that failed or cannot be carried out.
        left: Names of those that the time limit left.
        ledger: Folder of their entries.
        table: The figures, as Markdown; empty without an entry.
    """

    plan: str
    done: tuple[str, ...]
    failed: tuple[str, ...]
    left: tuple[str, ...]
    ledger: Path
    table: str

    @property
    def status(self) -> int:
        """Exit status: 75 while the time limit left something, else 1 if something failed, else 0."""
        return TIME_IS_UP if self.left else FINDINGS if self.failed else DONE

    def __repr__(self) -> str:
        """Return the numbers of runs, and the table below."""
        counts = f"{len(self.done)} done, {len(self.failed)} failed, {len(self.left)} left"
        return f"<plan {self.plan}: {counts}; entries in {self.ledger}>\n{self.table}".rstrip()


def compare(  # noqa: PLR0913 - keywords of the public face, each with a default
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
    protocols: Iterable[str] = (),
    ledger: str | Path = RunOptions.ledger,
    project: str | Path = RunOptions.project,
    again: bool = False,
    time_limit: float | None = None,
    jobs: int = 1,
    pool: Pool | None = None,
    say: Say | None = None,
) -> PlanResult:
    """Train networks on the same data with the same budget, measure them and set them side by side.

    Called again, it does only what is missing, and goes on where it was stopped.

    Args:
        models: Model YAMLs or checkpoints; not with ``plan``, which has its own.
        data: Data YAMLs (default: the plan's).
        plan: A plan's YAML file, or the name of a packaged one such as ``lidd-table3``.
        name: Begins the names of runs and entries (default: the plan's, or ``compare``).
        recipes: Training arguments: ``own`` (each network's, default), ``lidd``, ``wlnet``, ``pretrain`` or a YAML
            file.
        imgsz: Side of the input in pixels, or several (default: the plan's, or 640).
        epochs: Largest number of epochs, or several budgets (default: the plan's, or 100).
        seeds: Number of seeds, counted from 0 (default: the plan's, or 1).
        batch: Pictures in a batch (default: the plan's, or the recipe's).
        arguments: Further arguments of ``yolo train``, the same for all, such as ``{"device": "0"}``.
        protocols: Which splits of every data set, such as ``grouped`` and ``paper`` (default: the first).
        ledger: Folder of the entries.
        project: Folder of the runs' folders.
        again: Train anew what is there with other arguments or data.
        time_limit: Seconds after which nothing is begun and trainings stop at an epoch's end.
        jobs: Trainings at once on this machine.
        pool: What carries the runs out in place of processes here, such as
            ``lidd_yolo.compare.ray.pool.on_cluster("auto")``.
        say: Takes each line of progress and the table, such as ``print``; the log by default.

    Raises:
        InputError: If models, data, plan or an option cannot be used.
        ImportError: If a package of the extra ``compare`` is missing.
        KeyboardInterrupt: If the user stops it; the same call goes on after the last finished epochs.
    """
    made = make_plan(
        models,
        data,
        plan=plan,
        name=name,
        recipes=recipes,
        imgsz=imgsz,
        epochs=epochs,
        seeds=seeds,
        batch=batch,
        arguments=arguments,
    )
    options = RunOptions(several(protocols), Path(ledger), Path(project), again, time_limit)
    return carry_out_plan(made, options, pool or partial(carry_out_runs, jobs=jobs), say or _LOGGER.info)


def states_of(runs: Sequence[Run], options: RunOptions) -> list[RunState]:
    """Return how far each run is."""
    return [state_of(run, ledger=options.ledger, project=options.project, again=options.again) for run in runs]


def carry_out_plan(plan: RunPlan, options: RunOptions, pool: Pool, say: Say) -> PlanResult:
    """Run what a plan misses and say its table; raises as `compare`."""
    runs = runs_of(plan, options.protocols)
    if missing := not_installed(("faster_coco_eval", "jinja2", "scipy"), "compare"):
        raise ImportError(missing)
    outcome = _run_missing(runs, options, pool, say)
    table = _say_table(plan, runs, options.ledger, say)
    if outcome.left:
        say(f"time limit: {len(outcome.left)} of {len(runs)} runs are left; the same command goes on with them")
    failed, left = tuple(outcome.failed), tuple(outcome.left)
    done = tuple(run.name for run in runs if run.name not in {*failed, *left})
    return PlanResult(plan.name, done, failed, left, options.ledger, table)


def _run_missing(runs: Sequence[Run], options: RunOptions, pool: Pool, say: Say) -> Outcome:
    until = None if options.time_limit is None else time.time() + options.time_limit
    lacking = {run.data: make_data(run.data) for run in runs if "data_sha256" not in data_of(run.data)}
    blocked, todo = [], []
    for state in states_of(runs, options):
        problem = lacking.get(state.run.data, "") if state.kind != "there" else ""
        if problem or state.kind == "blocked":
            blocked.append(state.run.name)
            say(f"{state.run.name}: {problem or state.detail}")
        elif state.kind != "there":
            folder = options.project / state.run.name
            if state.outdated:
                clear_folder(folder)
            todo.append((state.run, claim_folder(folder, state.run, state.identity)))
    there = len(runs) - len(todo) - len(blocked)
    say(f"{len(runs)} runs: {there} in {options.ledger}, {len(todo)} to do, {len(blocked)} that cannot be done")
    outcome = pool(todo, ledger=options.ledger, say=say, until=until)
    outcome.failed += blocked
    return outcome


def _say_table(plan: RunPlan, runs: Sequence[Run], ledger: Path, say: Say) -> str:
    """Say and return the table of the plan's entries; one that cannot be made does not make the trainings failed."""
    entries = [entry for run in runs for entry in read_ledger(ledger, run.name)]
    if not entries:
        return ""
    table = ""
    try:
        table = report_markdown(entries, plan.printed, ledger=ledger)
        say(f"\n{table}")
    except (OSError, ValueError, ImportError) as error:
        say(f"no table: {error}")
    beside = ""
    if plan.file:
        beside = f" --plan {plan.file.stem if plan.file.parent == cfg_dir() / 'plans' else plan.file}"
    say(f"As a page: lidd report '{plan.name}-*' --ledger {ledger}{beside} --out {plan.name}.html")
    return table
