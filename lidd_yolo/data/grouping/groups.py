"""Groups of pictures from linked pairs: whatever hangs together by a chain of links.

Method: disjoint sets with path halving, Tarjan and van Leeuwen, "Worst-Case Analysis of Set Union Algorithms", 1984.
"""

from __future__ import annotations

from collections.abc import Iterable


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
