"""The check that nothing but a model class of ours builds a YAML of ours.

Without it an Ultralytics that no longer asks us for the model class would silently build our network with a stock
loss and without the auxiliary head. With it, that is an error.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from lidd_yolo.models.registry import HEADS, head_name

_TRAINERS = {
    "LIDDDetect": "LIDDTrainer",
    "WLNetSegment": "WLNetTrainer",
    "MaskRCNNSegment": "MaskRCNNTrainer",
    "Segment": "NWDSegmentationTrainer",
}
"""Head -> the trainer of its networks, by name: this module is loaded without one."""

_building: ContextVar[bool] = ContextVar("lidd_yolo_building", default=False)


@contextlib.contextmanager
def building() -> Iterator[None]:
    """Mark that one of our model classes is building its YAML."""
    token = _building.set(True)
    try:
        yield
    finally:
        _building.reset(token)


def needs_our_class(yaml: dict[str, Any]) -> bool:
    """Tell whether a model dictionary needs a model class of ours: a head of ours, or a ``lidd_yolo:`` section."""
    return head_name(yaml) in HEADS or "lidd_yolo" in yaml


def check(yaml: dict[str, Any]) -> None:
    """Refuse a YAML with a head or a section of ours outside our model classes.

    Raises:
        RuntimeError: Says how to build it instead.
    """
    if needs_our_class(yaml) and not _building.get():
        name = yaml.get("yaml_file", "this model YAML")
        trainer = _TRAINERS.get(head_name(yaml), "NWDDetectionTrainer")
        raise RuntimeError(
            f"{name} belongs to lidd_yolo and cannot be built as a plain Ultralytics model: its loss would be "
            f"missing. Use YOLO({str(name)!r}) or yolo train model={name}, not DetectionModel(...); a trainer of your "
            f"own has to extend lidd_yolo.training.trainers.{trainer}."
        )
