"""Draw accuracy over epochs and over wall time from ledger entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def draw_curves(entries: list[dict[str, Any]], target: Path, *, key: str = "map50") -> None:
    """Write one picture with two plots that share the mAP axis.

    Args:
        entries: Ledger entries with a ``curve``.
        target: File to write; its suffix names the format.
        key: ``map50`` or ``map``.
    """
    import matplotlib as mpl  # noqa: PLC0415 - seconds to import, for this one command

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (over_epochs, over_time) = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for entry in entries:
        curve = entry["curve"]
        over_epochs.plot(curve["epoch"], curve[key], label=entry["name"])
        over_time.plot([t / 60 for t in curve["time"]], curve[key], label=entry["name"])
    over_epochs.set(xlabel="epoch", ylabel="validation mAP50" if key == "map50" else "validation mAP50-95")
    over_time.set(xlabel="wall time in minutes, as run")
    for axis in (over_epochs, over_time):
        axis.grid(alpha=0.3)
    over_epochs.legend(loc="lower right", fontsize=8)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=110)
    plt.close(figure)
