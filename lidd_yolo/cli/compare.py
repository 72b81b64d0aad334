"""Commands ``lidd compare``, ``ablate`` and ``reproduce``: train several networks alike and set them side by side.

Exit status: 0 all runs are in the ledger, 1 something failed, 2 could not run, 75 the time limit was reached, 130
stopped by the user.
"""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lidd_yolo.cli.interruption import status_of
from lidd_yolo.cli.words import key_values
from lidd_yolo.errors import InputError
from lidd_yolo.exit_status import DONE
from lidd_yolo.paths import packaged_plans

if TYPE_CHECKING:
    from lidd_yolo.compare.pool import Pool
    from lidd_yolo.results.plan_file import RunPlan

ABLATIONS = {"lidd": "lidd-table2", "wlnet": "wlnet-table1"}
"""Paper -> the plan of its ablation table."""
_DESCRIPTIONS = {
    "compare": "Train networks on the same data with the same budget, measure them, and put the figures into the "
    "ledger. Called again, it does only what is missing, and goes on where it was stopped.",
    "ablate": "Train the networks of a paper's ablation table and set them beside the printed figures.",
    "reproduce": "Train what a table of a paper compares, with its size and budget, and print its figures beside ours. "
    "Splits are grouped, without leak; --protocol paper shows what the paper's split measures.",
}
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of one of the three commands."""
    command = parser.prog.split()[-1]
    parser.description = _DESCRIPTIONS[command]
    if command == "compare":
        parser.add_argument("--models", type=comma_list, default=[], metavar="A,B", help="model YAMLs or checkpoints")
        parser.add_argument("--plan", metavar="FILE", help="a plan's YAML file, or the name of a packaged one")
    elif command == "ablate":
        parser.add_argument("paper", choices=sorted(ABLATIONS))
    else:
        parser.add_argument("table", choices=[name for name in packaged_plans() if "-table" in name])
    _add_grid(parser)
    _add_places(parser.add_argument_group("here and now"))


def _add_grid(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what to train and how."""
    add = parser.add_argument
    add("--data", type=comma_list, default=[], metavar="YAMLS", help="data sets (default: the plan's)")
    protocols = "which splits of them, such as grouped,paper"
    add("--protocol", type=comma_list, default=[], metavar="NAMES", help=protocols)
    add("--seeds", type=whole_number, metavar="N", help="number of seeds, counted from 0")
    add("--imgsz", type=whole_numbers, metavar="PX", help="input size; several: each in turn")
    epochs = "largest number of epochs, the same for all networks; several, such as 10,60: a block of runs for each"
    add("--epochs", type=whole_numbers, metavar="N", help=epochs)
    add("--batch", type=whole_number, metavar="N", help="pictures in a batch")
    recipes = (
        "training arguments: own (each network's), lidd, wlnet, pretrain or a YAML file; several: each network each way"
    )
    add("--recipe", type=comma_list, default=[], metavar="NAMES", help=recipes)
    add("--name", help="begins the names of runs and entries (default: the plan's)")
    further = "further arguments of yolo train, the same for all, such as amp=False"
    add("more", nargs="*", default=[], metavar="KEY=VALUE", help=further)


def _add_places(group: argparse._ArgumentGroup) -> None:
    """Add the options that say where and for how long."""
    add = group.add_argument
    add("--device", metavar="D", help="as for yolo train")
    jobs = "trainings at once (default: 1; with --ray as many as there is room for)"
    add("--jobs", type=whole_number, metavar="N", help=jobs)
    ray = "train on a Ray cluster: auto, local, HOST:PORT or ray://HOST:PORT; the folders are on a shared disk"
    add("--ray", metavar="ADDRESS", help=ray)
    cpus = "with --ray: cores for a training (default: 4, or as many as the machines have)"
    add("--cpus", type=whole_number, metavar="N", help=cpus)
    limit = "such as 90s, 9m or 1h30m: stop at an epoch's end before it is over (exit status 75); call again to go on"
    add("--time-limit", type=seconds, metavar="T", help=limit)
    add("--ledger", type=Path, default=Path("benchmarks/results"), metavar="DIR")
    add("--project", type=Path, default=Path("runs/compare"), metavar="DIR", help="folder of the runs")
    add("--again", action="store_true", help="train anew what is there with other arguments or data")
    add("--dry-run", action="store_true", help="list the runs and how far each is")


def run(args: argparse.Namespace) -> int:
    """Carry out the plan that the words mean, or list its runs; return the exit status."""
    plan = plan_of(args)  # what is wrong in it is said before torch is loaded
    from lidd_yolo.compare.execution import RunOptions, carry_out_plan, states_of  # noqa: PLC0415 - loads torch
    from lidd_yolo.compare.plan import runs_of  # noqa: PLC0415 - `--help` answers without yaml

    options = RunOptions(tuple(args.protocol), args.ledger, args.project, args.again, args.time_limit)
    if args.dry_run:
        for state in states_of(runs_of(plan, options.protocols), options):
            _say(f"{state.kind:8s} {state.run.name}  {state.detail}")
        return DONE
    try:
        return carry_out_plan(plan, options, _pool(args), _say).status
    except KeyboardInterrupt as stop:
        with suppress(OSError):  # the terminal may be gone
            _say("stopped; the same command goes on after the last finished epochs")
        return status_of(stop)


def plan_of(args: argparse.Namespace) -> RunPlan:
    """Return the plan that the words of a command mean."""
    from lidd_yolo.compare.plan import make_plan  # noqa: PLC0415 - `--help` answers without yaml

    named = {"compare": "plan", "ablate": "paper", "reproduce": "table"}[args.command]
    word = getattr(args, named)
    return make_plan(
        args.models if args.command == "compare" else (),
        args.data,
        plan=ABLATIONS[word] if args.command == "ablate" else word,
        name=args.name,
        recipes=args.recipe,
        imgsz=args.imgsz,
        epochs=args.epochs,
        seeds=args.seeds,
        batch=args.batch,
        arguments={**key_values(args.more), **({} if args.device is None else {"device": args.device})},
    )


def _pool(args: argparse.Namespace) -> Pool:
    """Return what carries the runs out: processes here, or a cluster."""
    if args.ray:
        from lidd_yolo.compare.ray.pool import on_cluster  # noqa: PLC0415 - `--help` answers without yaml

        return on_cluster(args.ray, cpus=args.cpus, jobs=args.jobs)
    if args.cpus:
        raise InputError("--cpus is for --ray: here, trainings share the cores")
    from lidd_yolo.compare.pool import carry_out_runs  # noqa: PLC0415 - `--help` answers without yaml

    return partial(carry_out_runs, jobs=args.jobs or 1)


def comma_list(text: str) -> list[str]:
    """Return the words of a list with commas."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise argparse.ArgumentTypeError("is empty")
    return words


def whole_number(text: str) -> int:
    """Return a whole number that is at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"has to be a whole number from 1 on, not {text}")
    return int(text)


def whole_numbers(text: str) -> tuple[int, ...]:
    """Return the different whole numbers, at least 1, of a list with commas."""
    return tuple(dict.fromkeys(whole_number(word) for word in comma_list(text)))


def seconds(text: str) -> float:
    """Return a time such as ``90``, ``90s``, ``9m`` or ``1h30m`` in seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"has to be a time such as 90s, 9m or 1h30m, not {text}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
