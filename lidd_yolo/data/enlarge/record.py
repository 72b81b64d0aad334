"""What was enlarged and how, for later commands: ``enlarged.json``, and groups and split of the original carried on.

Turned by any angle, a copy is not found again by comparing pictures, so that it must be known which original
it is of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lidd_yolo.data.enlarge.change import Settings
from lidd_yolo.data.groups.digest import digest, group_digest, split_digest
from lidd_yolo.data.groups.links import leak_share


def describe_enlargement(
    settings: Settings, sides: Sequence[str], copies: Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]]
) -> dict[str, Any]:
    """Return the content of ``enlarged.json``.

    Args:
        settings: What was done.
        sides: Sides of the split that were enlarged.
        copies: For each original, by its place in the data set, place and facts of each copy.
    """
    facts = [fact for of_one in copies.values() for _, fact in of_one]
    return {
        **asdict(settings),
        "sides": list(sides),
        "originals": len(copies),
        "copies": len(facts),
        "dropped": sum(int(fact["dropped"]) for fact in facts),
        "pictures": {name: {copy: dict(fact) for copy, fact in of_one} for name, of_one in copies.items()},
    }


def figures(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of ``enlarged.json`` without the single pictures."""
    return {key: value for key, value in record.items() if key != "pictures"}


def carry_split(
    before: Mapping[str, Any],
    sides: Mapping[str, Sequence[str]],
    groups: Mapping[str, int],
    files: Iterable[tuple[str, bytes, bytes]],
    enlarged: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the ``split.json`` of an enlarged data set: identity, groups, leak and hashes, all worked out anew.

    Args:
        before: That of the original.
        sides: File names of the pictures on each side.
        groups: Group of each.
        files: Name, bytes and label of each picture, in order of the names.
        enlarged: Settings of the enlargement.
    """
    names = [name for of_side in sides.values() for name in of_side]
    numbers = [groups[name] for name in names]
    place = {name: number for number, name in enumerate(names)}
    split = {side: [place[name] for name in of_side] for side, of_side in sides.items()}
    sizes = Counter(Counter(numbers).values())
    kept = {key: before[key] for key in ("dataset", "protocol", "seed", "ratios", "overlap") if key in before}
    return {
        **kept,
        "enlarged": dict(enlarged),
        "images": {side: len(of_side) for side, of_side in sides.items()},
        "groups": {"count": sum(sizes.values()), "largest": max(sizes), "sizes": dict(sorted(sizes.items()))},
        "leak": {side: round(leak_share(split, numbers, side), 4) for side in sides if side != "train"},
        "group_sha256": group_digest(names, numbers),
        "split_sha256": split_digest(sides),
        "data_sha256": digest(part for of_file in files for part in of_file),
        "pictures": {name: {"split": side, "group": groups[name]} for side, names in sides.items() for name in names},
    }
