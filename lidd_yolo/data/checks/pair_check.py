"""One picture and its labels checked together, and what stays in memory of them.

Own work; outlines are let go at once, so that a set of any size fits into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lidd_yolo.data.checks.finding import Finding
from lidd_yolo.data.checks.label import LabelFacts
from lidd_yolo.data.checks.pairs import Pair
from lidd_yolo.data.checks.picture import PictureFacts, check_picture

_CHUNK = 32


class Marked(NamedTuple):
    """One object: its place in the label file, class, width and height in pixels, and whether it is difficult."""

    place: str
    class_name: str
    width: float
    height: float
    difficult: bool


@dataclass(frozen=True)
class PairFacts:
    """What is known about one picture and its labels.

    Args:
        pair: Their files.
        size: Width and height of the picture in pixels, None if unknown.
        digest: Hash of the picture's bytes; empty if it was not read.
        peak: Largest value of a picture of 16 bits, else 0.
        usable: Whether the picture can be trained on.
        objects: Its usable objects.
        findings: What is wrong with either.
    """

    pair: Pair
    size: tuple[int, int] | None
    digest: bytes
    peak: int
    usable: bool
    objects: tuple[Marked, ...]
    findings: tuple[Finding, ...]


def check_pair(
    pair: Pair, check_label: Callable[[Path, PictureFacts | None], LabelFacts], max_pixels: int
) -> PairFacts:
    """Check one picture and its labels.

    Args:
        pair: Their files.
        check_label: Checks the label file.
        max_pixels: Largest number of pixels that the picture may have.
    """
    picture = check_picture(pair.picture, max_pixels) if pair.picture is not None else None
    label = check_label(pair.label, picture) if pair.label is not None else None
    objects: tuple[Marked, ...] = ()
    if label is not None and label.annotation is not None:
        objects = tuple(
            Marked(place, o.class_name, o.box.width, o.box.height, o.difficult)
            for o, place in zip(label.annotation.objects, label.places, strict=True)
        )
    findings = (*(picture.findings if picture else ()), *(label.findings if label else ()))
    if picture is None:
        return PairFacts(pair, None, b"", 0, False, objects, findings)
    return PairFacts(pair, picture.size, picture.digest, picture.peak, picture.usable, objects, findings)


def check_pairs(
    pairs: Sequence[Pair],
    check_label: Callable[[Path, PictureFacts | None], LabelFacts],
    *,
    max_pixels: int,
    workers: int,
) -> Iterator[PairFacts]:
    """Yield the facts of each pair, in order.

    Args:
        pairs: What to check.
        check_label: Checks a label file; must be safe to call from several threads.
        max_pixels: Largest number of pixels that a picture may have.
        workers: Number of threads: decoding and hashing, most of the work, run outside of Python's lock.
    """
    chunks = [pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK)]
    with ThreadPoolExecutor(workers) as pool:
        for facts in pool.map(lambda chunk: [check_pair(pair, check_label, max_pixels) for pair in chunk], chunks):
            yield from facts
