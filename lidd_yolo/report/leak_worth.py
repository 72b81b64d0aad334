"""What a leak is worth: one network trained on two splits of a data set, on the pictures that neither was trained on.

The figures of two splits are of different pictures and cannot be compared. On the pictures that both held out
they can: one training has seen the same spots, the other has not. The method is that of ``bootstrap.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path

from lidd_yolo.report.blocks import Block, Contender
from lidd_yolo.report.bootstrap import (
    FEWEST_GROUPS,
    RESAMPLES,
    Difference,
    draw_weights,
    figures_of,
    paired_difference,
    same_pictures,
)
from lidd_yolo.report.comparisons import read_evidence, too_few
from lidd_yolo.report.figures import signed
from lidd_yolo.results.evidence import Evidence, common_groups, joined, on_pictures

SPLITS = "The same pictures after trainings on other splits"
NOTE = (
    "Each line: one network trained on two splits, measured on the pictures that neither training had. The interval is "
    "over these pictures, drawn as groups that show the same spot, not over trainings. Besides the leak the trainings "
    "differ in what their brackets say otherwise."
)


@dataclass(frozen=True)
class SplitComparison:
    """One network on two splits.

    Args:
        label: The network.
        first: Protocol, leak, training pictures, epochs and further arguments of the split that leaks more.
        second: Those of the other.
        protocols: Protocols of both.
        pictures: Number of pictures that neither training had.
        groups: Number of groups that they form.
        figures: Key of a figure -> its values after the first and the second training.
        differences: Key of a figure -> first minus second.
    """

    label: str
    first: str
    second: str
    protocols: tuple[str, str]
    pictures: int
    groups: int
    figures: Mapping[str, tuple[float, float]]
    differences: Mapping[str, Difference]

    def values(self, key: str) -> str:
        """Return both values of a figure and their difference."""
        first, second = self.figures[key]
        return f"{first:.3f} − {second:.3f} = {signed(self.differences[key].value)}"

    def verdict(self, key: str) -> str:
        """Return what may be said about one figure."""
        return self.differences[key].verdict(*self.protocols)


def compare_splits(blocks: Sequence[Block], ledger: Path) -> tuple[list[SplitComparison], list[str]]:
    """Compare every network that was trained on splits of one data set that leak differently, at one size.

    Returns:
        comparisons: Those that could be made.
        problems: Why the others could not.

    Raises:
        ImportError: If SciPy is missing.
    """
    tried = [_compared_or_not(*pair, ledger) for pair in _alike(blocks)]
    return [one for one in tried if not isinstance(one, str)], [one for one in tried if isinstance(one, str)]


def _alike(blocks: Sequence[Block]) -> Iterator[tuple[Block, Block, Contender, Contender]]:
    """Yield every two blocks of splits that leak differently, the one that leaks more first, with a network of both."""
    for one, other in combinations(blocks, 2):
        hashes = [block.data.get("split_sha256") for block in (one, other)]
        same_set = (one.dataset, one.imgsz) == (other.dataset, other.imgsz)
        first, second = sorted((one, other), key=_leak, reverse=True)
        if not same_set or None in hashes or hashes[0] == hashes[1] or _leak(first) == _leak(second):
            continue
        yield from (
            (first, second, a, b) for a, b in product(first.contenders, second.contenders) if _way(a) == _way(b)
        )


def _compared_or_not(first: Block, second: Block, a: Contender, b: Contender, ledger: Path) -> SplitComparison | str:
    """Return the comparison, or why there is none."""
    try:
        return _compared(first, second, a, b, ledger)
    except ValueError as error:
        return f"{a.label} on {_protocol(first)} and {_protocol(second)} is not compared: {error}"


def _compared(first: Block, second: Block, a: Contender, b: Contender, ledger: Path) -> SplitComparison:
    evidence = {"a": _held_out(a, ledger), "b": _held_out(b, ledger)}
    every = [one for of_seeds in evidence.values() for one in of_seeds]
    if any(len(set(one.pictures.tolist())) < len(one.pictures) for one in every):
        raise ValueError("several pictures have one file name, which does not tell them apart.")
    names = sorted(set.intersection(*({str(name) for name in one.pictures} for one in every)))
    if not names:
        raise ValueError("no picture was held out by both trainings.")
    evidence = {key: [on_pictures(one, names) for one in of_seeds] for key, of_seeds in evidence.items()}
    groups = common_groups([one for of_seeds in evidence.values() for one in of_seeds])
    if groups is None:
        raise ValueError("no groups of these pictures are known.")
    count = int(groups.max()) + 1
    if count < FEWEST_GROUPS:
        raise ValueError(too_few(len(names), count))
    evidence = {key: [replace(one, groups=groups) for one in of_seeds] for key, of_seeds in evidence.items()}
    same_pictures([one for of_seeds in evidence.values() for one in of_seeds])
    values = figures_of(evidence, draw_weights(groups, RESAMPLES, 0))
    return SplitComparison(
        a.label,
        _trained_on(first, _other_arguments(a, b)),
        _trained_on(second, _other_arguments(b, a)),
        (_protocol(first), _protocol(second)),
        len(names),
        count,
        {key: (float(values["a"][key][0]), float(values["b"][key][0])) for key in values["a"]},
        {key: paired_difference(values["a"][key], values["b"][key]) for key in values["a"]},
    )


def _held_out(contender: Contender, ledger: Path) -> list[Evidence]:
    """Return for each seed what was found on all pictures that it was not trained on."""
    for entry in contender.entries:
        if not entry.get("evidence"):
            raise ValueError(f"nothing is kept of what {entry['name']} found.")
    return [
        joined([read_evidence(entry, split, ledger) for split in sorted(entry["evidence"])])
        for entry in contender.entries
    ]


def _way(contender: Contender) -> tuple[str, str]:
    return contender.model, str(contender.entries[0].get("recipe", "own"))


def _leak(block: Block) -> float:
    return max((block.data.get("leak") or {}).values(), default=0.0)


def _protocol(block: Block) -> str:
    return str(block.data.get("protocol", "unknown"))


def _other_arguments(contender: Contender, other: Contender) -> list[str]:
    """Return the arguments that were asked for and are others than those of the same network on the other split."""
    own, theirs = (c.entries[0].get("asked", {}).get("arguments", {}) for c in (contender, other))
    return [f"{key}={own[key]}" for key in own if key not in {"epochs", "seed"} and own[key] != theirs.get(key)]


def _trained_on(block: Block, arguments: Sequence[str]) -> str:
    pictures = block.data.get("images", {}).get("train", "?")
    facts = [f"leak {100 * _leak(block):.1f} %", f"{pictures} pictures", f"{block.epochs} epochs", *arguments]
    return f"{_protocol(block)} ({', '.join(facts)})"
