"""Carry out a plan: look what is there, run what is missing, print the table; for the three commands."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lidd_yolo.compare.plan import Run, RunPlan, changed_by
from lidd_yolo.compare.pool import Outcome, carry_out_runs
from lidd_yolo.compare.process import DONE, STOPPED, WRONG
from lidd_yolo.compare.ray.pool import Cluster, carry_out_on_ray, load_ray
from lidd_yolo.compare.run_folder import claim_folder, clear_folder
from lidd_yolo.compare.run_state import RunState, data_of, make_data, state_of
from lidd_yolo.paths import cfg_dir
from lidd_yolo.results.ledger import read_ledger
from lidd_yolo.results.paper_figures import read_printed

_EXTRA = ("faster_coco_eval", "jinja2", "scipy")


def carry_out_plan(plan: RunPlan, args: argparse.Namespace) -> int:
    """Run what a plan misses and print its table; returns the exit status.

    Args:
        plan: The plan.
        args: Words of the command line, see ``options``.

    Returns:
        0 all runs are in the ledger, 1 something failed, 75 the time limit was reached, 130 stopped by the user.

    Raises:
        ValueError: If the plan cannot be carried out.
    """
    plan = changed_by(plan, args)
    runs = plan.runs(args.protocol or ())
    if args.dry_run:
        for state in _states(runs, args):
            _say(f"{state.kind:8s} {state.run.name}  {state.detail}")
        return DONE
    if missing := [name for name in _EXTRA if find_spec(name) is None]:
        raise ValueError(f'missing: {", ".join(missing)}: pip install "lidd-yolo[compare]"')
    if args.cpus and not args.ray:
        raise ValueError("--cpus is for --ray: here, trainings share the cores")
    if args.ray:
        load_ray()
    until = None if args.time_limit is None else time.time() + args.time_limit
    outcome = _run_missing(runs, args, until)
    if outcome is None:
        _say("stopped; the same command goes on after the last finished epochs")
        return STOPPED
    _print_table(plan, runs, args.ledger)
    if outcome.left:
        _say(f"time limit: {len(outcome.left)} of {len(runs)} runs are left; the same command goes on with them")
    return outcome.status


def _states(runs: Sequence[Run], args: argparse.Namespace) -> list[RunState]:
    return [state_of(run, ledger=args.ledger, project=args.project, again=args.again) for run in runs]


def _run_missing(runs: Sequence[Run], args: argparse.Namespace, until: float | None) -> Outcome | None:
    """Run what is not in the ledger; None if the user stopped it."""
    lacking = {run.data: make_data(run.data) for run in runs if "data_sha256" not in data_of(run.data)}
    states = _states(runs, args)
    blocked, todo = [], []
    for state in states:
        problem = lacking.get(state.run.data, "") if state.kind != "there" else ""
        if problem or state.kind == "blocked":
            blocked.append(state.run.name)
            _say(f"{state.run.name}: {problem or state.detail}")
        elif state.kind != "there":
            todo.append((state.run, _folder_for(state, args.project)))
    there = len(runs) - len(todo) - len(blocked)
    _say(f"{len(runs)} runs: {there} in {args.ledger}, {len(todo)} to do, {len(blocked)} that cannot be done")
    try:
        outcome = _carry_out(todo, args, until)
    except KeyboardInterrupt:
        return None
    outcome.failed += blocked
    return outcome


def _carry_out(todo: Sequence[tuple[Run, Path]], args: argparse.Namespace, until: float | None) -> Outcome:
    """Carry out runs here or on a cluster."""
    if args.ray:
        cluster = Cluster(args.ray, args.cpus, args.jobs)
        return carry_out_on_ray(todo, cluster, ledger=args.ledger, say=_say, until=until)
    return carry_out_runs(todo, ledger=args.ledger, say=_say, jobs=args.jobs or 1, until=until)


def _folder_for(state: RunState, project: Path) -> Path:
    folder = project / state.run.name
    if state.outdated:
        clear_folder(folder)
    return claim_folder(folder, state.run, state.asked)


def _print_table(plan: RunPlan, runs: Sequence[Run], ledger: Path) -> None:
    """Print the table of the plan's entries, and how to make the page of them.

    A table that cannot be made is no reason to call the trainings failed.
    """
    entries = [entry for run in runs for entry in read_ledger(ledger, run.name)]
    if not entries:
        return
    try:
        from lidd_yolo.report.markdown import report_markdown  # noqa: PLC0415 - loads numpy

        _say(f"\n{report_markdown(entries, read_printed(plan.file), ledger=ledger)}")
    except (OSError, ValueError, ImportError) as error:
        _say(f"no table: {error}")
    _say(f"As a page: lidd report '{plan.name}-*' --ledger {ledger}{_plan_words(plan)} --out {plan.name}.html")


def _plan_words(plan: RunPlan) -> str:
    if plan.file is None:
        return ""
    return f" --plan {plan.file.stem if plan.file.parent == cfg_dir() / 'plans' else plan.file}"


def refuse(command: str, error: Exception) -> int:
    """Say on standard error why a command cannot be carried out; returns its exit status."""
    sys.stderr.write(f"lidd {command}: {error}\n")
    return WRONG


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
