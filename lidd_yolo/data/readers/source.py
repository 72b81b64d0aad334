"""How a source folder is to be read where its files do not say it themselves, and what was read of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lidd_yolo.data.labels.problems import Kind, Problem, Problems
from lidd_yolo.data.readers.layout import Item, Pairing, why_alone
from lidd_yolo.data.readers.pair_pattern import PairPattern
from lidd_yolo.errors import InputError

COLUMNS = ("x1", "y1", "x2", "y2", "class")
"""Columns of the format ``xyxy`` by default; another word than these is a column that is not read."""


@dataclass(frozen=True)
class ReadRule:
    """What `lidd_yolo.data.convert.convert` is told of a source.

    Args:
        pair: Pattern that pairs pictures and annotation files, see `PairPattern`; empty for folders and names.
        unlabelled: What a picture without annotation is: ``good``, without a defect, or left out (``leave-out``).
        columns: Of ``xyxy``: what the columns are, ``x1``, ``y1``, ``x2``, ``y2`` in pixels, ``class`` number or name.
        separator: Of ``xyxy``: what stands between columns; empty for spaces and tabs.
        first_class: Of ``xyxy``: number of the first class.
        mask_suffix: Of ``mask``: end of a mask's name, behind the name of its picture; such masks lie anywhere.
        mask_threshold: Of ``mask`` and ``class-masks``: least value of a defect's pixels, 1 to 255; other values than
            0 and one more are then no fault.
        class_from: Of ``mask``: where its class is from: ``value``, or ``folder``, the folder that it lies in.

    Raises:
        InputError: If one is not so.
    """

    pair: str = ""
    unlabelled: str = "leave-out"
    columns: tuple[str, ...] = COLUMNS
    separator: str = ""
    first_class: int = 0
    mask_suffix: str = ""
    mask_threshold: int | None = None
    class_from: str = "value"
    pattern: PairPattern | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        for name, known in (("unlabelled", ("good", "leave-out")), ("class_from", ("value", "folder"))):
            if getattr(self, name) not in known:
                raise InputError(f"{name.replace('_', '-')}: {getattr(self, name)!r} is not one of {', '.join(known)}")
        if wrong := [name for name in COLUMNS if self.columns.count(name) != 1 and name != "class"]:
            raise InputError(f"columns {','.join(self.columns)}: {wrong[0]} is to stand there once")
        if self.columns.count("class") > 1:
            raise InputError(f"columns {','.join(self.columns)}: class stands there more than once")
        if self.mask_threshold is not None and not 1 <= self.mask_threshold <= 255:
            raise InputError(f"mask-threshold: a value from 1 to 255, not {self.mask_threshold}")
        if self.pair:
            object.__setattr__(self, "pattern", PairPattern(self.pair))

    @property
    def good(self) -> bool:
        """Whether pictures without annotation are without a defect."""
        return self.unlabelled == "good"


@dataclass
class SourceFolder:
    """What a folder holds: what can be used, what is wrong, and every picture with its annotation file, if any."""

    items: list[Item]
    problems: list[Problem]
    labels: Mapping[Path, Path | None] = field(default_factory=dict)

    def left_out(self) -> dict[Path, str]:
        """Return the pictures that are not among the items, each with the kind of its first problem in words."""
        used = {item.picture for item in self.items}
        kinds = {problem.file: problem.kind for problem in reversed(self.problems) if not problem.repaired}
        reasons = {}
        for picture, label in self.labels.items():
            if picture not in used:
                kind = kinds.get(picture) or kinds.get(label or picture) or Kind.OTHER
                reasons[picture] = kind.heading
        return reasons


def check_pairing(source: Path, pairing: Pairing, kind: str) -> None:
    """Raise `ValueError` if fewer than half of the annotation files have a picture: their layout is another one."""
    paired = sum(label is not None for label in pairing.labels.values())
    if pairing.alone and paired < len(pairing.alone):
        file, named = next(iter(pairing.alone.items()))
        total = paired + len(pairing.alone)
        plural = "s" if total > 1 else ""
        raise ValueError(
            f"{source}: {len(pairing.alone)} of {total} {kind}{plural} belong to no picture, such as "
            f"{_below(file, source)} ({why_alone(named)}); nothing is written: say what belongs together, "
            "--pair '{folder}/{stem}.jpg = {folder}/{stem}" + f"{file.suffix}'"
        )


def _below(file: Path, source: Path) -> str:
    return (file.relative_to(source) if file.is_relative_to(source) else file).as_posix()


def doubtful_names(unused: Mapping[Path, Sequence[Path]]) -> frozenset[str]:
    """Return the names, without ending, of annotation files that belong to no picture and of pictures they may mean."""
    return frozenset({*(file.stem for file in unused), *(path.stem for named in unused.values() for path in named)})


def is_good(picture: Path, rule: ReadRule, doubtful: frozenset[str], why: str, problems: Problems) -> bool:
    """Tell whether a picture without annotation counts as one without a defect; if not, that is a problem.

    ``doubtful`` are names of pictures that an annotation may be of which could not be used.
    """
    if rule.good and picture.stem not in doubtful:
        return True
    remedy = "picture left out; nobody says what it shows (--unlabelled good: no defect)"
    if rule.good:
        why, remedy = f"{why} that can be used, but one has its name", "picture left out, not taken for good"
    problems.append(Problem(picture, Kind.NO_LABEL, why, remedy))
    return False
