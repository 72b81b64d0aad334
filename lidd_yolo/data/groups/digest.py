"""SHA-256 of a list of texts and bytes: the hashes that data sets, groups and splits are quoted by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence


def digest(parts: Iterable[str | bytes]) -> str:
    """Return the SHA-256 of all parts, each with its length so that no two lists look alike."""
    summed = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        summed.update(len(data).to_bytes(8, "big") + data)
    return summed.hexdigest()


def group_digest(names: Sequence[str], groups: Sequence[int]) -> str:
    """Return the hash of the group of each picture by name, the same whatever numbers the groups have."""
    members: dict[int, list[str]] = {}
    for name, group in zip(names, groups, strict=True):
        members.setdefault(group, []).append(name)
    return digest(sorted("/".join(of_group) for of_group in members.values()))


def split_digest(sides: Mapping[str, Iterable[str]]) -> str:
    """Return the hash of a split: which picture, by name, is on which side."""
    return digest(sorted(f"{side}/{name}" for side, names in sides.items() for name in names))
