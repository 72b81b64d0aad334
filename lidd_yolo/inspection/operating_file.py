"""``operating.yaml``: the operating point as a file that travels with the weights; read without torch.

The keys are the fields of `OperatingFile`. A file is read whole or refused: with one line that names file and key.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from lidd_yolo.data.tiles import read_tiling
from lidd_yolo.errors import InputError
from lidd_yolo.export.certificate import CarriedPoint
from lidd_yolo.files import sha256, write_beside
from lidd_yolo.inspection.operating_point import Criterion, LeastCost, MaxFalseAlarms, MinRecall
from lidd_yolo.inspection.pictures import MatchRule
from lidd_yolo.yaml_text import PlainLoader, parse_yaml

OPERATING_FILE = "operating.yaml"
FORMAT = 1
"""Version of the file."""

_CRITERIA: Mapping[str, type[Any]] = {"max_false_alarms": MaxFalseAlarms, "cost": LeastCost, "min_recall": MinRecall}
T = TypeVar("T")


@dataclass(frozen=True)
class PromisedFigure:
    """A share that was measured at the thresholds, of one unit at least: there is no figure of nothing.

    Args:
        name: What is counted, such as ``missed defects``.
        split: Part of the data set it was measured on.
        value: The share, 0 to 1.
        low: Lower end of its 95 % interval.
        high: Upper end.
        events: Units with an event.
        total: All units.
        groups: Independent groups of them.
        class_name: The class; empty for all together.
    """

    name: str
    split: str
    value: float
    low: float
    high: float
    events: int
    total: int
    groups: int
    class_name: str = ""


@dataclass(frozen=True)
class OperatingFile:
    """Content of an ``operating.yaml``.

    Args:
        weights: File name of the weights.
        weights_sha256: Hash of their file.
        data: Name of the data set.
        data_sha256: Hash of the data set that the thresholds were chosen on.
        classes: Names in the order of the network's numbers, all different.
        thresholds: Threshold of each class by name, 0 to 1; detections above it count.
        criterion: What they were chosen by.
        match: When a detection has found a defect.
        imgsz: Side of the network's input in pixels.
        tile: Tiles in which the network saw the pictures, ``SIDE:OVERLAP`` in pixels; empty for whole pictures, as are
            files without this key.
        figures: What was measured at them.
        lidd_yolo: Version of the package that wrote the file.
        format: Version of the file.

    Raises:
        InputError: If class names repeat, a class has no threshold or one that is not between 0 and 1, or the tiles
            cannot be read.
    """

    weights: str
    weights_sha256: str
    data: str
    data_sha256: str
    classes: Sequence[str]
    thresholds: Mapping[str, float]
    criterion: Criterion
    match: MatchRule
    imgsz: int
    tile: str = field(default="", kw_only=True)
    figures: Sequence[PromisedFigure]
    lidd_yolo: str
    format: int = FORMAT

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes):
            raise InputError(f"classes: a name is there twice: {', '.join(self.classes)}")
        if self.tile:
            read_tiling(self.tile)
        for name in self.classes:
            if name not in self.thresholds:
                raise InputError(f"thresholds: no threshold for class {name}")
        for name, threshold in self.thresholds.items():
            if name not in self.classes:
                raise InputError(f"thresholds: no class is called {name}")
            if not 0 <= threshold <= 1:
                raise InputError(f"thresholds: that of {name} has to lie between 0 and 1, not {threshold}")

    def write(self, file: Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: If it cannot be written.
        """
        text = yaml.safe_dump(self.content(), sort_keys=False, allow_unicode=True)
        with write_beside(file) as beside:
            beside.write_text(text, encoding="utf-8")

    def content(self) -> dict[str, Any]:
        """Return what the file holds, as plain values."""
        name = next(name for name, kind in _CRITERIA.items() if isinstance(self.criterion, kind))
        return {
            **{field.name: getattr(self, field.name) for field in reversed(fields(self))},
            "classes": list(self.classes),
            "thresholds": {key: float(value) for key, value in self.thresholds.items()},
            "criterion": {name: asdict(self.criterion)},
            "match": asdict(self.match),
            "figures": [asdict(figure) for figure in self.figures],
        }


def weights_sha256(weights: Path) -> str:
    """Return the hash of a file of weights; of an exported folder, that of the hashes of its files by name."""
    if not weights.is_dir():
        return sha256(weights)
    files = sorted(file for file in weights.rglob("*") if file.is_file())
    lines = "".join(f"{file.relative_to(weights).as_posix()} {sha256(file)}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def read_operating(file: Path, weights: Path | None = None, exported_from: str = "") -> OperatingFile:
    """Read an ``operating.yaml``.

    Args:
        file: The file.
        weights: File of the weights that it is to be used with; None leaves open whether it was made for them.
        exported_from: Hash of the weights that those were exported from, as the operating point in them says.

    Raises:
        InputError: If the file cannot be read, a key is unknown, missing, there twice or of a wrong kind, or the
            weights are others; one line with file and key.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: {error}") from error
    content = parse_yaml(text, file, _Loader)
    try:
        operating = _operating(content)
        made_for = operating.weights_sha256
        if weights is not None and made_for not in {exported_from, found := weights_sha256(weights)}:
            others = f"not for {weights} ({found[:12]}...)"
            raise InputError(f"weights_sha256: made for {operating.weights} ({made_for[:12]}...), {others}")
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: {' '.join(str(error).split())}") from error
    return operating


def carried_point(file: Path) -> CarriedPoint:
    """Return what exported files are to carry of an ``operating.yaml``.

    Raises:
        InputError: As `read_operating`.
    """
    point = read_operating(file)
    return CarriedPoint(file.name, sha256(file), point.weights_sha256, point.imgsz, dict(point.thresholds), point.tile)


def read_carried(text: Any) -> CarriedPoint:
    """Return the operating point in the metadata of an exported file.

    Raises:
        InputError: If a key is unknown, missing or of a wrong kind; one line with the key.
    """
    try:
        content = json.loads(_of_kind(text, str, "operating"))
    except json.JSONDecodeError as error:
        raise InputError(f"operating: no JSON: {error}") from error
    thresholds = _of_kind(_of_kind(content, dict, "operating").get("thresholds"), dict, "thresholds")
    checked = {name: _number(value, f"thresholds.{name}") for name, value in thresholds.items()}
    return _made(CarriedPoint, {"tile": "", **content, "thresholds": checked}, "")


class _Loader(PlainLoader):
    """Refuses a key that is there twice, of which YAML would take the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise InputError(f"{key}: there twice")
        return super().construct_mapping(node, deep=deep)


def _operating(content: Any) -> OperatingFile:
    version = content.get("format") if isinstance(content, dict) else None
    if version != FORMAT:
        raise InputError(f"format: has to be {FORMAT}, not {version!r}")
    classes = _of_kind(content.get("classes"), list, "classes")
    thresholds = _of_kind(content.get("thresholds"), dict, "thresholds")
    criterion = _of_kind(content.get("criterion"), dict, "criterion")
    if len(criterion) != 1 or next(iter(criterion)) not in _CRITERIA:
        raise InputError(f"criterion: has to be one of {', '.join(_CRITERIA)}")
    name, values = next(iter(criterion.items()))
    return _made(
        OperatingFile,
        {
            "tile": "",
            **content,
            "classes": [_of_kind(entry, str, "classes") for entry in classes],
            "thresholds": {key: _number(value, f"thresholds.{key}") for key, value in thresholds.items()},
            "criterion": _made(_CRITERIA[name], values, f"criterion.{name}"),
            "match": _made(MatchRule, content.get("match"), "match"),
            "figures": [
                _made(PromisedFigure, figure, f"figures.{number}")
                for number, figure in enumerate(_of_kind(content.get("figures"), list, "figures"))
            ],
        },
        "",
    )


def _made(kind: type[T], values: Any, where: str) -> T:
    """Return a dataclass of a mapping that has its keys, all of them and no others; plain ones are looked at."""
    prefix = f"{where}." if where else ""
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key in _of_kind(values, dict, where):
        if key not in known:
            raise InputError(f"{prefix}{key}: unknown key; known: {', '.join(known)}")
    checked = {}
    for key, entry in known.items():
        if key not in values:
            raise InputError(f"{prefix}{key}: missing")
        plain = {"float": float, "int": int, "str": str}.get(str(entry.type))
        checked[key] = values[key] if plain is None else _of_kind(values[key], plain, prefix + key)
    try:
        return kind(**checked)
    except InputError as error:
        raise InputError(f"{prefix}{error}") from error


def _of_kind(value: Any, kind: type[T], key: str) -> T:
    if kind is float:
        return _number(value, key)  # type: ignore[return-value]
    if not isinstance(value, kind) or isinstance(value, bool):
        words = {str: "a text", int: "a whole number", list: "a list", dict: "a mapping"}
        raise InputError(f"{key or 'the file'}: has to be {words[kind]}, not {value!r}")
    return value


def _number(value: Any, key: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise InputError(f"{key}: has to be a number, not {value!r}")
    return float(value)
