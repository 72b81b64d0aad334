"""A whole data set checked: every picture and label file, then what shows only across files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lidd_yolo.data.checks.across import (
    repeated_names,
    repeated_pictures,
    set_figures,
    unannounced_classes,
    untrained_classes,
)
from lidd_yolo.data.checks.label_files import FORMATS, check_yolo_labels, open_folder
from lidd_yolo.data.checks.pairs import Check, Pair, check_pairs, yolo_pairs
from lidd_yolo.data.checks.picture import PictureFacts
from lidd_yolo.data.checks.repair import repair_set
from lidd_yolo.data.labels.annotation import MAX_PIXELS, Place
from lidd_yolo.data.labels.problems import Kind, Problem, Reading
from lidd_yolo.data.readers.data_yaml import YoloSet, read_yolo_set, shared_names
from lidd_yolo.errors import InputError
from lidd_yolo.files import check_new
from lidd_yolo.progress import progress


@dataclass(frozen=True, repr=False)
class SetCheck:
    """What a check has found.

    Args:
        place: Data YAML or folder.
        pairs: Every picture and label file.
        findings: What is wrong, in the order of `lidd_yolo.data.labels.problems.Kind`, then of files.
        figures: What the set holds, see `lidd_yolo.data.checks.across.set_figures`.
        copy: Folder of the repaired copy, None if there is none.
        left_out: Number of pictures that the copy lacks.
    """

    place: Path
    pairs: tuple[Pair, ...]
    findings: tuple[Problem, ...]
    figures: dict[str, Any]
    copy: Path | None = None
    left_out: int = 0

    def counts(self) -> dict[str, int]:
        """Return the number of findings of each kind, the graver kinds first."""
        count = Counter(finding.kind for finding in self.findings)
        return {kind.value: count[kind] for kind in Kind if count[kind]}

    def summary(self) -> str:
        """Return the numbers of pictures, objects and findings in one line."""
        pictures = sum(self.figures["pictures"].values())
        objects = sum(count for of_class in self.figures["objects"].values() for count in of_class.values())
        files = len({finding.file for finding in self.findings})
        findings = f"{_many(len(self.findings), 'finding')} in {_many(files, 'file')}" if files else "nothing found"
        return f"{self.place}: {_many(pictures, 'picture')}, {_many(objects, 'object')}; {findings}"

    def __repr__(self) -> str:
        return f"SetCheck({self.summary()})"

    def as_dict(self) -> dict[str, Any]:
        """Return everything, fit for JSON."""
        keys = ("kind", "file", "where", "reason", "fix")
        rows = [(f.kind.value, str(f.file), f.where, f.reason, f.kind.fix) for f in self.findings]
        return {
            "data": str(self.place),
            "counts": self.counts(),
            "findings": [dict(zip(keys, row, strict=True)) for row in rows],
            "figures": self.figures,
        }


def check(
    data: str | Path,
    *,
    format: str = "yolo",
    names: Sequence[str] = (),
    max_pixels: int = MAX_PIXELS,
    fix: str | Path | None = None,
) -> SetCheck:
    """Look at every picture and label of a data set and say what is wrong, where, and what to do.

    Args:
        data: Data YAML of a YOLO set, its path or the name of a packaged one; with another format a folder.
        format: Of the labels: ``yolo``, or one of `lidd_yolo.data.checks.label_files.FORMATS`.
        names: Classes that may occur, with a format other than ``yolo``; for masks in the order of their values.
        max_pixels: Largest number of pixels of a picture; larger ones are not decoded.
        fix: Folder to make, with a repaired copy of a YOLO set; the original is never changed.

    Raises:
        InputError: If the data set is not there or cannot be read at all, or the options do not go together.
    """
    try:
        if max_pixels < 1:
            raise InputError(f"--max-pixels must be 1 or more, got {max_pixels}")
        if format == "yolo":
            return _check_yolo(data, names, max_pixels, fix)
        if format not in FORMATS:
            raise InputError(f"format {format!r} is none of yolo, {', '.join(FORMATS)}")
        if fix is not None:
            raise InputError("--fix repairs YOLO sets; `lidd data convert` makes one, without what cannot be used")
        return check_folder(Path(data), format, names, max_pixels=max_pixels)
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        raise InputError(str(error)) from error


def _check_yolo(data: str | Path, names: Sequence[str], max_pixels: int, fix: str | Path | None) -> SetCheck:
    if names:
        raise InputError("--names goes with --format; a YOLO set has its classes in the data YAML")
    if Path(data).is_dir():
        raise InputError(f"{data} is a folder: give its data YAML, or say --format {' or '.join(FORMATS)}")
    yolo = read_yolo_set(data)
    if fix is None:
        return check_yolo_set(yolo, max_pixels=max_pixels)
    check_new(Path(fix))  # before the check, which may take a while
    done = check_yolo_set(yolo, max_pixels=max_pixels)
    return replace(done, copy=Path(fix), left_out=repair_set(yolo, done.pairs, done.as_dict(), Path(fix)))


def check_yolo_set(data: YoloSet, *, max_pixels: int = MAX_PIXELS) -> SetCheck:
    """Check a YOLO set, see `check`.

    Raises:
        ValueError: If its labels are of key points, whose columns are not known here.
    """
    if data.content.get("kpt_shape"):
        raise ValueError(f"{data.file}: kpt_shape: labels with key points cannot be checked yet")

    def check_label(file: Path, picture: PictureFacts | None) -> Reading:
        return check_yolo_labels(file, data.names, picture.size if picture is not None else None)

    pairs, problems = yolo_pairs(data)
    checked = _checked(pairs, check_label, max_pixels, data.channels)
    problems += untrained_classes(checked, data.names, data.file)
    problems += _wrong_in_yaml(data)
    return _finished(data.file, checked, problems, data.names)


def _wrong_in_yaml(data: YoloSet) -> Iterator[Problem]:
    """Yield class names used twice, and the splits that training cannot do without, if they have no picture."""
    for one, other in shared_names(data.names):
        reason = f"{data.names[one]!r} is class {one} already"
        yield Problem(data.file, Kind.NAME_TWICE, reason, place=Place("class", other))
    for split in ("train", "val"):
        if split not in data.pictures:
            reason = f"it does not say where {split} is, and training needs both, train and val"
            yield Problem(data.file, Kind.SPLIT_MISSING, reason, place=Place(f"{split}:"))
    for split, pictures in data.pictures.items():
        if not pictures:
            reason = f"there is no picture in {', '.join(map(str, data.places[split]))}"
            yield Problem(data.file, Kind.SPLIT_MISSING, reason, place=Place(f"{split}:"))


def check_folder(source: Path, kind: str, class_names: Sequence[str] = (), *, max_pixels: int = MAX_PIXELS) -> SetCheck:
    """Check a folder of pictures and annotations of another format, see `check` and `open_folder`."""
    pairs, check_label, problems = open_folder(source, kind, class_names)
    checked = _checked(pairs, check_label, max_pixels)
    return _finished(source, checked, [*problems, *repeated_names(checked, source)], class_names)


def _checked(pairs: Sequence[Pair], check_label: Check, max_pixels: int, channels: int = 3) -> tuple[Pair, ...]:
    workers = min(os.cpu_count() or 1, 8)
    checked = check_pairs(pairs, check_label, max_pixels=max_pixels, workers=workers, channels=channels)
    return tuple(progress(checked, len(pairs), "checking"))


def _finished(
    place: Path, pairs: tuple[Pair, ...], problems: Sequence[Problem], class_names: Sequence[str]
) -> SetCheck:
    """Return the whole result, findings in order."""
    findings = [*problems, *(problem for pair in pairs for problem in pair.problems)]
    findings += [*repeated_pictures(pairs), *unannounced_classes(pairs)]
    order = {kind: number for number, kind in enumerate(Kind)}
    findings.sort(key=lambda finding: (order[finding.kind], finding.file))  # stable: lines stay in order
    return SetCheck(place, pairs, tuple(findings), set_figures(pairs, class_names))


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
