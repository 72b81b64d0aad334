"""Groups of pictures from linked pairs: whatever hangs together by a chain of links.

Method: disjoint sets with path halving, Tarjan and van Leeuwen, "Worst-Case Analysis of Set Union Algorithms", 1984.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from lidd_yolo.errors import InputError


def group_numbers(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """Return a group number for each of ``count`` things, numbered from 0 in the order of their first member."""
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for one, other in links:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(index), len(numbers)) for index in range(count)]


def burst_links(names: Sequence[str], rule: str) -> list[tuple[int, int]]:
    r"""Return links between the pictures whose file names have the same captured text.

    Each link is the index of a picture and that of the next of its burst; pictures that the rule does not match have
    none. The rule is a regular expression, searched anywhere in the file name without folders, with a group for what a
    burst has in common, such as ``^(part\d+)_``.

    Raises:
        InputError: If the rule is no regular expression, captures nothing, or matches no picture.
    """
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise InputError(f"--burst {rule!r} is no regular expression: {error}") from error
    if not pattern.groups:
        raise InputError(f"--burst {rule!r} needs a group in brackets: the part of the name that a burst has in common")
    last: dict[tuple[str | None, ...], int] = {}
    links = []
    for index, name in enumerate(names):
        if match := pattern.search(PurePosixPath(name).name):
            if (key := match.groups()) in last:
                links.append((last[key], index))
            last[key] = index
    if names and not last:
        raise InputError(f"--burst {rule!r} matches none of {len(names)} file names, such as {names[0]}")
    return links


def leak_share(split: Mapping[str, Sequence[int]], groups: Sequence[int], side: str) -> float:
    """Return the share of one side's examples whose group also stands in ``train``; 0 for an empty side."""
    trained = {groups[example] for example in split["train"]}
    return sum(groups[example] in trained for example in split[side]) / max(len(split[side]), 1)
