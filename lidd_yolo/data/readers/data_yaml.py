"""A YOLO data set on disk: its data YAML read, its pictures listed, the label file of each.

Layout: Ultralytics, "Object Detection Datasets Overview". Differs from Ultralytics' reader: nothing is downloaded or
written, nothing heavy is imported, and what is wrong is said with the file it is wrong in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.data.readers.missing import explain_packaged
from lidd_yolo.paths import cfg_dir, datasets_dir, find_cfg

SPLITS = ("train", "val", "test")
PICTURES = frozenset(
    {".avif", ".bmp", ".dng", ".heic", ".jp2", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
)
"""File endings that Ultralytics takes for pictures."""


@dataclass(frozen=True)
class YoloSet:
    """One data set: its data YAML, the folder that its places are relative to, and what the YAML says.

    Only splits that it names have pictures, in order of their paths.
    """

    file: Path
    root: Path
    names: tuple[str, ...]
    pictures: Mapping[str, tuple[Path, ...]]
    content: Mapping[str, Any]


def read_yolo_set(file: str | Path) -> YoloSet:
    """Read a data YAML, its path or the name of a packaged one, and list the pictures of its splits.

    Raises:
        FileNotFoundError: If the YAML or a place that it names does not exist; of a packaged YAML, how to make it.
        ValueError: If the YAML is damaged or lacks what a data set needs; names the file and the reason.
    """
    path = _find(file)
    content = _content(path)
    root = _root(path, content)
    if not root.is_dir():
        if path.parent == cfg_dir() / "datasets":
            explain_packaged(path.stem, root)
        raise FileNotFoundError(f"{path}: path: {root} does not exist; make the data set first, or correct path:")
    named = {split: content[split] for split in SPLITS if content.get(split)}
    if not named:
        raise ValueError(f"{path}: none of {', '.join(SPLITS)} says where pictures are")
    pictures = {split: tuple(_pictures(path, root, split, places)) for split, places in named.items()}
    return YoloSet(path, root, _names(path, content.get("names")), pictures, content)


def read_class_names(file: str | Path) -> tuple[str, ...]:
    """Return the class names of a data YAML, whether its pictures are there or not; errors as `read_yolo_set`."""
    path = _find(file)
    return _names(path, _content(path).get("names"))


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
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"{file}{line}: no valid YAML ({error.problem})") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: not a text file in UTF-8") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file}: a data YAML holds keys and values: path, train, val, names")
    return content


def _root(file: Path, content: Mapping[str, Any]) -> Path:
    """Return the data set's folder, found as Ultralytics finds it: a relative path lies here or in its datasets_dir.

    Differs from it: what is at neither place is looked for beside the YAML.
    """
    if not content.get("path"):
        return file.parent.resolve()
    path = Path(str(content["path"]))
    if path.is_absolute():
        return path
    below = datasets_dir() / path
    places = (path, below, file.parent / path)
    return next((place for place in places if place.is_dir()), below).resolve()


def _names(file: Path, names: Any) -> tuple[str, ...]:
    """Return the class names; a mapping must count from 0."""
    if isinstance(names, Mapping):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise ValueError(f"{file}: names: must be numbered 0 to {len(names) - 1} without gaps")
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise ValueError(f"{file}: names: must list the classes")
    return tuple(map(str, names))


def _pictures(file: Path, root: Path, split: str, places: Any) -> Iterator[Path]:
    """Yield the pictures of one split: folders are searched, text files list one picture in each line."""
    pictures: set[Path] = set()
    for word in places if isinstance(places, list) else [places]:
        place = root / str(word)
        if place.is_dir():
            pictures |= {path for path in place.rglob("*") if path.suffix.lower() in PICTURES}
        elif place.is_file():
            lines = (line.strip() for line in place.read_text(encoding="utf-8").splitlines())
            pictures |= {(place.parent / line if line.startswith("./") else Path(line)) for line in lines if line}
        else:
            raise FileNotFoundError(f"{file}: {split}: {place} does not exist")
    yield from sorted(pictures)
