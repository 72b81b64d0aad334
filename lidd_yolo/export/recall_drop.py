"""How much recall each class loses from the trained network to an exported file.

Own work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

RECALL_LIMIT = 0.01
"""Largest loss of a class's recall at the confidence that detections are used with."""

_ROUNDING = 1e-9

ClassRecall = dict[str, tuple[float, float]]
"""Class name -> recall of the trained network, of the exported file."""


def paired_recall(trained: Mapping[int, float], exported: Mapping[int, float], names: Sequence[str]) -> ClassRecall:
    """Return the recall of both for each class that has objects.

    Args:
        trained: Class number -> recall; a class that one of both lacks was not found by it at all.
        exported: The same.
        names: Class names.
    """
    numbers = sorted({*trained, *exported})
    return {names[c]: (trained.get(c, 0.0), exported.get(c, 0.0)) for c in numbers}


def recall_failures(recall: ClassRecall, how: str, limit: float) -> Iterator[str]:
    """Yield each class that loses too much.

    Args:
        recall: Of each class.
        how: Ends the word recall, for example `` by masks``.
        limit: Largest loss.
    """
    for name, (trained, exported) in recall.items():
        if not trained - exported <= limit + _ROUNDING:
            yield f"recall of {name}{how} falls from {trained:.3f} to {exported:.3f}, limit {limit}"
