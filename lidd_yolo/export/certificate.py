"""The parity certificate: one JSON file beside the weights, written, read, checked and put into words here.

A format that is certified later joins those certified before. The types of entries below are the keys of the file;
older files and other makes may lack some. Nothing here loads torch: certificates are read where nothing is exported.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from math import isfinite
from pathlib import Path
from typing import Any, Literal, TypedDict

from lidd_yolo.errors import InputError
from lidd_yolo.export.formats import Limits
from lidd_yolo.files import sha256, write_beside
from lidd_yolo.optional import package_version

AS_CERTIFIED, CHANGED, ELSEWHERE = "as certified", "changed since", "not beside the certificate"

Side = Literal["to_folded", "to_trained"]
SIDES: tuple[tuple[Side, str], ...] = (("to_folded", "raw"), ("to_trained", "raw_to_trained"))
"""The two networks that an output is compared with, and the name of each limit."""
RecallKey = Literal["recall", "mask_recall"]
RECALLS: tuple[tuple[RecallKey, str], ...] = (("recall", "recall"), ("mask_recall", "recall by masks"))

CARRIED = "operating"
"""Key in the metadata of an exported file."""

_NEEDED = {"weights": ("file", "sha256"), "fold": ("passed",), "formats": ()}
_PACKAGES = (
    *("lidd-yolo", "ultralytics", "torch", "numpy", "onnx", "onnxruntime", "onnxslim", "openvino", "ncnn", "pnnx"),
    "nncf",
)


@dataclass(frozen=True)
class CarriedPoint:
    """The operating point that an exported file carries: in its metadata as JSON, under the key `CARRIED`.

    Args:
        file: Name of the ``operating.yaml``.
        sha256: Its hash.
        weights_sha256: Hash of the weights that it was chosen for, from which the file was exported.
        imgsz: Side of the input in pixels that it was chosen at.
        thresholds: Threshold of each class by name, 0 to 1; detections above it count.
        tile: Tiles that they were chosen in, ``SIDE:OVERLAP`` in pixels; empty for whole pictures.

    Raises:
        InputError: If a threshold is not between 0 and 1.
    """

    file: str
    sha256: str
    weights_sha256: str
    imgsz: int
    thresholds: Mapping[str, float]
    tile: str = ""

    def __post_init__(self) -> None:
        for name, threshold in self.thresholds.items():
            if not 0 <= threshold <= 1:
                raise InputError(f"thresholds: that of {name} has to lie between 0 and 1, not {threshold}")

    def __str__(self) -> str:
        """Return for example ``thresholds of operating.yaml, for tiles of 640:128: scratch 0.41, pit 0.3``."""
        each = ", ".join(f"{name} {value:g}" for name, value in self.thresholds.items())
        return f"thresholds of {self.file}{self.tile and f', for tiles of {self.tile}'}: {each}"


class DifferenceEntry(TypedDict, total=False):
    """Largest difference of an output as a share of its size, None where there is no bound; the worst has its case."""

    case: str
    difference: float | None
    output: str
    picture: str


@dataclass(frozen=True)
class Agreement:
    """How well the detections of two forms agree, in one picture or several.

    Args:
        matched: Pairs of detections.
        unmatched: Detections above the confidence, of either form, without a partner.
        swapped: Pairs of which NMS kept another anchor point; they do not count for what follows.
        box_iou: Smallest IoU of a pair's boxes.
        mask_iou: Smallest IoU of a pair's masks; 1 without masks.
        score: Largest difference of a pair's scores.
        picture: Where detections agree least.
    """

    matched: int = 0
    unmatched: int = 0
    swapped: int = 0
    box_iou: float = 1.0
    mask_iou: float = 1.0
    score: float = 0.0
    picture: str = ""

    @classmethod
    def of_all(cls, parts: Iterable[Agreement]) -> Agreement:
        """Return the worst of several, counts added; the picture is that of the smallest IoU of boxes."""
        each = list(parts) or [cls()]
        return cls(
            sum(a.matched for a in each),
            sum(a.unmatched for a in each),
            sum(a.swapped for a in each),
            min(a.box_iou for a in each),
            min(a.mask_iou for a in each),
            max(a.score for a in each),
            min(each, key=lambda a: a.box_iou).picture,
        )

    @classmethod
    def of_cases(cls, cases: Iterable[CaseEntry]) -> Agreement:
        """Return the worst of the cases of a certificate."""
        return cls.of_all(cls(**{f.name: case["final"][f.name] for f in fields(cls)}) for case in cases)

    def beyond(self, limits: Limits) -> str:
        """Return how detections are out of tolerance, or an empty string."""
        wrong = []
        if self.unmatched > limits.unmatched * self.matched:
            wrong.append(f"{self.unmatched} detections without a counterpart, {self.matched} with one")
        if self.box_iou < limits.box_iou:
            wrong.append(f"boxes agree by an IoU of {self.box_iou:.3f} only, limit {limits.box_iou}")
        if self.mask_iou < limits.mask_iou:
            wrong.append(f"masks agree by an IoU of {self.mask_iou:.3f} only, limit {limits.mask_iou}")
        if self.score > limits.score:
            wrong.append(f"scores differ by {self.score:.3f}, limit {limits.score}")
        return "; ".join(wrong)


class CaseEntry(TypedDict):
    """One comparison at one input shape; ``final`` has the keys of `Agreement`."""

    case: str
    to_folded: DifferenceEntry
    to_trained: DifferenceEntry
    final: dict[str, Any]


class DataEntry(TypedDict):
    """Pictures whose outputs were compared, by name."""

    file: str
    split: str
    pictures: list[str]


class ContextEntry(TypedDict, total=False):
    """What a comparison rests on; ``operating`` has the fields of `CarriedPoint`, where the files carry one."""

    data: DataEntry
    confidence: float
    operating: dict[str, Any]
    date: str
    machine: str
    system: str
    python: str
    versions: dict[str, str]


class FormatEntry(ContextEntry, total=False):
    """One exported format; calibration, recall and what stayed in float belong to int8."""

    passed: bool
    failures: list[str]
    first_layer: str
    precision: str
    delivered: str
    limits: dict[str, float]
    worst: dict[Side, DifferenceEntry]
    map50_95: dict[str, float] | None
    map50_95_difference: float
    cases: list[CaseEntry]
    not_compared: list[str]
    notes: list[str]
    calibration: dict[str, Any]
    keep_float: list[str]
    recall: dict[str, list[float]]
    mask_recall: dict[str, list[float]]
    sensitivity: dict[str, Any] | None
    files: dict[str, str]


class FoldEntry(CaseEntry, ContextEntry, total=False):
    """The folded network beside the trained one; mAP50-95 of both."""

    passed: bool
    limit: float
    first_layer: str
    map50_95: dict[str, dict[str, float]]


class WeightsEntry(TypedDict, total=False):
    """The checkpoint, and the size of the input at its training."""

    file: str
    sha256: str
    network: str
    task: str
    trained_at: int


@dataclass(frozen=True)
class Certificate:
    """What ``best.parity.json`` says; formats are called ``onnx`` or ``onnx-int8``."""

    weights: WeightsEntry
    fold: FoldEntry
    formats: Mapping[str, FormatEntry]

    @classmethod
    def of(cls, content: Any) -> Certificate:
        """Return the certificate that JSON holds; a ValueError says what is wrong with it."""
        if not isinstance(content, dict):
            raise ValueError("it holds no object")
        for part, keys in _NEEDED.items():
            if not isinstance(content.get(part), dict):
                raise ValueError(f"'{part}' is missing")
            if missing := [key for key in keys if key not in content[part]]:
                raise ValueError(f"'{part}' has no '{missing[0]}'")
        formats = content["formats"]
        if bad := [name for name, entry in formats.items() if not isinstance(entry, dict) or "passed" not in entry]:
            raise ValueError(f"'{bad[0]}' of its formats does not say whether it passed")
        return cls(content["weights"], content["fold"], formats)

    @classmethod
    def read(cls, file: Path) -> Certificate:
        """Read a certificate; an InputError names the file and what is wrong with it."""
        try:
            return cls.of(json.loads(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise InputError(f"{file}: {error.strerror or error}") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: no JSON: {error}") from error
        except ValueError as error:
            raise InputError(f"{file}: no certificate of lidd export: {error}") from error

    @property
    def passed(self) -> bool:
        """Whether folding and every format passed."""
        return bool(self.fold["passed"] and all(entry["passed"] for entry in self.formats.values()))

    def as_dict(self) -> dict[str, Any]:
        """Return the certificate as JSON can hold it: a difference without bound is None."""
        return {"passed": self.passed, **_finite(asdict(self))}

    def write(self, file: Path) -> None:
        """Write the certificate in one step."""
        with write_beside(file) as beside:
            beside.write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")

    def joined_with(self, file: Path) -> Certificate:
        """Return the certificate with what an earlier file, if any, says of the same weights and what still holds."""
        try:
            earlier = Certificate.read(file)
            same = self.fold["passed"] and earlier.weights["sha256"] == self.weights["sha256"]
            kept = {k: v for k, v in earlier.formats.items() if same and v["passed"] and _holds(v, file.parent)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = {}
        return Certificate(self.weights, self.fold, {**kept, **self.formats})

    def file_states(self, folder: Path) -> list[tuple[str, str, str]]:
        """Return each file, its SHA-256, and whether that in a folder is `AS_CERTIFIED`, `CHANGED` or `ELSEWHERE`."""
        files = [(self.weights["file"], self.weights["sha256"])]
        for entry in self.formats.values():
            files += (entry.get("files") or {}).items()
        return [(name, digest, _state(folder / name, digest)) for name, digest in files]

    def summary(self, names: Sequence[str], placed: Mapping[str, Path]) -> str:
        """Return a few lines about some formats for the terminal; ``placed`` says where the file of each lies."""
        texts = {"folding": _fold_lines(self.fold)}
        for name in names:
            if name in self.formats:
                texts[name] = _format_lines(self.formats[name], placed.get(name), self.fold)
        lines = []
        for name, (first, *rest) in texts.items():
            lines += [f"{name + ' ':12s}{first}", *(f"{'':12s}{line}" for line in rest)]
        return "\n".join(lines)


def certificate_file(weights: Path) -> Path:
    """Return where the certificate of a checkpoint lies."""
    return weights.with_name(f"{weights.stem}.parity.json")


def fold_failure(fold: FoldEntry) -> str:
    """Return in words what a failed folding is."""
    first = fold.get("first_layer") or "no single layer"
    return f"the folded network departs from the trained one; first layer that differs: {first}"


def file_hashes(path: Path) -> dict[str, str]:
    """Return the SHA-256 of a file, or of each file in a folder, by its place beside the weights."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return {f.relative_to(path.parent).as_posix(): sha256(f) for f in files}


def surroundings() -> ContextEntry:
    """Return the date, the machine and the versions of everything that takes part."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version for name in _PACKAGES if (version := package_version(name))},
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _holds(entry: FormatEntry, folder: Path) -> bool:
    places = {folder / name.split("/")[0] for name in entry["files"]}
    return all(place.exists() for place in places) and entry["files"] == {
        name: digest for place in places for name, digest in file_hashes(place).items()
    }


def _state(path: Path, digest: str) -> str:
    if not path.is_file():
        return ELSEWHERE
    return AS_CERTIFIED if sha256(path) == digest else CHANGED


def _fold_lines(fold: FoldEntry) -> Iterator[str]:
    raw = fold["to_trained"]
    how = f"outputs differ by {raw['difference']:.1e} of their size, limit {fold['limit']:.0e} ({_where(raw)})"
    if fold["passed"]:
        yield f"passed: {how}"
        return
    yield f"FAILED: {fold_failure(fold)}"
    yield f"{how}; nothing was exported"


def _format_lines(entry: FormatEntry, placed: Path | None, fold: FoldEntry) -> Iterator[str]:
    if entry["passed"]:
        yield f"passed: {placed} ({entry['precision']}, {entry['delivered']})"
    else:
        yield f"FAILED: {entry['failures'][0]}"
        yield from entry["failures"][1:]
        if entry["precision"] != "int8":
            yield _who_departs(entry)
        yield f"kept for a look as {placed}" if placed else "nothing was kept"
    if operating := entry.get("operating"):
        yield f"carries the {CarriedPoint(**operating)}"
    if entry["cases"]:
        yield from _output_lines(entry)
        yield _detection_line(entry)
    if entry["precision"] == "int8":
        yield from _int8_lines(entry)
    if entry["map50_95"]:
        yield f"mAP50-95: {_maps(entry, entry['map50_95'], fold['map50_95'])}"
    yield from (f"not compared: {reason}" for reason in entry["not_compared"])
    yield from (f"note: {note}" for note in entry["notes"])


def _output_lines(entry: FormatEntry) -> Iterator[str]:
    for side, limit in SIDES:
        worst, network = entry["worst"][side], side.replace("to_", "from the ")
        size = f"{worst['difference']:.1e} {network} network, limit {entry['limits'][limit]:.0e}"
        yield f"outputs: at most {size} ({worst['case']}, {_where(worst)})"


def _who_departs(entry: FormatEntry) -> str:
    if not entry["cases"]:
        return "the folded network agrees with the trained one; there is no exported file that runs"
    where = f"; first layer that differs: {entry['first_layer']}" if entry["first_layer"] else ""
    return f"the exported file departs, the folded network does not{where}"


def _detection_line(entry: FormatEntry) -> str:
    final = Agreement.of_cases(entry["cases"])
    if not final.matched and not final.unmatched:
        return f"detections: none above {entry['confidence']}, so none were compared; try a smaller --conf"
    masks = f", of masks {final.mask_iou:.4f}" if final.mask_iou < 1 else ""
    other = f" ({final.swapped} by another of two nearly equal anchor points)" if final.swapped else ""
    return (
        f"detections above {entry['confidence']}: {final.matched} pairs{other}, {final.unmatched} without a "
        f"counterpart; smallest IoU of boxes {final.box_iou:.4f} ({final.picture}){masks}; "
        f"scores within {final.score:.1e}"
    )


def _maps(entry: FormatEntry, exported: Mapping[str, float], of_fold: Mapping[str, Mapping[str, float]]) -> str:
    trained, folded, limit = of_fold["trained"], of_fold["folded"], entry["limits"]["map"]
    maps = (f"{k} {v:.4f} (trained {trained[k]:.4f}, folded {folded[k]:.4f})" for k, v in exported.items())
    return f"{', '.join(maps)}; difference {entry['map50_95_difference']:.4f}, limit {limit}"


def _where(worst: DifferenceEntry) -> str:
    return f"{worst['output']} in {worst['picture']}"


def _int8_lines(entry: FormatEntry) -> Iterator[str]:
    used = entry["calibration"]
    groups = f" of {used['groups']} groups" if used["groups"] is not None else ""
    left = f", {used['left_out']} left out as they are in another split too" if used["left_out"] else ""
    choice = f"seed {used['seed']}, {used['sha256'][:12]}{left}"
    yield f"calibrated on {used['pictures']} pictures of train{groups}, {choice}"
    if entry["keep_float"]:
        yield f"kept in float: {', '.join(entry['keep_float'])}"
    for key, how in RECALLS:
        if recall := entry.get(key):
            pairs = ", ".join(f"{name} {trained:.3f} to {exported:.3f}" for name, (trained, exported) in recall.items())
            yield f"{how} above {entry['confidence']}, limit of the loss {entry['limits']['recall']}: {pairs}"
    if sensitivity := entry["sensitivity"]:
        errors = sorted(sensitivity["errors"].items(), key=lambda pair: pair[1])
        groups = ", ".join(f"{name} {error:.3f}" for name, error in errors)
        yield f"error of the outputs {sensitivity['error']:.3f}; with one group of layers in float: {groups}"
