"""Draw accuracy over epochs and over training cost from ledger entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any


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
    import matplotlib as mpl  # noqa: PLC0415 - seconds to import, for this one command

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

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
