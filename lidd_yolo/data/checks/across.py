"""Classes as a whole: none that train lacks, none without objects, none other than the file's name announces.

Many sets name their pictures by class; where nearly all do, an object of another class deserves a look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from lidd_yolo.data.checks.label import Finding
from lidd_yolo.data.checks.pairs import PairFacts

NAMED_SHARE = 0.9
"""Share of the pictures whose names must begin with a class before the others' classes are compared with it."""


def untrained_classes(facts: Sequence[PairFacts], class_names: Sequence[str], file: Path) -> Iterator[Finding]:
    """Yield the classes that no object has, and those that only val or test show.

    Args:
        facts: All pictures of a YOLO set.
        class_names: Classes of the data YAML.
        file: The data YAML.
    """
    shown: dict[str, set[str]] = {name: set() for name in class_names}
    for one in facts:
        for item in one.objects:
            shown[item.class_name].add(one.pair.split)
    splits = {one.pair.split for one in facts}
    if not any(shown.values()):
        return
    for number, (name, where) in enumerate(shown.items()):
        if not where - {""}:
            yield Finding("class-unused", file, f"class {number}", f"no object is a {name!r}")
        elif "train" in splits and "train" not in where:
            reason = f"{name!r} is in {' and '.join(sorted(where - {''}))}, but not in train"
            yield Finding("class-untrained", file, f"class {number}", reason)


def unannounced_classes(facts: Sequence[PairFacts]) -> Iterator[Finding]:
    """Yield every object of another class than its picture's name begins with, if nearly all names begin with one.

    Args:
        facts: All pictures.
    """
    names = sorted({item.class_name for one in facts for item in one.objects}, key=len, reverse=True)
    pictures = [one for one in facts if one.pair.picture is not None]
    announced = [_announced(one, names) for one in pictures]
    if len(names) < 2 or sum(map(bool, announced)) < NAMED_SHARE * len(pictures):
        return
    for one, name in zip(pictures, announced, strict=True):
        for item in one.objects:
            if name and item.class_name != name and one.pair.label is not None:
                reason = f"{item.class_name!r}, but the file's name begins with {name!r}"
                yield Finding("class-not-in-name", one.pair.label, item.place, reason)


def _announced(one: PairFacts, names: Sequence[str]) -> str:
    """Return the longest class name that a picture's name begins with, or the empty string."""
    stem = one.pair.picture.stem if one.pair.picture is not None else ""
    return next((n for n in names if stem.startswith(n) and not stem[len(n) : len(n) + 1].isalpha()), "")


def repeated_pictures(facts: Sequence[PairFacts]) -> Iterator[Finding]:
    """Yield every picture that has the same bytes as one before it.

    Args:
        facts: All pictures.
    """
    first: dict[bytes, PairFacts] = {}
    for one in facts:
        if one.pair.picture is None or not one.digest:
            continue
        before = first.setdefault(one.digest, one)
        if before is one:
            continue
        apart = before.pair.split != one.pair.split
        if apart:
            reason = f"in {one.pair.split}, the same picture as {before.pair.picture} in {before.pair.split}"
        else:
            reason = f"the same picture as {before.pair.picture}"
        yield Finding("in-two-splits" if apart else "twice-in-split", one.pair.picture, "", reason)


def repeated_names(facts: Sequence[PairFacts], root: Path) -> Iterator[Finding]:
    """Yield every two folders in which the same file names stand for different pictures.

    Args:
        facts: All pictures, their splits being folders below ``root``.
        root: Folder of the data set.
    """
    named: dict[str, dict[str, bytes]] = {}
    for one in facts:
        if one.pair.picture is not None:
            named.setdefault(one.pair.split, {})[one.pair.picture.name] = one.digest
    for one_side, other_side in combinations(sorted(named), 2):
        one_names, other_names = named[one_side], named[other_side]
        shared = sorted(n for n in one_names.keys() & other_names.keys() if one_names[n] != other_names[n])
        if shared:
            reason = f"{len(shared)} file names, {shared[0]} for one, stand for other pictures in {other_side}"
            yield Finding("name-in-two-splits", root / one_side, "", reason)
