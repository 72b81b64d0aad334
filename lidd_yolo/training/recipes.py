"""Training arguments of the papers, as defaults of ``yolo train``: whatever the user types wins.

Paper: LIDD-Net, section 2.5 (batch, optimiser, weight decay, epochs; not its learning rate); what it leaves open:
NanoDet-Plus's configuration, or our own trials (docs/decisions/0004-training-recipe.md). WLNet states nothing; its
recipe is Hyper-YOLO's. Mask R-CNN's is torchvision's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ultralytics.utils import DEFAULT_CFG_DICT, LOGGER, RANK

LIDD: dict[str, Any] = {
    "epochs": 300,
    "patience": 300,
    "batch": 32,
    "nbs": 32,
    "optimizer": "AdamW",
    "lr0": 0.004,  # the paper's 0.001 is too slow: docs/decisions/0004-training-recipe.md
    "lrf": 0.05,
    "cos_lr": True,
    "weight_decay": 0.05,
    "warmup_epochs": 3.0,
    "warmup_bias_lr": 0.0,
    "box": 2.0,
    "cls": 1.0,
    "dfl": 0.25,
    "mosaic": 0.0,
    "close_mosaic": 0,
    "scale": 0.4,
    "translate": 0.2,
    "hsv_h": 0.0,
    "hsv_s": 0.5,
    "hsv_v": 0.4,
    "fliplr": 0.5,
}

WLNET: dict[str, Any] = {
    "epochs": 500,
    "patience": 100,
    "batch": 16,
    "optimizer": "SGD",
    "lr0": 0.01,
    "lrf": 0.01,
    "momentum": 0.937,
    "weight_decay": 0.0005,
    "warmup_epochs": 3.0,
    "warmup_momentum": 0.8,
    "warmup_bias_lr": 0.1,
    "nbs": 64,
    "mosaic": 1.0,
    "close_mosaic": 10,
    "hsv_h": 0.015,
    "hsv_s": 0.7,
    "hsv_v": 0.4,
    "translate": 0.1,
    "scale": 0.5,
    "fliplr": 0.5,
    "overlap_mask": True,
    "mask_ratio": 4,
    "box": 7.5,
    "cls": 0.5,
    "dfl": 1.5,
}

MASK_RCNN: dict[str, Any] = {  # the optimiser of torchvision's references/detection, for 16 pictures in a step
    "batch": 16,
    "nbs": 16,
    "optimizer": "SGD",
    "lr0": 0.02,
    "momentum": 0.9,
    "weight_decay": 0.0001,
    "warmup_epochs": 3.0,
    "warmup_bias_lr": 0.0,
}

LIDD_FROM_WEIGHTS: dict[str, Any] = {"warmup_epochs": 1.0}
"""What a training of LIDD-Net that starts from a checkpoint has over `LIDD`."""

LIDD_FROM_TEACHER: dict[str, Any] = {"dis": 1.0}
"""What a training of LIDD-Net with ``distill_model=`` has over `LIDD`: the teacher counts as much as the labels."""

PRETRAIN: dict[str, Any] = {
    **{key: LIDD[key] for key in ("optimizer", "nbs", "lr0", "lrf", "cos_lr", "weight_decay", "warmup_bias_lr")},
    "warmup_epochs": 0.3,  # an epoch has some hundred steps
    "mosaic": 0.0,
    "close_mosaic": 0,
    "flipud": 0.5,  # no way up
    "hsv_h": 0.02,  # any colour
}
"""On generated defects, over each network's own recipe; the optimiser is one for all networks."""

_ALL_TYPED = "LIDD_YOLO_ALL_TYPED"
_TUNED = (
    "lr0",
    "lrf",
    "weight_decay",
    "warmup_epochs",
    "box",
    "cls",
    "dfl",
    "hsv_h",
    "hsv_s",
    "hsv_v",
    "translate",
    "scale",
)
_SHARES = ("hsv_h", "hsv_s", "hsv_v", "translate", "scale", "flipud", "fliplr", "mosaic", "mixup", "copy_paste")
"""Training arguments between 0 and 1."""

GRADIENT_CLIP_NORM = 35.0
"""LIDD-Net's; Ultralytics clips at 10."""


_NOTHING: Mapping[str, Any] = MappingProxyType({})


def under(
    overrides: dict[str, Any] | None,
    recipe: Mapping[str, Any],
    from_weights: Mapping[str, Any] = _NOTHING,
    from_teacher: Mapping[str, Any] = _NOTHING,
) -> dict[str, Any]:
    """Return the arguments that the user typed, completed by a recipe; a resumed run keeps what it began with.

    Of a whole configuration, a copy of Ultralytics' ``default.yaml`` with some values changed, the values that are
    still Ultralytics' defaults are not typed: the recipe's stand in their place, and the log says so.

    Args:
        overrides: What Ultralytics passes to its trainer.
        recipe: Arguments of the network.
        from_weights: What a training that starts from a checkpoint has over the recipe.
        from_teacher: What a training with a teacher has over both.
    """
    typed = dict(overrides or {})
    if typed.get("resume"):
        return typed
    base = begun_with(typed, recipe, from_weights, from_teacher)
    if base and RANK == -1 and not os.environ.get(_ALL_TYPED) and _is_whole(typed):
        kept = sorted(key for key in base if key in typed and typed[key] == DEFAULT_CFG_DICT[key] != base[key])
        typed = {key: value for key, value in typed.items() if key not in kept}
        LOGGER.info(f"Recipe of the network in place of Ultralytics' defaults: {_words(base, kept)}")
    return {**base, **typed}


def begun_with(
    typed: Mapping[str, Any],
    recipe: Mapping[str, Any],
    from_weights: Mapping[str, Any],
    from_teacher: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the recipe of a training that begins with weights, a teacher, both or neither; arguments as `under`."""
    weights = from_weights if starts_from_weights(typed) else _NOTHING
    return {**recipe, **weights, **(from_teacher if typed.get("distill_model") else _NOTHING)}


def _is_whole(typed: Mapping[str, Any]) -> bool:
    """Tell whether arguments are a copy of ``default.yaml``, of this release or another, rather than typed words."""
    return len(DEFAULT_CFG_DICT.keys() & typed.keys()) > 0.8 * len(DEFAULT_CFG_DICT)


def _words(base: Mapping[str, Any], keys: list[str]) -> str:
    return ", ".join(f"{key}={base[key]}" for key in keys) or "nothing differs"


def tuning_space(recipe: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return limits for ``model.tune()`` round a recipe: for each number that Ultralytics' own space knows."""
    limits = dict.fromkeys(_SHARES, (0.0, 1.0))
    limits |= {key: (value / 5, value * 5) for key, value in recipe.items() if key in _TUNED and value}
    return {key: (low, min(high, 1.0) if key in _SHARES else high) for key, (low, high) in limits.items()}


@contextmanager
def all_typed() -> Iterator[None]:
    """Take every argument of the trainings inside, in processes of their own, as typed: a search names them all."""
    os.environ[_ALL_TYPED] = "1"
    try:
        yield
    finally:
        os.environ.pop(_ALL_TYPED, None)


def starts_from_weights(arguments: Mapping[str, Any]) -> bool:
    """Tell whether arguments of ``yolo train`` begin with a checkpoint: ``model=x.pt`` or ``pretrained=x.pt``."""
    pretrained = arguments.get("pretrained", True)
    if isinstance(pretrained, (str, Path)):
        return True
    return bool(pretrained) and str(arguments.get("model", "")).lower().endswith(".pt")
