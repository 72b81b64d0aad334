"""Groups of pictures as a JSON file: written by ``lidd data groups``, read by ``lidd data split``.

Own work. Users may edit ``pictures`` or write the file themselves; nothing else of it is needed to read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lidd_yolo.data.picture_groups import PictureGroups

GROUPS_FILE = "groups.json"


def describe_groups(groups: PictureGroups) -> dict[str, Any]:
    """Return the figures of a grouping: number and sizes of the groups, pairs of each kind, rule and hash."""
    kinds = [pair["kind"] for pair in groups.pairs]
    sizes = groups.sizes()
    return {
        "images": len(groups.names),
        "groups": {"count": sum(sizes.values()), "largest": max(sizes, default=0), "sizes": sizes},
        "pairs": {kind: kinds.count(kind) for kind in ("equal", "same", "overlap", "burst") if kind in kinds},
        "rule": dict(groups.rule),
        "group_sha256": groups.sha256,
        "problems": [problem.as_dict() for problem in groups.problems],
    }


def groups_text(groups: PictureGroups, **facts: Any) -> str:
    """Return the file's text.

    Args:
        groups: What belongs together.
        facts: Further entries.
    """
    pictures = dict(zip(groups.names, groups.numbers, strict=True))
    found = {**describe_groups(groups), **facts, "pictures": pictures}
    return json.dumps({**found, "links": list(groups.pairs)}, indent=1) + "\n"


def read_groups(file: Path, names: Iterable[str]) -> PictureGroups:
    """Read the groups of some pictures.

    Args:
        file: File with ``pictures``: name -> group, a number or a text.
        names: Pictures that need a group; the file may have more.

    Returns:
        Their groups, numbered anew.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or lacks a picture; names the file and the picture.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        stated = {str(name): _group(group) for name, group in content["pictures"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is no groups file: {error!r}; make one with lidd data groups") from error
    wanted = tuple(names)
    if missing := [name for name in wanted if name not in stated]:
        raise ValueError(
            f"{file} has no group for {missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
        )
    numbers: dict[str, int] = {}
    found = tuple(numbers.setdefault(stated[name], len(numbers)) for name in wanted)
    links = content.get("links")
    kept = set(wanted)
    pairs = [p for p in links if {p["first"], p["second"]} <= kept] if isinstance(links, list) else []
    return PictureGroups(wanted, found, tuple(pairs), content.get("rule") or {})


def _group(stated: Any) -> str:
    """Return a group as text.

    Raises:
        TypeError: If it is neither a number nor a text; a ``split.json`` looks like that.
    """
    if not isinstance(stated, (str, int)):
        raise TypeError(f"a group is a number or a text, not {stated!r}")
    return str(stated)
