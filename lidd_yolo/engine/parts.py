"""Which trainer belongs to which of our models."""

from __future__ import annotations

from typing import Any

from lidd_yolo.engine.trainer import LIDDTrainer
from lidd_yolo.models.lidd import LIDDModel


def part_for(model: Any, key: str) -> Any:
    """Return our class for one of Ultralytics' parts (``trainer``, ``validator``, ...), or None for the stock one."""
    return LIDDTrainer if key == "trainer" and isinstance(model, LIDDModel) else None
