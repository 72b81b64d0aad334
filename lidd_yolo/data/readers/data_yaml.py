"""A YOLO data set on disk: its data YAML read, its pictures listed, the label file of each, all as training does.

Layout: Ultralytics, "Object Detection Datasets Overview", and what its ``check_det_dataset`` and ``YOLODataset`` make
of it: links are followed before labels are looked for, ``../train`` may mean ``train``, hidden files and endings of no
picture are passed over. Differs from them: nothing is downloaded or written, nothing heavy is imported, a picture that
is listed twice counts once, one of ``train`` and ``val`` may be missing, and what is wrong is said with its file.
"""

from __future__ import annotations

import glob
import os
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yaml.reader import Reader

from lidd_yolo.data.labels.annotation import Place
from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.readers.missing import explain_packaged
from lidd_yolo.paths import cfg_dir, datasets_dir, find_cfg
from lidd_yolo.yaml_text import parse_yaml

SPLITS = ("train", "val", "test")
PICTURES = frozenset(
    {".avif", ".bmp", ".dng", ".heic", ".heif", ".jp2", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
)
"""File endings that Ultralytics takes for pictures."""
NO_PICTURES = frozenset(
    {".gif", ".jfif", ".jpe", ".pgm", ".ppm", ".pbm", ".pnm", ".tga", ".j2k", ".j2c", ".exr", ".hdr", ".ico", ".svg"}
)
"""Endings of pictures that it passes over."""


@dataclass(frozen=True)
class YoloSet:
    """One data set: its data YAML, the folder that its places are relative to, and what the YAML says.

    Only splits that it names have pictures, in order of their paths, and the folders and lists that they are from.
    ``problems`` are what training passes over without a word, ``channels`` those of its pictures.
    """

    file: Path
    root: Path
    names: tuple[str, ...]
    pictures: Mapping[str, tuple[Path, ...]]
    content: Mapping[str, Any]
    places: Mapping[str, tuple[Path, ...]]
    problems: tuple[Problem, ...] = ()
    channels: int = 3


def read_yolo_set(file: str | Path) -> YoloSet:
    """Read a data YAML, its path or the name of a packaged one, and list the pictures of its splits.

    Raises:
        FileNotFoundError: If the YAML or a place that it names does not exist; of a packaged YAML, how to make it. A
            test split that is not there is a problem of the set, as training needs none.
        ValueError: If the YAML is damaged or lacks what a data set needs; names the file and the reason.
    """
    path = _find(file)
    content = _content(path)
    root = _root(path, content)
    places = {split: _places(path, root, split, content[split]) for split in SPLITS if content.get(split)}
    missing = {split: place for split, of_split in places.items() for place in of_split if not place.exists()}
    if missing and not root.is_dir():
        _explain_root(path, root, content)
    for split, place in missing.items():
        if split != "test" or len(places) == 1:
            raise FileNotFoundError(f"{path}: {split}: {place} does not exist")
    problems: list[Problem] = []
    if "test" in missing:
        reason = f"{missing['test']} does not exist; training never asks, `split=test` does"
        problems.append(Problem(path, Kind.SPLIT_MISSING, reason, "test left out", Place("test:")))
        del places["test"]
    if not places:
        raise ValueError(f"{path}: none of {', '.join(SPLITS)} says where pictures are")
    names = _names(path, content)
    channels = content.get("channels", 3)
    if type(channels) is not int or channels < 1:
        raise ValueError(
            f"{path}: channels: {channels!r} is no number of channels; write 1, 3 or what the pictures have"
        )
    pictures: dict[str, tuple[Path, ...]] = {}
    for split, of_split in places.items():
        found = [entry for place in of_split for entry in _entries(place)]
        pictures[split] = tuple(sorted({picture for picture, passed in found if passed is None}))
        problems += dict.fromkeys(passed for _, passed in found if passed is not None)
    return YoloSet(path, root, names, pictures, content, places, tuple(problems), channels)


def read_class_names(file: str | Path) -> tuple[str, ...]:
    """Return the class names of a data YAML, whether its pictures are there or not; errors as `read_yolo_set`."""
    path = _find(file)
    return _names(path, _content(path))


def check_own_names(data: YoloSet) -> None:
    """Refuse classes of one name, for work that tells classes apart by their names.

    Raises:
        ValueError: If a name stands twice; names both numbers.
    """
    for one, other in shared_names(data.names):
        reason = f"names: {one} and {other} are both {data.names[one]!r}"
        raise ValueError(f"{data.file}: {reason}; give every class a name of its own")


def shared_names(names: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return every class number whose name stood before, as first number and this one."""
    return [(names.index(name), number) for number, name in enumerate(names) if names.index(name) < number]


def label_file(picture: Path) -> Path:
    """Return where Ultralytics looks for a picture's labels: the last ``images`` folder becomes ``labels``."""
    head, match, tail = str(picture).rpartition(f"{os.sep}images{os.sep}")
    return Path(f"{head}{os.sep}labels{os.sep}{tail}" if match else picture).with_suffix(".txt")


def _find(file: str | Path) -> Path:
    path = Path(file) if Path(file).is_file() else find_cfg(str(file), "datasets")
    if path is None and Path(file).is_dir():
        raise FileNotFoundError(f"{file} is a folder: give its data YAML, or make one with `lidd data convert`")
    if path is None:
        raise FileNotFoundError(f"{file}: no such data YAML here or in this package")
    return path


def _content(file: Path) -> dict[str, Any]:
    """Return what a data YAML says; as in training, characters that are no text do not count."""
    if file.suffix.lower() not in {".yaml", ".yml"}:
        raise ValueError(f"{file}: a data YAML is called .yaml or .yml, or training does not read it; rename it")
    text = file.read_text(encoding="utf-8", errors="ignore")
    content = parse_yaml(Reader.NON_PRINTABLE.sub("", text), file)
    if not isinstance(content, dict):
        raise ValueError(f"{file}: a data YAML holds keys and values: path, train, val, names")
    content = {key: None if value == "None" else value for key, value in content.items()}
    if "val" not in content and "validation" in content:
        content["val"] = content.pop("validation")
    return content


def _root(file: Path, content: Mapping[str, Any]) -> Path:
    """Return the data set's folder: a relative ``path:`` lies here or in Ultralytics' datasets_dir."""
    stated = content.get("path")
    if not stated:
        return file.parent.resolve()
    if not isinstance(stated, str):
        raise ValueError(f"{file}: path: must be a text, not {reprlib.repr(stated)}")
    path = Path(stated)
    if path.is_absolute():
        return path
    return (path if path.exists() else datasets_dir() / path).resolve()


def _explain_root(file: Path, root: Path, content: Mapping[str, Any]) -> None:
    """Refuse a data set whose folder is not there."""
    if file.parent == cfg_dir() / "datasets":
        explain_packaged(file.stem, root)
    beside = file.parent / str(content["path"])
    way_out = "make the data set first, or correct path:"
    if beside.is_dir():
        way_out = f"training does not look beside the YAML: write path: {beside.resolve()}"
    raise FileNotFoundError(f"{file}: path: {root} does not exist; {way_out}")


def _places(file: Path, root: Path, split: str, stated: Any) -> tuple[Path, ...]:
    """Return the folders and lists of a split, links followed, whether they are there or not."""
    if isinstance(stated, str):
        place = (root / stated).resolve()
        if not place.exists() and stated.startswith("../"):
            place = (root / stated[3:]).resolve()
        return (place,)
    if not isinstance(stated, list) or not all(isinstance(word, str) for word in stated):
        raise ValueError(
            f"{file}: {split}: must be a folder, a text file or a list of these, not {reprlib.repr(stated)}"
        )
    return tuple((root / word).resolve() for word in stated)


def _names(file: Path, content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the class names; a mapping must count from 0, and ``nc`` alone numbers the classes."""
    names = content.get("names")
    count = _count(file, content["nc"]) if "nc" in content else None
    if names is None and count is not None:
        names = [f"class_{number}" for number in range(count)]
    if isinstance(names, Mapping):
        try:
            numbered = {int(number): name for number, name in names.items()}
        except (TypeError, ValueError):
            numbered = {}
        if sorted(numbered) != list(range(len(names))):
            raise ValueError(f"{file}: names: must be numbered 0 to {len(names) - 1} without gaps")
        names = [numbered[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise ValueError(f"{file}: names: must list the classes")
    if count is not None and count != len(names):
        raise ValueError(f"{file}: names: lists {len(names)} classes, nc: says {count}; correct one of them")
    return tuple(map(str, names))


def _count(file: Path, stated: Any) -> int:
    try:
        count = int(float(stated))
        if count == float(stated):
            return count
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{file}: nc: {reprlib.repr(stated)} is no whole number; correct it, or leave it out")


def _entries(place: Path) -> Iterator[tuple[Path, Problem | None]]:
    """Yield the pictures of a folder or a list; an entry that training passes over with the problem that says so."""
    if place.is_dir():
        pattern = str(Path(glob.escape(str(place))) / "**" / "*.*")
        for name in glob.iglob(pattern, recursive=True):  # noqa: PTH207 - it follows links to folders, as training does
            path = Path(name)
            if path.suffix.lower() in PICTURES:
                yield path, None
            elif path.suffix.lower() in NO_PICTURES:
                yield path, _passed_over(path, f"training takes no {path.suffix} for a picture")
        return
    try:
        text = place.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: no list of pictures in UTF-8; name a folder, or save it as UTF-8") from error
    first = text[: len(text) - len(text.lstrip())].count("\n") + 1
    for number, line in enumerate(text.strip().splitlines(), start=first):
        path = place.parent / line if line.startswith("./") else Path(line)
        if path.suffix.lower() in PICTURES and "\0" not in line:
            yield path, None
        elif line.strip():
            blank = ", for the blank after it" if Path(line.strip()).suffix.lower() in PICTURES else ""
            reason = f"training does not take {line[:100]!r} for a picture{blank}"
            yield path, _passed_over(place, reason, Place("line", number))


def _passed_over(file: Path, reason: str, place: Place | None = None) -> Problem:
    return Problem(file, Kind.PICTURE_PASSED_OVER, reason, "left out, as in training", place or Place())
