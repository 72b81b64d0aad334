"""Groups that are already known of a data set: of ``groups.json`` or ``split.json`` beside its data YAML or pictures.

Own work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lidd_yolo.data.groups_file import GROUPS_FILE, read_groups
from lidd_yolo.data.picture_groups import picture_name
from lidd_yolo.data.yolo_set import YoloSet

_SPLIT = "split.json"


def read_known_groups(data: YoloSet, places: Mapping[str, Path]) -> tuple[dict[str, int], dict[str, Any] | None] | None:
    """Return the group of each picture and the content of ``split.json``, None if there is none; None without groups.

    Args:
        data: The data set.
        places: File of each picture, by any name.
    """
    folders = (data.file.parent, data.root)
    split = next((found for folder in folders if (found := _read(folder / _SPLIT)) is not None), None)
    for file in (folder / GROUPS_FILE for folder in folders):
        if file.is_file():
            names = _stated_names((_read(file) or {}).get("pictures"), data, places)
            stated = read_groups(file, list(names.values()))
            by_name = dict(zip(stated.names, stated.numbers, strict=True))
            return {place: by_name[name] for place, name in names.items()}, split
    pictures = (split or {}).get("pictures")
    names = _stated_names(pictures, data, places)
    groups = {place: _group(pictures, name) for place, name in names.items()}
    known = {place: group for place, group in groups.items() if group is not None}
    return (known, split) if len(known) == len(places) else None


def _stated_names(stated: Any, data: YoloSet, places: Mapping[str, Path]) -> dict[str, str]:
    """Return the name that a file states for each picture: its place below a folder, or without any folder.

    The data YAML may lie elsewhere than it did when the file was written, so any end of a picture's path will do.
    """
    known = frozenset(stated) if isinstance(stated, dict) else frozenset()
    names = {}
    for place, picture in places.items():
        parts = picture.resolve().parts
        ends = ("/".join(parts[start:]) for start in range(1, len(parts)))
        names[place] = next((end for end in ends if end in known), picture_name(picture, data.root))
    return names


def _group(pictures: Any, name: str) -> int | None:
    """Return the group that ``split.json`` states for a picture, or None if it does not."""
    entry = pictures.get(name) if isinstance(pictures, dict) else None
    group = entry.get("group") if isinstance(entry, dict) else None
    return group if isinstance(group, int) else None


def _read(file: Path) -> dict[str, Any] | None:
    """Return the content of a JSON file, or None if there is none that can be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
