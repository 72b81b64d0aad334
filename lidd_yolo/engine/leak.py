"""Say once before a training what its data set leaks: how many pictures of val and test show what train shows too.

Own work; the figure is the one that ``lidd data`` measured when it made the data set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ultralytics.utils import LOGGER, RANK

from lidd_yolo.data.groups.groups_file import REPORT


def log_leak(trainer: Any) -> None:
    """Log the leak of a trainer's data set; a callback for ``on_pretrain_routine_end``, silent if it is unknown."""
    leak = known_leak(trainer.data)
    if leak and RANK in {-1, 0}:
        LOGGER.info(leak_message(leak))


def known_leak(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the share of pictures that share a group with train, for each other split; empty if unknown.

    Args:
        data: Content of the data YAML as Ultralytics checked it: ``lidd data split`` wrote ``leak`` into it, or else
            its ``path`` is the folder of a release that ``lidd data`` converted and ``train`` is still that split.
    """
    stated = data.get("leak")
    folder = Path(str(data.get("path", "")))
    if stated is None and data.get("train") == str((folder / "images" / "train").resolve()):
        try:
            stated = json.loads((folder / REPORT).read_text(encoding="utf-8"))["leak"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
    try:
        return {str(split): float(share) for split, share in dict(stated or {}).items()}
    except (TypeError, ValueError):
        return {}


def leak_message(leak: Mapping[str, float]) -> str:
    """Return the line to log for a leak, the shares as fractions."""
    if not any(leak.values()):
        return "leak 0.0 %"
    alike = len(set(leak.values())) == 1
    named = leak.items() if not alike else [("", next(iter(leak.values())))]
    told = ", ".join(f"{split} {_percent(share)}".strip() for split, share in named)
    return f"leak {told}: this figure measures memory"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
