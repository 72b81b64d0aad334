"""Build a network of ours inside a trainer of Ultralytics, as its own trainers build theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ultralytics.utils import RANK


def build_network(trainer: Any, network: Callable[..., Any], cfg: Any, weights: Any, *, verbose: bool) -> Any:
    """Return a network for the trainer's data set, with ``weights`` where they fit.

    Args:
        trainer: The trainer, with its data set read.
        network: Model class to build.
        cfg: Model YAML name or dictionary.
        weights: Model to take weights from, or None.
        verbose: Whether to log layers and size, in the first process.
    """
    data = trainer.data
    model = network(cfg, nc=data["nc"], ch=data.get("channels", 3), verbose=verbose and RANK == -1)
    if getattr(trainer.args, "cls_remap", True):  # weights of the same class, by name, go to the same class
        model.names = data["names"]
    if weights:
        model.load(weights)
    return model
