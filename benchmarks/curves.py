"""Draw accuracy over epochs and over training cost from the ledger: ``python benchmarks/curves.py PATTERN FILE``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

from lidd_yolo.results.ledger import LEDGER, read_ledger

mpl.use("Agg")
from matplotlib import pyplot as plt


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the curves and return the exit status: 0 done, 2 it could not run."""
    parser = argparse.ArgumentParser(description="Draw accuracy over epochs and over training cost.")
    parser.add_argument("pattern", help="entries to draw, such as 'grouped-*', or several patterns with spaces between")
    parser.add_argument("target", type=Path, help="picture to write")
    parser.add_argument("--ledger", type=Path, default=LEDGER, metavar="DIR", help=f"default: {LEDGER}")
    args = parser.parse_args(argv)
    try:
        entries = read_ledger(args.ledger, args.pattern)
        if not entries:
            raise ValueError(f"no entry {args.pattern} in {args.ledger}")
        unknown = draw_curves(entries, step_ratios(_steps(args.ledger, entries[0]["arguments"]["imgsz"])), args.target)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"curves: {error}\n")
        return 2
    for model in unknown:
        sys.stdout.write(f"{model}: no step time in {args.ledger}, so not in the plot over training time\n")
    sys.stdout.write(f"wrote {args.target}\n")
    return 0


def _steps(ledger: Path, imgsz: int) -> dict[str, Any]:
    """Return the entry of step times at a size: the present one, else that of before entries named the network."""
    entries = read_ledger(ledger, f"train-step-lidd-{imgsz}-cpu train-step-{imgsz}")
    if not entries:
        raise ValueError(f"no step times in {ledger}: lidd bench steps")
    return entries[0]


def draw_curves(
    entries: list[dict[str, Any]], ratios: dict[str, float], target: Path, *, key: str = "map50"
) -> list[str]:
    """Write one picture with two plots that share the mAP axis.

    The clock of a run says more about what else the machine did than about the network. The cost axis is therefore
    epochs times the network's step time, measured side by side with the others in one process.

    Args:
        entries: Ledger entries with a ``curve``.
        ratios: Model name -> step time relative to the reference network.
        target: File to write; its suffix names the format.
        key: ``map50`` or ``map``.

    Returns:
        Models whose step time is not known: they are in the left-hand plot alone.
    """
    figure, (over_epochs, over_cost) = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for entry in entries:
        curve = entry["curve"]
        (line,) = over_epochs.plot(curve["epoch"], curve[key], label=entry["name"])
        if ratio := ratios.get(entry["model"]):
            over_cost.plot([epoch * ratio for epoch in curve["epoch"]], curve[key], color=line.get_color())
    over_epochs.set(xlabel="epoch", ylabel="validation mAP50" if key == "map50" else "validation mAP50-95")
    over_cost.set(xlabel="training time in epochs of yolov8n (step times side by side, CPU)")
    for axis in (over_epochs, over_cost):
        axis.grid(alpha=0.3)
    over_epochs.legend(loc="lower right", fontsize=8)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=110)
    plt.close(figure)
    return sorted({entry["model"] for entry in entries} - ratios.keys())


def step_ratios(entry: dict[str, Any]) -> dict[str, float]:
    """Return model name -> step time ratio from a ``train-step`` entry; ``lidd.yaml`` is its default, ``aux=light``."""
    ratios = {name: float(figures["ratio"]) for name, figures in entry["results"].items()}
    return {**ratios, "lidd.yaml": ratios["lidd.yaml aux=light"]}


if __name__ == "__main__":
    sys.exit(main())
