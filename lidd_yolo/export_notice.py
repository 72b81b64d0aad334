"""One line after ``yolo export`` of a network of ours: nobody compared the file with the network, and how to.

A callback of Ultralytics for ``on_export_end``, silent for networks of others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def attach_notice() -> None:
    """Add the callback to those that every network of Ultralytics starts with; a second call does nothing."""
    from ultralytics.utils.callbacks import default_callbacks  # noqa: PLC0415 - the start-up file must not load it

    if mention_unchecked not in default_callbacks["on_export_end"]:
        default_callbacks["on_export_end"].append(mention_unchecked)


def mention_unchecked(exporter: Any) -> None:
    """Warn that an export of a network of ours was not compared with it."""
    if type(exporter.model).__module__.startswith("lidd_yolo."):
        from ultralytics.utils import LOGGER  # noqa: PLC0415 - as above

        LOGGER.warning(unchecked_text(exporter))


def unchecked_text(exporter: Any) -> str:
    """Return the line to log for an exporter that has finished."""
    trained_on = getattr(exporter.model, "args", None)
    data = trained_on.get("data") if isinstance(trained_on, dict) else None
    words = f"lidd export {exporter.file} --formats {exporter.args.format} --data {data or 'DATA.yaml'}"
    return f"lidd_yolo: nobody compared this export with {Path(exporter.file).name}; to export and compare: {words}"
